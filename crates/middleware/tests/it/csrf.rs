use http::Method;
use plumego_contract::{AppContext, Body, Request, Response};
use plumego_middleware::CsrfLayer;
use plumego_router::Router;
use tower::ServiceExt;

use crate::harness::{json, run};

async fn ask(layer: &CsrfLayer, method: &str, uri: &str, headers: &[(&str, &str)]) -> Response {
    let method: Method = method.parse().unwrap();
    let mut builder = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let handler = |_: Request| async { Response::new(Body::from("in")) };
    run(layer.clone(), handler, builder.body(Body::empty()).unwrap()).await
}

async fn check(layer: &CsrfLayer, method: &str, headers: &[(&str, &str)], status: u16) {
    let mut all = vec![("host", "example.com")];
    all.extend(headers);
    let response = ask(layer, method, "/", &all).await;
    assert_eq!(response.status(), status, "{method} {headers:?}");
}

#[tokio::test]
async fn the_browser_says_where_a_request_comes_from() {
    let layer = CsrfLayer::default();
    for (site, status) in [
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("", 403),
        ("SAME-ORIGIN", 403),
        ("same-origin, cross-site", 403),
    ] {
        check(&layer, "POST", &[("sec-fetch-site", site)], status).await;
        check(&layer, "DELETE", &[("sec-fetch-site", site)], status).await;
        check(&layer, "TRACE", &[("sec-fetch-site", site)], status).await;
        check(&layer, "PURGE", &[("sec-fetch-site", site)], status).await;
        for safe in ["GET", "HEAD", "OPTIONS"] {
            check(&layer, safe, &[("sec-fetch-site", site)], 200).await;
        }
    }
    let twice = [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ];
    check(&layer, "POST", &twice, 403).await;
    let both = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://example.com"),
    ];
    check(&layer, "POST", &both, 403).await;
}

#[tokio::test]
async fn an_older_browser_says_its_origin() {
    let layer = CsrfLayer::default();
    for (origin, status) in [
        ("https://example.com", 200),
        ("http://example.com", 200),
        ("https://example.com:443", 200),
        ("https://EXAMPLE.com", 200),
        ("https://example.com:8443", 403),
        ("https://evil.test", 403),
        ("https://example.com.evil.test", 403),
        ("https://example.com@evil.test", 403),
        ("https://sub.example.com", 403),
        ("null", 403),
        ("", 403),
        ("example.com", 403),
        ("file://example.com", 403),
        ("https://", 403),
    ] {
        check(&layer, "POST", &[("origin", origin)], status).await;
    }
    let twice = [
        ("origin", "https://example.com"),
        ("origin", "https://evil.test"),
    ];
    check(&layer, "POST", &twice, 403).await;
    check(&layer, "POST", &[], 200).await;
    let nowhere = ask(&layer, "POST", "/", &[("origin", "https://example.com")]).await;
    assert_eq!(
        nowhere.status(),
        403,
        "a request without a host is of no origin"
    );
}

#[tokio::test]
async fn a_port_belongs_to_the_origin() {
    let layer = CsrfLayer::default();
    for (host, origin, status) in [
        ("example.com:8443", "https://example.com:8443", 200),
        ("example.com:8443", "https://example.com", 403),
        ("example.com:443", "https://example.com", 200),
        ("example.com:443", "http://example.com", 403),
        ("[::1]:80", "http://[::1]", 200),
    ] {
        let headers = [("host", host), ("origin", origin)];
        let response = ask(&layer, "POST", "/", &headers).await;
        assert_eq!(response.status(), status, "{host} {origin}");
    }
}

#[tokio::test]
async fn a_trusted_origin_passes_and_no_other() {
    let layer = CsrfLayer::new().trust("https://Pay.Example.org:443");
    let layer = layer.build().unwrap();
    for (origin, status) in [
        ("https://pay.example.org", 200),
        ("http://pay.example.org", 403),
        ("https://pay.example.org.evil.test", 403),
    ] {
        check(&layer, "POST", &[("origin", origin)], status).await;
        let modern = [("origin", origin), ("sec-fetch-site", "cross-site")];
        check(&layer, "POST", &modern, status).await;
    }
}

#[tokio::test]
async fn a_bypass_fits_its_routes_and_no_path_beside_them() {
    let layer = CsrfLayer::new()
        .bypass("POST /webhooks/{*rest}")
        .bypass("/hooks/{provider}")
        .build()
        .unwrap();
    for (method, path, status) in [
        ("POST", "/webhooks/github", 200),
        ("POST", "/webhooks/github/7", 200),
        ("PUT", "/webhooks/github", 403),
        ("POST", "/webhooks", 403),
        ("POST", "/webhooksx/a", 403),
        ("PUT", "/hooks/stripe", 200),
        ("POST", "/hooks/stripe/", 403),
        ("POST", "/hooks/", 403),
        ("POST", "/hooks/a/b", 403),
        ("POST", "/webhooks/../admin", 403),
        ("POST", "/webhooks/%2e%2E/admin", 403),
        ("POST", "/webhooks/.%2e/admin", 403),
        ("POST", "/webhooks/..%2fadmin", 403),
        ("POST", "/webhooks/a%5c..%5cadmin", 403),
        ("POST", "/admin?x=/webhooks/github", 403),
    ] {
        let headers = [("host", "example.com"), ("sec-fetch-site", "cross-site")];
        let response = ask(&layer, method, path, &headers).await;
        assert_eq!(response.status(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_bypass_lets_out_the_route_that_was_found_and_not_its_neighbour() {
    let layer = CsrfLayer::new()
        .bypass("POST /hooks/{id}")
        .bypass("POST /in/{*rest}")
        .build()
        .unwrap();
    let router = Router::new()
        .layer(layer)
        .post("/hooks/{name}", async || "taken")
        .post("/hooks/transfer", async || "done")
        .post("/in/github", async || "taken");
    let frozen = router.freeze(AppContext::default()).unwrap();
    for (path, status) in [
        ("/hooks/github", 200),
        ("/hooks/transfer", 403),
        ("/in/github", 200),
    ] {
        let request = http::Request::post(path)
            .header("host", "example.com")
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty())
            .unwrap();
        let response = frozen.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_refusal_is_a_problem_with_its_code() {
    let layer = CsrfLayer::default();
    let response = ask(&layer, "POST", "/", &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(response.status(), 403);
    assert_eq!(json(response).await["code"], "csrf_rejected");
}

#[test]
fn wrong_choices_are_refused_when_built() {
    let problems = CsrfLayer::new()
        .trust("example.com")
        .trust("https://*.example.com")
        .bypass("webhooks")
        .bypass("/a/{*rest}/b")
        .bypass("/a*")
        .bypass("P(ST /a")
        .bypass("post /a")
        .build()
        .unwrap_err();
    assert_eq!(problems.iter().count(), 7, "{problems}");
}
