//! An argument that is no extractor.
use plumego_router::Router;

async fn show(id: u64) -> String {
    id.to_string()
}

fn main() {
    let _ = Router::new().get("/orders/{id}", show);
}
