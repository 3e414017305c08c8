//! The id of a request.

use std::fmt;

use http::HeaderValue;

/// The id of a request: 1 to 128 visible ASCII characters.
///
/// It is what a client or a proxy sent in `X-Request-ID` when that is well formed, else 32 hex
/// digits from the operating system's randomness. It is no secret and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The longest id taken from outside.
    pub const MAX_BYTES: usize = 128;

    /// A fresh id.
    pub fn generate() -> Self {
        let hex = plumego_stdx::random::hex::<16>();
        Self(HeaderValue::from_bytes(hex.as_bytes()).unwrap_or(HeaderValue::from_static("0")))
    }

    /// The id in a header, when it is well formed.
    pub fn from_header(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let fits = !bytes.is_empty()
            && bytes.len() <= Self::MAX_BYTES
            && bytes.iter().all(u8::is_ascii_graphic);
        fits.then(|| Self(value.clone()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header value.
    pub fn as_header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
