//! Behaviour of the ground under every room.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod backoff;
mod clock;
mod hex;
mod limit;
mod random;
mod secret;
