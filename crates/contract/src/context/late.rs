//! Fields of an answer that come to it late.

use http::HeaderMap;

use super::RequestContext;

/// Fields that an answer has and its map does not, until it is known how it goes out: nearly all of
/// them are the same for every answer, and cost a server less as bytes than as a map.
///
/// Only a server that says so gets them, by [`ConnectionContext::take_late_fields`]; it then adds
/// them to every answer, by [`RequestContext::write_late_fields`] or
/// [`RequestContext::add_late_fields`]. No field is in the map and here.
///
/// [`ConnectionContext::take_late_fields`]: super::ConnectionContext::take_late_fields
pub trait LateFields: Send + Sync + 'static {
    /// Writes each as a line of HTTP/1.1 (RFC 9112, section 5), at the end of `out`. The context is
    /// the one that they were left in.
    fn write_lines(&self, context: &RequestContext, out: &mut Vec<u8>);

    /// Puts each into the map.
    fn add_to(&self, context: &RequestContext, headers: &mut HeaderMap);
}
