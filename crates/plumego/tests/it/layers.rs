//! Who comes before whom, and what each sees.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderName, HeaderValue};
use plumego::middleware::{ConditionalLayer, FromFnLayer};
use plumego::prelude::*;
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::house::{House, house};
use crate::wire::within;

type Answered = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A layer that writes its name into the answer on its way out; the innermost stands last.
fn mark(
    name: &'static str,
) -> FromFnLayer<impl Fn(Request, Next) -> Answered + Clone + Send + Sync + 'static> {
    from_fn(move |request: Request, next: Next| -> Answered {
        Box::pin(async move {
            let mut response = next.run(request).await;
            let marks = response.headers().get("x-marks").cloned();
            let marks = marks.as_ref().map_or("", |marks| marks.to_str().unwrap());
            let value = format!("{name}{marks}").parse().unwrap();
            response.headers_mut().insert("x-marks", value);
            response
        })
    })
}

async fn marks(house: &House, method: &str, target: &str) -> String {
    let answer = house.ask(method, target).await;
    answer.header("x-marks").unwrap_or("").to_owned()
}

// acceptance 21.1 (3)
#[tokio::test]
async fn layer_of_the_application_covers_routes_any_routes_mounts_404_and_405() {
    let inner = App::builder().routes(|r| r.get("/x", async || "mounted"));
    let inner = inner.build().unwrap().into_service();
    let house = house(|app| {
        app.routes(|r| {
            r.get("/get", async || "get")
                .any("/any", async || "any")
                .mount("/mounted", inner)
        })
        .layer(mark("a"))
    })
    .await;
    for (method, target) in [
        ("GET", "/get"),
        ("PURGE", "/any"),
        ("GET", "/mounted/x"),
        ("GET", "/nowhere"),
        ("PUT", "/get"),
        ("OPTIONS", "/get"),
        ("GET", "/health/live"),
    ] {
        assert_eq!(
            marks(&house, method, target).await,
            "a",
            "{method} {target}"
        );
    }
    house.stop().await;
}

// acceptance 21.1 (19, 28)
#[tokio::test]
async fn layers_run_from_the_application_to_the_group_to_the_route_and_do_not_leak() {
    let house = house(|app| {
        app.layer(mark("1")).layer(mark("2")).routes(|r| {
            r.get("/plain", async || ())
                .group("/outer", |outer| {
                    outer
                        .get("/early", async || ())
                        .layer(mark("3"))
                        .group("/inner", |inner| {
                            inner
                                .layer(mark("4"))
                                .get("/x", async || ())
                                .wrap(mark("5"))
                                .get("/", async || ())
                        })
                })
                .group("/beside", |beside| beside.get("/x", async || ()))
        })
    })
    .await;
    for (target, expected) in [
        ("/plain", "12"),
        ("/beside/x", "12"),
        ("/outer/early", "123"),
        ("/outer/inner", "1234"),
        ("/outer/inner/x", "12345"),
        ("/nowhere", "12"),
    ] {
        assert_eq!(marks(&house, "GET", target).await, expected, "{target}");
    }
    house.stop().await;
}

// acceptance 21.1 (19, 28)
#[tokio::test]
async fn layer_that_answers_stops_the_handler_and_what_lies_inside() {
    async fn deny(_: Request, _: Next) -> Response {
        Error::forbidden("not today").into_response()
    }
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let house = house(|app| {
        app.layer(mark("1"))
            .layer(from_fn(deny))
            .layer(mark("2"))
            .routes(|r| {
                r.get("/", async move || {
                    count.fetch_add(1, Ordering::Relaxed);
                })
            })
    })
    .await;
    let answer = house.get("/").await;
    assert_eq!((answer.status(), &*answer.code()), (403, "forbidden"));
    assert_eq!(answer.header("x-marks"), Some("1"));
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    house.stop().await;
}

// acceptance 21.1 (19), 21.2 (6): the group of an empty prefix covers its root.
#[tokio::test]
async fn group_of_an_empty_prefix_holds_its_root() {
    async fn deny(_: Request, _: Next) -> Response {
        Error::forbidden("not today").into_response()
    }
    let house = house(|app| {
        app.routes(|r| {
            r.group("", |all| {
                all.layer(from_fn(deny))
                    .get("/", async || "secret")
                    .get("/x", async || "secret")
            })
        })
    })
    .await;
    assert_eq!(house.get("/").await.status(), 403);
    assert_eq!(house.get("/x").await.status(), 403);
    house.stop().await;
}

// acceptance 21.1 (10)
#[tokio::test]
async fn request_id_is_on_every_answer_and_a_good_one_is_kept() {
    let routes = |r: Router| r.get("/", async |id: RequestId| id.to_string());
    let house = house(|app| app.routes(routes)).await;
    let own = house.get("/").await;
    let id = own.header("x-request-id").unwrap();
    assert!(!id.is_empty() && id == own.body, "{own:?}");
    assert_ne!(house.get("/").await.body, own.body);
    for (sent, kept) in [
        ("from-client.7", true),
        ("a b", false),
        ("b\u{e4}d", false),
        (&*"x".repeat(129), false),
    ] {
        let request = format!("GET /no HTTP/1.1\r\nhost: x\r\nx-request-id: {sent}\r\n\r\n");
        let answer = house.send(request).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == sent, kept, "{answer:?}");
    }
    house.stop().await;
}

// acceptance 21.1 (10): the recommended set, and without it.
#[tokio::test]
async fn guards_are_on_by_default_and_each_can_be_switched_off() {
    let routes = |r: Router| {
        r.get("/", async || ()).get("/panic", async || -> () {
            panic!("boom");
        })
    };
    let all = house(|app| app.routes(routes)).await;
    assert_eq!(all.get("/panic").await.code(), "internal");
    assert!(all.get("/").await.header("traceresponse").is_some());
    assert!(!all.samples("http_requests_total").is_empty());
    let log = all.into_log().await;
    assert_eq!(
        log.iter().filter(|line| line["msg"] == "request").count(),
        2
    );

    let none = house(|app| app.guards(|guards| *guards = Guards::none()).routes(routes)).await;
    let answer = none.get("/").await;
    assert_eq!(answer.header("x-request-id"), None, "{answer:?}");
    assert_eq!(answer.header("traceresponse"), None, "{answer:?}");
    assert!(none.samples("http_requests_total").is_empty());
    assert!(none.into_log().await.is_empty());
}

// acceptance 21.1 (28)
#[tokio::test]
async fn panic_of_any_kind_by_any_method_is_500_also_many_at_once() {
    async fn panics(cx: Context) -> () {
        match cx.param_str("kind") {
            Some("text") => panic!("secret text"),
            Some("string") => panic!("secret {}", "string"),
            Some("error") => std::panic::panic_any(Error::internal("secret error")),
            _ => std::panic::panic_any(7),
        }
    }
    let house = house(|app| app.routes(|r| r.any("/panic/{kind}", panics))).await;
    for kind in ["text", "string", "error", "number"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
            let answer = house.ask(method, &format!("/panic/{kind}")).await;
            assert_eq!((answer.status(), &*answer.code()), (500, "internal"));
            assert!(!answer.body.contains("secret"), "{answer:?}");
        }
        let answer = house.ask("HEAD", &format!("/panic/{kind}")).await;
        assert_eq!(answer.status(), 500);
    }
    let mut clients = Vec::new();
    for _ in 0..30 {
        let mut client = house.connect().await;
        clients.push(tokio::spawn(async move {
            for _ in 0..5 {
                assert_eq!(client.get("/panic/text").await.status(), 500);
            }
        }));
    }
    for client in clients {
        within(client).await.unwrap();
    }
    house.stop().await;
}

// acceptance 21.1 (28)
#[tokio::test]
async fn layers_of_tower_http_lie_among_those_of_an_application() {
    let marker = |name: &'static str| {
        let value = HeaderValue::from_static("1");
        SetResponseHeaderLayer::overriding(HeaderName::from_static(name), value)
    };
    let routes = |r: Router| {
        r.get("/", async || "ok")
            .wrap(marker("x-route"))
            .get("/plain", async || "ok")
            .get("/panic", async || -> () { panic!("secret") })
    };
    let house = house(|app| {
        app.layer(marker("x-outer"))
            .layer(TraceLayer::new_for_http())
            .layer(ConditionalLayer::new().compute_tags())
            .layer(CorsLayer::permissive())
            .layer(marker("x-inner"))
            .routes(routes)
    })
    .await;
    // A panic goes past what lies inside of recovery; the guards mark it all the same.
    for (target, status, expected) in [
        (
            "/",
            200,
            ["x-outer", "x-inner", "x-route", "etag"].as_slice(),
        ),
        ("/plain", 200, &["x-outer", "x-inner", "etag"]),
        ("/nowhere", 404, &["x-outer", "x-inner"]),
        ("/panic", 500, &[]),
    ] {
        let answer = house.get(target).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        for name in ["x-outer", "x-inner", "x-route", "etag"] {
            let there = answer.header(name).is_some();
            assert_eq!(
                there,
                expected.contains(&name),
                "{target} {name}: {answer:?}"
            );
        }
        for name in ["x-request-id", "x-content-type-options", "traceresponse"] {
            assert!(answer.header(name).is_some(), "{target} {name}: {answer:?}");
        }
    }
    house.stop().await;
}
