//! Smaller responses: gzip, brotli and zstd (feature `compression`).
//!
//! For text that goes over a network. Not behind a proxy that compresses already, and not for an
//! answer that repeats what a client sent beside a secret of its user (a CSRF token, an e-mail
//! address): whoever can make the user's browser send guesses and sees the lengths can read the
//! secret (BREACH). Put [`DontCompress`] into the extensions of such a response, or keep secrets
//! out of pages and mask tokens.
//!
//! ```
//! use plumego_middleware::CompressionLayer;
//! use plumego_middleware::compression::{Coding, Level};
//!
//! let layer = CompressionLayer::new();
//! let gzip_only = CompressionLayer::new().codings([Coding::Gzip]).level(Level::Fast);
//! ```
//!
//! # What it does
//! - The client chooses by `Accept-Encoding` and its weights (RFC 9110, section 12.5.3); among
//!   equals zstd comes before brotli before gzip. What cannot be read there is not accepted.
//!   Without the header nothing is compressed. With `identity;q=0` also small bodies and those of
//!   other types are, the latter at [`Level::Fast`]; when nothing is acceptable at all the body
//!   goes out as it is.
//! - A response is compressed when it has a media type that shrinks (text, JSON, XML, SVG, script,
//!   WebAssembly, some fonts) and is at least [`CompressionLayer::min_bytes`] long, or of unknown
//!   length. Never: what has a `Content-Encoding` or `Content-Range` already, 1xx, 204, 205, 206,
//!   304, an upgrade, `Cache-Control: no-transform`.
//! - A compressed response loses `Content-Length` (the server sets the new one where it is known),
//!   `Accept-Ranges` and digests; a strong `ETag` becomes weak, on a 304 too when that speaks of
//!   the compressed one. Every response that could have been compressed for another
//!   `Accept-Encoding` gets `Vary: Accept-Encoding`. HEAD gets the headers of GET.
//! - A stream is compressed as it comes. When it has nothing more at the moment, what there is goes
//!   out at once, so an event of `text/event-stream` never waits for the next one. Trailers are
//!   kept. An error of the body ends the response as an error, without the end mark of the coding.
//!
//! Put it outside of [`ConditionalLayer`](crate::ConditionalLayer).
//!
//! # Limits and defaults
//! From 1 KiB on. Level [`Level::Balanced`]: zstd 3, brotli 4, gzip 6. A body in memory of up to
//! 64 KiB is compressed at once and keeps a known length; anything larger in pieces of 32 KiB, and
//! other requests get their turn after every 256 KiB. Of `Accept-Encoding` the first 32 members
//! count, whatever lines they stand in; what comes after them is not accepted.
//!
//! At most 256 bodies are compressed at once while they are sent
//! ([`CompressionLayer::max_encoders`]); those beyond go out as they are. An encoder has a window
//! of the length of its body and at most 512 KiB, of 64 KiB when the length is not known, of 4 KiB
//! for a stream of events, which is compressed at [`Level::Fast`]. With its tables a stream of
//! events takes less than 300 KiB, any other body less than 2 MiB.

mod body;
mod encoder;
mod layer;
mod media;
mod places;
mod service;

pub use self::encoder::{Level, compress};
pub use self::layer::{CompressionLayer, DontCompress};
pub use self::media::shrinks;
pub use self::service::{CompressionFuture, CompressionService};
pub use plumego_contract::coding::Coding;
