//! A function that is not async.
use plumego_router::Router;

fn ping() -> &'static str {
    "pong"
}

fn main() {
    let _ = Router::new().get("/ping", ping);
}
