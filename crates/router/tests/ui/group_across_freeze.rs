//! A router that is frozen takes no more routes.
use plumego_contract::AppContext;
use plumego_router::Router;

fn main() {
    let group = Router::new().get("/a", async || "a");
    let router = Router::new().group("/g", |_| group);
    let frozen = router.freeze(AppContext::default());
    let _ = group.get("/b", async || "b");
    let _ = router.get("/c", async || "c");
    drop(frozen);
}
