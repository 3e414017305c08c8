//! A static site as a part of an application: guards, log, compression and health around it.

use plumego::frontend::Frontend;
use plumego::middleware::CompressionLayer;
use plumego::prelude::*;

use crate::house::{House, house};
use crate::wire::Answer;

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn story() -> String {
    "once upon a time ".repeat(500)
}

fn site() -> Frontend {
    Frontend::files([
        ("index.html", "<p>app".to_owned()),
        ("assets/app.8e0d62a1.js", "start()".to_owned()),
        ("story.txt", story()),
        ("story.txt.gz", "as gzip".to_owned()),
    ])
    .spa()
    .exclude("/api")
}

async fn open(site: Frontend) -> House {
    house(|app| {
        app.layer(CompressionLayer::new())
            .routes(|r| {
                r.get("/api/users/{id}", async || "user")
                    .post("/login", async || "in")
            })
            .component(site)
    })
    .await
}

async fn ask(house: &House, method: &str, target: &str, headers: &str) -> Answer {
    let head = format!("{method} {target} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    house.send(head).await
}

/// The values of all lines of a header.
fn lines<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.head.lines().filter_map(|line| {
        let (there, value) = line.split_once(": ")?;
        there.eq_ignore_ascii_case(name).then_some(value)
    });
    lines.collect()
}

// acceptance 21.1 (45), 21.2 (2)
#[tokio::test]
async fn a_root_site_never_answers_for_the_rest_of_the_application() {
    let house = open(site()).await;
    let page = format!("accept: {BROWSER}\r\n");
    for (method, target, status, kind) in [
        ("GET", "/", 200, "text/html; charset=utf-8"),
        ("GET", "/orders/7", 200, "text/html; charset=utf-8"),
        (
            "GET",
            "/assets/app.8e0d62a1.js",
            200,
            "text/javascript; charset=utf-8",
        ),
        ("GET", "/api/users/7", 200, "text/plain; charset=utf-8"),
        ("POST", "/api/users/7", 405, "application/problem+json"),
        ("GET", "/login", 405, "application/problem+json"),
        ("GET", "/api/unknown", 404, "application/problem+json"),
        ("GET", "/missing.js", 404, "application/problem+json"),
        ("DELETE", "/orders/7", 405, "application/problem+json"),
        ("GET", "/.env", 404, "application/problem+json"),
    ] {
        let answer = ask(&house, method, target, &page).await;
        assert_eq!(answer.status(), status, "{method} {target}");
        assert_eq!(
            answer.header("content-type"),
            Some(kind),
            "{method} {target}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    house.stop().await;
}

#[tokio::test]
async fn its_headers_stand_beside_those_of_the_guards() {
    let csp = "default-src 'none'; script-src 'self'";
    let house = open(site().with_header("content-security-policy", csp)).await;
    let page = format!("accept: {BROWSER}\r\n");
    let answer = ask(&house, "GET", "/", &page).await;
    assert_eq!(lines(&answer, "content-security-policy"), [csp]);
    assert!(answer.header("x-request-id").is_some());
    let other = ask(&house, "GET", "/api/users/7", "").await;
    assert_ne!(other.header("content-security-policy"), Some(csp));
    house.stop().await;
}

// acceptance 21.2 (12): one route, one label
#[tokio::test]
async fn the_log_and_the_metrics_see_one_route() {
    let house = open(site()).await;
    for target in ["/", "/story.txt", "/assets/app.8e0d62a1.js", "/missing.js"] {
        ask(&house, "GET", target, "").await;
    }
    let series = house.samples("http_requests_total");
    assert!(
        series
            .iter()
            .all(|line| line.contains("route=\"/{*path}\"")),
        "{series:?}"
    );
    let log = house.into_log().await;
    let routes = log.iter().filter_map(|line| line.get("route")?.as_str());
    let routes: Vec<_> = routes.collect();
    assert_eq!(routes, ["/{*path}"; 4]);
}

// acceptance 21.2 (13)
#[tokio::test]
async fn nothing_is_compressed_twice() {
    let house = open(site()).await;
    let gzip = ask(&house, "GET", "/story.txt", "accept-encoding: gzip\r\n").await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(gzip.body, "as gzip");
    let plain = ask(&house, "GET", "/story.txt", "accept-encoding: gzip;q=0\r\n").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.body, story());
    for answer in [&gzip, &plain] {
        let vary = lines(answer, "vary").join(", ").to_ascii_lowercase();
        assert_eq!(vary.matches("accept-encoding").count(), 1, "{vary}");
    }
    house.stop().await;
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test makes the files that it asks for"
)]
async fn a_site_lies_below_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let web = folder.path().join("web");
    std::fs::create_dir(&web).unwrap();
    std::fs::write(web.join("a.txt"), "here").unwrap();
    let house = house(|app| app.component(Frontend::dir(&web).at("/files").named("files"))).await;
    let answer = house.get("/files/a.txt").await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, "here"));
    assert_eq!(house.get("/a.txt").await.status(), 404);
    house.stop().await;
}

// acceptance 21.1 (45)
#[test]
fn what_is_wrong_with_a_site_is_a_problem_of_the_build() {
    let site = Frontend::dir("no/such/folder").with_header("bad name", "1");
    let problems = App::builder()
        .component(site)
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("component `frontend` was not installed"),
        "{problems}"
    );
    assert!(
        problems.contains("folder `no/such/folder` is not there"),
        "{problems}"
    );
    assert!(problems.contains("header `bad name`"), "{problems}");
}
