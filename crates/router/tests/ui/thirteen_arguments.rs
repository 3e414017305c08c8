//! One argument too many.
use http::Method as M;
use plumego_router::Router;

async fn all(_: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M, _: M) {}

fn main() {
    let _ = Router::new().get("/", all);
}
