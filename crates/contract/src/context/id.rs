//! The id of a request.

use std::fmt;
use std::hash::{Hash, Hasher};

use http::HeaderValue;
use plumego_stdx::{Hex, random};

/// The id of a request: 1 to 128 visible ASCII characters.
///
/// It is what a client or a proxy sent in `X-Request-ID` when that is well formed, else 32 hex
/// digits of [`random`], made for identifiers. It is no secret and proves nothing.
#[derive(Debug, Clone)]
pub struct RequestId(Text);

/// A made one is held in place: copies of a value on the heap count their holders, which costs more
/// than the text.
#[derive(Debug, Clone)]
enum Text {
    Made(Hex<16>),
    Sent(HeaderValue),
}

impl RequestId {
    /// The longest id taken from outside.
    pub const MAX_BYTES: usize = 128;

    /// A fresh id.
    pub fn generate() -> Self {
        Self(Text::Made(random::hex()))
    }

    /// The id in a header, when it is well formed.
    pub fn from_header(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let fits = !bytes.is_empty()
            && bytes.len() <= Self::MAX_BYTES
            && bytes.iter().all(u8::is_ascii_graphic);
        fits.then(|| Self(Text::Sent(value.clone())))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Made(hex) => hex.as_str(),
            Text::Sent(value) => value.to_str().unwrap_or_default(),
        }
    }

    /// The id as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Made(hex) => hex.as_bytes(),
            Text::Sent(value) => value.as_bytes(),
        }
    }

    /// The id as a header value.
    pub fn to_header(&self) -> HeaderValue {
        match &self.0 {
            // Digits are valid in a header.
            Text::Made(hex) => HeaderValue::from_bytes(hex.as_bytes())
                .unwrap_or_else(|_| HeaderValue::from_static("0")),
            Text::Sent(value) => value.clone(),
        }
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RequestId {}

impl Hash for RequestId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
