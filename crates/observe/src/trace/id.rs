//! Ids that cannot be zero, which is how W3C Trace Context writes "no id".

use std::fmt;

use plumego_stdx::{Hex, hex, random};

/// A trace: 16 bytes, not all zero. Displays as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId([u8; 16]);

/// One operation within a trace: 8 bytes, not all zero. Displays as 16 lower-case digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId([u8; 8]);

/// Both ids of a new trace, from one draw.
pub(super) fn random_ids() -> (TraceId, SpanId) {
    let bytes: [u8; 24] = random::id();
    let (trace, span) = bytes.split_at(16);
    let trace = trace.try_into().ok().and_then(TraceId::from_bytes);
    let span = span.try_into().ok().and_then(SpanId::from_bytes);
    // Zero means "none"; any other value will do.
    (
        trace.unwrap_or(TraceId([1; 16])),
        span.unwrap_or(SpanId([1; 8])),
    )
}

macro_rules! id {
    ($name:ident, $bytes:literal) => {
        impl $name {
            /// A new random id.
            pub fn random() -> Self {
                let mut bytes: [u8; $bytes] = random::id();
                if bytes == [0; $bytes] {
                    // Zero means "none"; any other value will do.
                    bytes = [1; $bytes];
                }
                Self(bytes)
            }

            /// The id with these bytes; `None` when they are all zero.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                (bytes != [0; $bytes]).then_some(Self(bytes))
            }

            /// Reads lower-case hexadecimal digits of the exact length; `None` for anything
            /// else, zero included.
            pub fn from_hex(text: &str) -> Option<Self> {
                hex::decode(text).and_then(Self::from_bytes)
            }

            /// The bytes.
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }

            /// The text, on the stack.
            pub fn to_hex(self) -> Hex<$bytes> {
                Hex::new(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_hex(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.to_hex())
            }
        }
    };
}

id!(TraceId, 16);
id!(SpanId, 8);
