//! An `Rc` that lives across an `.await`.
use std::rc::Rc;

use plumego_router::Router;

async fn count() -> String {
    let count = Rc::new(1);
    std::future::ready(()).await;
    count.to_string()
}

fn main() {
    let _ = Router::new().get("/count", count);
}
