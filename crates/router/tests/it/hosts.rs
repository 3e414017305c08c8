//! Which host a request is for, and routes bound to hosts.

use http::{HeaderValue, StatusCode, Version, header};
use plumego_contract::{AppContext, Request};
use plumego_router::{Frozen, Router};

use crate::client::{freeze, request, send, tell};

fn to_host(host: &'static [u8], target: &str) -> Request {
    let mut request = request("GET", target);
    let host = HeaderValue::from_bytes(host).unwrap();
    request.headers_mut().insert(header::HOST, host);
    request
}

async fn check(frozen: &Frozen, host: &'static str, target: &str, expected: &str) {
    let answer = send(frozen, to_host(host.as_bytes(), target)).await;
    let told = match answer.status {
        StatusCode::OK => answer.body.trim_start_matches("GET: ").to_owned(),
        status => status.as_u16().to_string(),
    };
    assert_eq!(told, expected, "{host}{target}");
}

#[tokio::test]
async fn exact_comes_before_the_longest_suffix_before_the_rest() {
    let frozen = freeze(
        Router::new()
            .get("/x", tell)
            .get("/only", tell)
            .group("", |r| {
                r.host("*.example.com").get("/x", tell).get("/wild", tell)
            })
            .group("", |r| r.host("*.eu.example.com").get("/x", tell))
            .group("", |r| {
                r.host("API.example.com")
                    .get("/x", tell)
                    .post("/only", tell)
            }),
    );
    for (host, target, expected) in [
        ("example.com", "/x", "GET /x"),
        ("elsewhere.org", "/x", "GET /x"),
        ("api.example.com", "/x", "GET api.example.com/x"),
        ("Api.Example.Com:8080", "/x", "GET api.example.com/x"),
        ("api.example.com.", "/x", "GET api.example.com/x"),
        ("a.example.com", "/x", "GET *.example.com/x"),
        ("a.eu.example.com", "/x", "GET *.eu.example.com/x"),
        ("eu.example.com", "/x", "GET *.example.com/x"),
        ("badexample.com", "/x", "GET /x"),
        // What the narrower table lacks, the wider one may have.
        ("api.example.com", "/wild", "GET *.example.com/wild"),
        ("api.example.com", "/only", "GET /only"),
        ("elsewhere.org", "/wild", "404"),
        ("[::1]:80", "/x", "GET /x"),
        ("127.0.0.1", "/x", "GET /x"),
    ] {
        check(&frozen, host, target, expected).await;
    }
    assert_eq!(frozen.routes()[2].host.as_deref(), Some("*.example.com"));
}

#[tokio::test]
async fn a_whole_router_can_be_bound() {
    let frozen = freeze(
        Router::new()
            .host("example.com")
            .get("/x", tell)
            .fallback(async || "fallback of example.com"),
    );
    check(&frozen, "example.com", "/x", "GET example.com/x").await;
    check(&frozen, "example.com", "/y", "fallback of example.com").await;
    check(&frozen, "example.org", "/x", "404").await;
}

#[tokio::test]
async fn http_1_1_needs_exactly_one_valid_host() {
    let frozen = freeze(Router::new().get("/", tell));
    for host in [
        "",
        " ",
        "a b",
        "a,b c",
        "user@example.com",
        "example.com:port",
        "example.com:123456",
        "exa/mple",
        "[::1",
        "[::1]x",
        "[zz]",
        "a?b",
        "\u{e9}xample.com",
    ] {
        let host = HeaderValue::from_bytes(host.as_bytes()).unwrap();
        let mut request = request("GET", "/");
        request.headers_mut().insert(header::HOST, host.clone());
        let answer = send(&frozen, request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{host:?}");
        assert_eq!(answer.code(), "missing_host", "{host:?}");
    }
    for same in ["example.com", "other.com"] {
        let mut twice = request("GET", "/");
        twice
            .headers_mut()
            .append(header::HOST, HeaderValue::from_static(same));
        assert_eq!(send(&frozen, twice).await.code(), "missing_host");
    }
    let mut none = request("GET", "/");
    none.headers_mut().remove(header::HOST);
    assert_eq!(send(&frozen, none).await.code(), "missing_host");
}

/// Version, target, `Host`, status, who answers.
type Asked = (
    Version,
    &'static str,
    Option<&'static str>,
    u16,
    &'static str,
);

const OTHER_VERSIONS: [Asked; 9] = [
    (Version::HTTP_10, "/", None, 200, "any"),
    (
        Version::HTTP_10,
        "/",
        Some("example.com"),
        200,
        "example.com",
    ),
    (
        Version::HTTP_2,
        "http://example.com/",
        None,
        200,
        "example.com",
    ),
    (
        Version::HTTP_2,
        "http://example.com/",
        Some("EXAMPLE.com"),
        200,
        "example.com",
    ),
    (
        Version::HTTP_2,
        "http://example.com/",
        Some("example.org"),
        400,
        "",
    ),
    (Version::HTTP_2, "/", None, 200, "any"),
    // RFC 9112, section 3.2.2: the absolute target wins.
    (
        Version::HTTP_11,
        "http://example.com/",
        Some("example.org"),
        200,
        "example.com",
    ),
    (Version::HTTP_11, "http://example.com/", None, 400, ""),
    (
        Version::HTTP_11,
        "http://u@example.com/",
        Some("example.com"),
        400,
        "",
    ),
];

#[tokio::test]
async fn other_versions_may_name_the_host_elsewhere() {
    let frozen = freeze(Router::new().get("/", async || "any").group("", |r| {
        r.host("example.com").get("/", async || "example.com")
    }));
    for (version, target, host, status, body) in OTHER_VERSIONS {
        let mut request = request("GET", target);
        *request.version_mut() = version;
        request.headers_mut().remove(header::HOST);
        if let Some(host) = host {
            request
                .headers_mut()
                .insert(header::HOST, HeaderValue::from_static(host));
        }
        let answer = send(&frozen, request).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{version:?} {target} {host:?}"
        );
        if status == 200 {
            assert_eq!(answer.body, body, "{version:?} {target} {host:?}");
        }
    }
}

#[tokio::test]
async fn nobody_forges_the_host_with_a_forwarding_header() {
    let frozen = Router::new()
        .get("/", tell)
        .group("", |r| r.host("admin.internal").get("/", async || "admin"))
        .freeze(AppContext::default())
        .unwrap();
    let mut forged = request("GET", "/");
    for (name, value) in [
        ("forwarded", "host=admin.internal"),
        ("x-forwarded-host", "admin.internal"),
    ] {
        forged
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    assert_eq!(send(&frozen, forged).await.body, "GET: GET /");
}
