//! Who tries to get at the endpoints for developers without being one.

use std::net::SocketAddr;

use http::Method;
use plumego_contract::{Body, Connection, Request, UnixPeer};
use plumego_middleware::cors::CorsConfig;
use plumego_ops::{Devtools, Guard};
use plumego_testing::TestApp;

use crate::client::{OPERATE, READ, app, ask, bearer, get, post, secret, start};

const LOOKS: [&str; 16] = [
    "/_debug",
    "/_debug/routes",
    "/_debug/routes.json",
    "/_debug/middleware",
    "/_debug/config",
    "/_debug/metrics",
    "/_debug/health",
    "/_debug/tasks",
    "/_debug/runtime",
    "/_debug/log",
    "/_debug/components",
    "/_debug/pprof",
    "/_debug/pprof/heap",
    "/_routes",
    "/_config",
    "/_info",
];
const ACTIONS: [&str; 2] = ["/_debug/metrics/clear", "/_debug/reload"];

async fn developed(guard: Guard) -> TestApp {
    let app = app(true).component(Devtools::new(guard));
    // Every page of the web may read what the application answers.
    let app = app.guards(|guards| guards.cors = Some(CorsConfig::any_origin()));
    start(app.routes(|r| r.get("/", async || "here"))).await
}

/// None of them answers this request.
async fn closed(addr: SocketAddr, lines: &[&str], status: u16, code: &str) {
    for path in LOOKS {
        get(addr, path, lines).await.assert(status, code);
    }
    for path in ACTIONS {
        post(addr, path, lines).await.assert(status, code);
    }
}

// acceptance 21.1 (12)
#[tokio::test]
async fn outside_of_a_development_run_there_is_nothing() {
    let guard = Guard::new().operate(&secret(OPERATE));
    let app = start(app(false).component(Devtools::new(guard))).await;
    let token = bearer(OPERATE);
    closed(app.addr(), &[], 404, "not_found").await;
    closed(app.addr(), &[&token], 404, "not_found").await;
    app.stop().await.unwrap();
}

// acceptance 21.2 (33)
#[tokio::test]
async fn a_header_that_a_proxy_adds_closes_them() {
    let app = developed(Guard::new()).await;
    assert_eq!(get(app.addr(), "/_debug", &[]).await.status(), 200);
    for header in [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-for: ",
        "x-forwarded-host: localhost",
        "x-forwarded-proto: http",
        "forwarded: for=127.0.0.1",
        "via: 1.1 proxy",
        "x-real-ip: 127.0.0.1",
        "x-client-ip: ::1",
        "true-client-ip: 127.0.0.1",
        "cf-connecting-ip: 127.0.0.1",
    ] {
        get(app.addr(), "/_debug/config", &[header])
            .await
            .assert(401, "unauthenticated");
        post(app.addr(), "/_debug/reload", &[header])
            .await
            .assert(401, "unauthenticated");
    }
    closed(
        app.addr(),
        &["x-forwarded-for: 127.0.0.1"],
        401,
        "unauthenticated",
    )
    .await;
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_made_to_resolve_here_closes_them() {
    let app = developed(Guard::new()).await;
    closed(
        app.addr(),
        &["host: rebind.evil.example:8080"],
        401,
        "unauthenticated",
    )
    .await;
    for host in [
        "0.0.0.0",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "[::]",
    ] {
        let line = format!("host: {host}");
        get(app.addr(), "/_debug/config", &[&line])
            .await
            .assert(401, "unauthenticated");
    }
    // An absolute target counts as well as the header.
    let absolute = "GET http://evil.example/_debug/config";
    let answer = ask(app.addr(), absolute, &["host: localhost"], "").await;
    assert!([400, 401].contains(&answer.status()), "{}", answer.head);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn the_page_of_another_origin_gets_nothing_and_changes_nothing() {
    let app = developed(Guard::new()).await;
    // As a browser sends them: a form that is posted, a fetch, an image, a page on another port.
    for lines in [
        &[
            "origin: https://evil.example",
            "sec-fetch-site: cross-site",
            "sec-fetch-mode: navigate",
        ][..],
        &[
            "origin: https://evil.example",
            "sec-fetch-site: cross-site",
            "sec-fetch-mode: cors",
        ],
        &[
            "sec-fetch-site: cross-site",
            "sec-fetch-mode: no-cors",
            "sec-fetch-dest: image",
        ],
        &["origin: http://localhost:3000", "sec-fetch-site: same-site"],
        &["origin: null"],
        // A browser of before.
        &["origin: https://evil.example"],
    ] {
        closed(app.addr(), lines, 403, "csrf_rejected").await;
    }
    let counted = get(app.addr(), "/_debug/metrics", &[]).await.data();
    let refused = counted["http"]["total"]["count"].as_u64().unwrap();
    assert!(refused > 100, "nobody has cleared them: {refused}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_is_not_here_needs_the_token() {
    let guard = Guard::new().operate(&secret(OPERATE)).read(&secret(READ));
    let app = developed(guard).await;
    let addr = app.addr();
    // Behind a proxy, or by a name: as from anywhere.
    let away = ["host: dev.example.com", "x-forwarded-for: 203.0.113.7"];
    let lines = |token: &'static str| [bearer(token), away[0].to_owned(), away[1].to_owned()];
    for (token, looks, acts) in [(OPERATE, 200, 200), (READ, 200, 403)] {
        let lines = lines(token);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for path in ["/_debug", "/_debug/config", "/_debug/routes", "/_info"] {
            assert_eq!(get(addr, path, &lines).await.status(), looks, "{path}");
        }
        for path in ACTIONS {
            assert_eq!(post(addr, path, &lines).await.status(), acts, "{path}");
        }
    }
    closed(addr, &away, 401, "unauthenticated").await;
    get(addr, &format!("/_debug?token={OPERATE}"), &away)
        .await
        .assert(401, "unauthenticated");
    // A wrong token is not made good by coming from here.
    get(addr, "/_debug", &[&bearer("wrong-wrong-wrong-wrong")])
        .await
        .assert(401, "invalid_token");
    app.stop().await.unwrap();
}

/// Neither a peer that is not told, nor a Unix socket, where proxies connect, is this machine.
#[tokio::test]
async fn a_connection_without_an_address_is_not_this_machine() {
    let built = app(true).component(Devtools::default()).build().unwrap();
    let strangers = [
        Connection::default(),
        Connection::from_unix(UnixPeer::new(0, 0, Some(1))),
        Connection::from_peer("192.0.2.1:4000".parse().unwrap()),
        Connection::from_peer("[2001:db8::1]:4000".parse().unwrap()),
    ];
    for from in strangers {
        let request = Request::builder()
            .method(Method::GET)
            .uri("/_debug")
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        let response = built.router().dispatch(from, request).response.await;
        assert_eq!(response.status(), 401, "{from:?}");
    }
}

#[test]
fn they_cannot_be_opened_to_everybody() {
    let open = Devtools::new(Guard::new().allow_everybody());
    let problems = app(true).component(open).build().unwrap_err().to_string();
    assert!(problems.contains("never open to everybody"), "{problems}");
}

// acceptance 21.2 (24)
#[tokio::test]
async fn what_is_behind_an_error_is_shown_to_developers_alone() {
    let guard = Guard::new().read(&secret(READ));
    let app = app(true).component(Devtools::new(guard)).routes(|r| {
        r.get("/fails", async || {
            Err::<(), _>(plumego_contract::Error::internal(
                "dsn=<script>hunter2</script>",
            ))
        })
        .get("/users/{id}", async || "user")
    });
    let app = start(app).await;
    let (addr, token) = (app.addr(), bearer(READ));
    let away = "host: dev.example.com";
    for lines in [&[][..], &[token.as_str(), away]] {
        let told = get(addr, "/fails", lines).await.text();
        assert!(
            told.contains("hunter2") && told.contains("intruders.rs"),
            "{told}"
        );
        let near = get(addr, "/usres/7", lines).await.json();
        assert_eq!(near["debug"]["nearest_routes"][0], "GET /users/{id}");
    }
    let page = get(addr, "/fails", &["accept: text/html"]).await;
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(
        page.text().contains("dsn=&lt;script&gt;hunter2"),
        "{}",
        page.text()
    );
    let wrong = bearer("wrong-wrong-wrong-wrong");
    for lines in [
        &[away][..],
        &[wrong.as_str(), away],
        &["via: 1.1 proxy"],
        &["origin: https://evil.example"],
    ] {
        let told = get(addr, "/fails", lines).await.text();
        assert!(
            !told.contains("hunter2") && !told.contains("intruders.rs"),
            "{told}"
        );
        let near = get(addr, "/usres/7", lines).await.text();
        assert!(!near.contains("/users/{id}"), "{near}");
    }
    app.stop().await.unwrap();
}
