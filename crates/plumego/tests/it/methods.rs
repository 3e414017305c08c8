//! HEAD, OPTIONS and 405 on the wire.

use plumego::prelude::*;

use crate::house::house;

fn routes(router: Router) -> Router {
    router
        .get("/", async || "root")
        .get("/users", async || Json(["ada", "bob"]))
        .post("/users", async || "made")
        .delete("/users/{id}", async || ())
        .get("/stream", async || {
            Sse::produce(async |events| {
                events.send(Event::new().data("one")).await?;
                Ok(())
            })
        })
}

// acceptance 21.2 (4)
#[tokio::test]
async fn head_on_a_get_route_has_the_same_headers_and_no_body() {
    let house = house(|app| app.routes(routes)).await;
    for target in ["/", "/users", "/stream", "/health/build"] {
        let mut client = house.connect().await;
        let get = client.get(target).await;
        let head = client.ask("HEAD", target).await;
        assert_eq!(head.status(), get.status(), "{target}");
        let (mut expected, mut seen) = (get.lasting_headers(), head.lasting_headers());
        // RFC 9110, section 9.3.2: fields of framing may be left out.
        expected.retain(|line| !line.starts_with("transfer-encoding"));
        seen.retain(|line| !line.starts_with("transfer-encoding"));
        assert_eq!(seen, expected, "{target}");
        // A body would be taken for the head of the next answer.
        assert_eq!(client.get("/").await.body, "root", "{target}");
    }
    house.stop().await;
}

// acceptance 21.1 (11), 21.2 (4)
#[tokio::test]
async fn options_lists_the_methods_and_405_has_allow_and_a_json_body() {
    let house = house(|app| app.routes(routes)).await;
    let mut client = house.connect().await;
    for _ in 0..2 {
        let options = client.ask("OPTIONS", "/users").await;
        let allow = Some("GET, HEAD, OPTIONS, POST");
        assert_eq!((options.status(), options.header("allow")), (204, allow));
        for method in ["PUT", "DELETE", "BREW"] {
            let wrong = client.ask(method, "/users").await;
            assert_eq!((wrong.status(), wrong.header("allow")), (405, allow));
            assert_eq!(wrong.code(), "method_not_allowed");
        }
        let wrong = client.ask("POST", "/").await;
        assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(wrong.status(), 405);
        let wrong = client.get("/users/7").await;
        assert_eq!(wrong.header("allow"), Some("DELETE, OPTIONS"));
    }
    house.stop().await;
}
