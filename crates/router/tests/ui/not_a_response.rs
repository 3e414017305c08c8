//! A return type that is no response.
use plumego_router::Router;

struct Order;

async fn show() -> Order {
    Order
}

fn main() {
    let _ = Router::new().get("/order", show);
}
