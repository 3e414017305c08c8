//! Without the feature `http2` its preface is one more thing that is not HTTP/1.

pub(super) use super::http1::serve;

/// Whether HTTP/2 is built in.
pub(crate) const HTTP2: bool = false;

/// What is set for HTTP/2 all the same.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "nobody asks")]
pub(crate) struct StreamLimits {
    /// Open at once.
    pub(crate) open: u32,
    /// Of each head.
    pub(crate) header_bytes: usize,
    /// Given up by the client before their answer, beyond those that were answered.
    pub(crate) resets: u32,
}
