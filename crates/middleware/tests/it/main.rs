//! The layers, driven as tower services.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod body_limit;
mod compose;
mod from_fn;
mod harness;
mod observe;
mod recover;
mod request_id;
