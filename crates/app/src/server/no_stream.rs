//! Without the feature `http2` its preface is one more thing that is not HTTP/1.

pub(super) use super::connection::http1 as serve;

/// Whether HTTP/2 is built in.
pub(crate) const HTTP2: bool = false;
