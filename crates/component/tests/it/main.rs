//! Components, tasks, health, readiness and the lifecycle, over their public doors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod drawers;
mod health;
mod lifecycle;
mod model;
mod order;
mod readiness;
mod scripted;
mod setup;
mod tasks;
