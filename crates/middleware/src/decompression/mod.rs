//! Compressed request bodies, decoded before the handler reads them (feature `compression`).
//!
//! For routes whose clients send much text: telemetry, imports. Without it a compressed body
//! reaches the handler as it came. Put it below [`BodyLimitLayer`](crate::BodyLimitLayer), which
//! bounds the bytes on the wire, and on the routes that need it alone: decoding is work that a
//! client orders.
//!
//! ```
//! use plumego_middleware::DecompressionLayer;
//!
//! let layer = DecompressionLayer::new();
//! let large = DecompressionLayer::new().max_bytes(64 * 1024 * 1024).max_ratio(200);
//! ```
//!
//! # What it answers
//! - `Content-Encoding` of `gzip` (also several members), `br` or `zstd` (also several frames) is
//!   decoded as the body is read; the header and `Content-Length` are taken off. `identity` and no
//!   header at all pass. Anything else, also two codings at once, is
//!   `415 unsupported_content_encoding` with `Accept-Encoding`.
//! - Decoded bytes count against the body limit of the route, else of the application: one byte
//!   more is `413 body_too_large`. A body that grows by more than the ratio is
//!   `413 compression_ratio`.
//! - A body that is cut or broken is `400 invalid_encoded_body`. The handler has seen the part
//!   before the fault, as with any broken body.
//!
//! # Limits and defaults
//! Ratio 100, from 1 MiB of decoded bytes on. At most 16 KiB are decoded at a time, whatever comes.
//! The window of a client's encoder is at most 8 MiB for zstd (RFC 9659), 16 MiB for brotli, 32 KiB
//! for gzip; it takes memory as the body fills it.

mod body;
mod decoder;
mod layer;
mod service;

pub use self::layer::DecompressionLayer;
pub use self::service::DecompressionService;
pub use crate::early::EarlyFuture;
