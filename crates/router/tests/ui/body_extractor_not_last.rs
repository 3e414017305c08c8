//! The body is taken before the last argument.
use http::Method;
use plumego_router::Router;

async fn create(body: String, method: Method) -> String {
    format!("{method} {body}")
}

fn main() {
    let _ = Router::new().post("/orders", create);
}
