//! No CPU profiles in this build.

use plumego_contract::{Error, codes};
use plumego_router::Router;

/// The profiles that can be taken.
pub(super) const PROFILES: &[&str] = &[];

/// Says what is missing.
pub(super) fn routes() -> Router {
    Router::new()
        .get("/profile", async || missing())
        .get("/flamegraph", async || missing())
}

fn missing() -> Error {
    let detail = "CPU profiles need the feature `profiling` and a Unix system.";
    Error::new(codes::NOT_IMPLEMENTED).with_detail(detail)
}
