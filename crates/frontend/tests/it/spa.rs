//! Which requests get the index for a path that is nowhere.

use plumego_frontend::Frontend;
use plumego_router::Router;

use crate::web::{Folder, Web};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn folder() -> Folder {
    Folder::new(&[
        ("index.html", b"<p>app"),
        ("404.html", b"<p>lost"),
        ("assets/app.js", b"start()"),
    ])
}

// acceptance 21.1 (45), 21.2 (2)
#[tokio::test]
async fn navigations_get_the_index_and_nothing_else_does() {
    let folder = folder();
    let web = Web::of(Frontend::dir(folder.path()).spa().exclude("/api")).await;
    for (target, headers, is_index) in [
        ("/orders", &[("accept", BROWSER)][..], true),
        ("/orders/7/edit", &[("accept", BROWSER)], true),
        ("/orders/", &[("accept", BROWSER)], true),
        ("/a%20b", &[("accept", BROWSER)], true),
        ("/apis", &[("accept", BROWSER)], true),
        (
            "/orders",
            &[("accept", BROWSER), ("sec-fetch-mode", "navigate")],
            true,
        ),
        (
            "/orders",
            &[("accept", BROWSER), ("sec-fetch-mode", "cors")],
            false,
        ),
        ("/orders", &[("accept", "*/*")], false),
        ("/orders", &[("accept", "application/json")], false),
        ("/orders", &[("accept", "text/html;q=0")], false),
        ("/orders", &[], false),
        ("/missing.js", &[("accept", BROWSER)], false),
        ("/orders/photo.png", &[("accept", BROWSER)], false),
        ("/api", &[("accept", BROWSER)], false),
        ("/api/", &[("accept", BROWSER)], false),
        ("/api/orders", &[("accept", BROWSER)], false),
        ("/%61pi/orders", &[("accept", BROWSER)], false),
        ("/.env", &[("accept", BROWSER)], false),
        ("/a/../b", &[("accept", BROWSER)], false),
        ("/%2e%2e/x", &[("accept", BROWSER)], false),
    ] {
        let answer = web.ask("GET", target, headers).await;
        if is_index {
            answer.is(200, "<p>app");
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            let head = web.ask("HEAD", target, headers).await;
            head.is(200, "");
        } else {
            answer.is_missing();
        }
        assert!(
            answer
                .list("vary")
                .contains("accept, sec-fetch-dest, sec-fetch-mode"),
            "{target}"
        );
    }
}

// acceptance 21.2 (2)
#[tokio::test]
async fn a_registered_route_is_never_answered_by_the_site() {
    let folder = folder();
    let site = Frontend::dir(folder.path()).spa().build().unwrap();
    let routes = |r: Router| {
        r.get("/health", async || "well")
            .get("/api/users/{id}", async || "user")
            .post("/login", async || "in")
    };
    for router in [
        routes(Router::new()).site("/", site.clone()),
        routes(Router::new().site("/", site.clone())),
    ] {
        let web = Web::routes(router).await;
        for _ in 0..2 {
            web.get("/assets/app.js").await.is(200, "start()");
            web.ask("GET", "/view", &[("accept", BROWSER)])
                .await
                .is(200, "<p>app");
            web.ask("GET", "/health", &[("accept", BROWSER)])
                .await
                .is(200, "well");
            web.ask("GET", "/api/users/1", &[("accept", BROWSER)])
                .await
                .is(200, "user");
        }
        for (method, target) in [
            ("GET", "/login"),
            ("POST", "/health"),
            ("PUT", "/api/users/1"),
        ] {
            let answer = web.ask(method, target, &[("accept", BROWSER)]).await;
            assert_eq!(answer.status, 405, "{method} {target}");
        }
        web.get("/api/unknown").await.is_missing();
    }
}

// acceptance 21.2 (32)
#[tokio::test]
async fn the_page_for_what_is_missing_has_status_404() {
    let folder = folder();
    let site = Frontend::dir(folder.path())
        .not_found_page("404.html")
        .exclude("/api")
        .with_header("x-mine", "1");
    let web = Web::of(site).await;
    for headers in [&[("accept", BROWSER)][..], &[("accept", "*/*")], &[]] {
        let answer = web.ask("GET", "/nothing", headers).await;
        answer.is(404, "<p>lost");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("x-mine"), Some("1"));
        assert_eq!(answer.header("etag"), None);
        let head = web.ask("HEAD", "/nothing", headers).await;
        head.is(404, "");
        assert_eq!(head.header("content-length"), Some("7"));
    }
    // Conditions and ranges speak of what is there.
    let asked = [
        ("accept", BROWSER),
        ("if-none-match", "*"),
        ("range", "bytes=0-1"),
    ];
    web.ask("GET", "/nothing", &asked).await.is(404, "<p>lost");
    web.ask("GET", "/.env", &[("accept", BROWSER)])
        .await
        .is(404, "<p>lost");
    for (target, headers) in [
        ("/nothing", &[("accept", "application/json")][..]),
        (
            "/nothing.js",
            &[("accept", "*/*"), ("sec-fetch-dest", "script")],
        ),
        (
            "/nothing",
            &[("accept", "*/*"), ("sec-fetch-dest", "empty")],
        ),
        ("/api/nothing", &[("accept", BROWSER)]),
    ] {
        web.ask("GET", target, headers).await.is_missing();
    }
    web.get("/404.html").await.is(200, "<p>lost");
}
