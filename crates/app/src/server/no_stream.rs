//! Without the feature `http2` its preface is one more thing that is not HTTP/1.

pub(super) use super::connection::http1 as serve;
