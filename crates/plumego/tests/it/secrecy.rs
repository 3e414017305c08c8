//! What is internal never leaves the process in an answer.

use plumego::prelude::*;
use serde::Serialize;

use crate::house::house;

const SECRET: &str = "postgres://app:hunter2@db.internal/app";

/// Cannot be written as JSON.
struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(SECRET))
    }
}

async fn layer_panics(request: Request, next: Next) -> Response {
    assert!(request.uri().path() != "/layer", "{SECRET}");
    next.run(request).await
}

fn routes(router: Router) -> Router {
    router
        .get("/panic", async || -> () { panic!("{SECRET}") })
        .get("/late-panic", async || -> () { panic!("{SECRET}") })
        .get("/layer", async || ())
        .get("/error", async || -> Result<(), Error> {
            Err(std::io::Error::other(SECRET).into())
        })
        .get("/unavailable", async || -> Result<(), Error> {
            Err(Error::unavailable(SECRET))
        })
        .get("/source", async || -> Result<(), Error> {
            Err(Error::conflict("busy", "try again").with_source(SECRET))
        })
        .get("/encode", async || Json(Unencodable))
        .get("/stream", async || {
            Sse::produce(async |events| {
                events.send(Event::new().data("one")).await?;
                Err(Error::internal(SECRET).into())
            })
        })
        .get("/stream-panic", async || {
            Sse::produce(async |events| {
                events.send(Event::new().data("one")).await?;
                // What a producer has sent goes out when it waits.
                tokio::task::yield_now().await;
                panic!("{SECRET}")
            })
        })
}

// acceptance 21.2 (24)
#[tokio::test]
async fn no_panic_text_and_no_internal_error_is_in_any_answer() {
    let house = house(|app| app.layer(from_fn(layer_panics)).routes(routes)).await;
    for (target, status) in [
        ("/panic", 500),
        ("/late-panic", 500),
        ("/layer", 500),
        ("/error", 500),
        ("/unavailable", 503),
        ("/source", 409),
        ("/encode", 500),
        ("/stream", 200),
        ("/stream-panic", 200),
    ] {
        let mut client = house.connect().await;
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        client.send(request).await;
        let all = client.rest().await;
        assert!(
            all.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {all}"
        );
        for part in ["hunter2", "postgres", "internal/app", "panicked", ".rs"] {
            assert!(!all.contains(part), "{target}: {part} is in {all}");
        }
        if status == 200 {
            // Cut, not ended: the client can tell that it is not whole.
            assert!(
                all.contains("data: one") && !all.ends_with("0\r\n\r\n"),
                "{all}"
            );
        }
    }
    // The server lives.
    assert_eq!(house.get("/health/live").await.status(), 200);
    house.stop().await;
}
