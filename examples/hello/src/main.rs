//! The eight-line hello: safe defaults are on, Ctrl-C and SIGTERM drain.

use plumego::prelude::*;

#[tokio::main]
async fn main() -> Result<(), plumego::Error> {
    App::builder()
        .routes(|r| r.get("/ping", async || "pong"))
        .build()?
        .run()
        .await
}
