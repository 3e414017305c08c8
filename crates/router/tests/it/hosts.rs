//! Which host a request is for, and routes bound to hosts.

use http::{HeaderValue, StatusCode, Version, header};
use plumego_contract::{AppContext, Connection, Request, RequestContext, TrustedProxies};
use plumego_router::{Frozen, Router};

use crate::client::{freeze, read, request, send, tell};

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
        "example.com:99999",
        "example.com:65536",
        "[::1]:65536",
        "example.com:+80",
        "%",
        "%4",
        "%zz",
        "exam%ple%",
        "%c3%g9",
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

/// What a connection remembers of its first request says nothing about another one.
#[tokio::test]
async fn each_request_of_a_connection_has_its_own_host() {
    let host = async |context: RequestContext| context.host().unwrap_or("none").to_owned();
    let frozen = freeze(Router::new().get("/", host));
    let home = frozen.connect(Connection::default());
    let check = async |host: &'static [u8], expected: Option<&str>| {
        let dispatch = frozen.dispatch_on(&home, to_host(host, "/"));
        let answer = read(dispatch.response.await).await;
        match expected {
            Some(expected) => assert_eq!(answer.body, expected),
            None => assert_eq!(answer.code(), "missing_host"),
        }
    };
    check(b"a b", None).await;
    for host in [
        "example.com",
        "example.com",
        "other.com:80",
        "EXAMPLE.com",
        "example.com",
    ] {
        check(host.as_bytes(), Some(host)).await;
    }
    check(b"example.com ", None).await;
    let mut twice = to_host(b"example.com", "/");
    let same = HeaderValue::from_static("example.com");
    twice.headers_mut().append(header::HOST, same);
    let answer = read(frozen.dispatch_on(&home, twice).response.await).await;
    assert_eq!(answer.code(), "missing_host");
    let elsewhere = to_host(b"example.com", "http://other.com/");
    let answer = read(frozen.dispatch_on(&home, elsewhere).response.await).await;
    assert_eq!(answer.body, "other.com");
}

/// The version, the target, the `Host` header, and the body of the answer or nothing for a 400.
type Case = (
    Version,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

const ABSOLUTE: &str = "http://example.com/";

const CASES: &[Case] = &[
    (Version::HTTP_10, "/", None, Some("any")),
    (Version::HTTP_10, "/", Some("example.com"), Some("own")),
    (Version::HTTP_2, ABSOLUTE, None, Some("own")),
    (Version::HTTP_2, ABSOLUTE, Some("EXAMPLE.com"), Some("own")),
    (Version::HTTP_2, ABSOLUTE, Some("example.org"), None),
    (Version::HTTP_2, "/", None, Some("any")),
    // RFC 9112, section 3.2.2: the absolute target wins.
    (Version::HTTP_11, ABSOLUTE, Some("example.org"), Some("own")),
    (Version::HTTP_11, ABSOLUTE, None, None),
    (
        Version::HTTP_11,
        "http://u@example.com/",
        Some("example.com"),
        None,
    ),
];

#[tokio::test]
async fn other_versions_may_name_the_host_elsewhere() {
    let frozen = freeze(
        Router::new()
            .get("/", async || "any")
            .group("", |r| r.host("example.com").get("/", async || "own")),
    );
    for (version, target, host, body) in CASES {
        let mut request = request("GET", target);
        *request.version_mut() = *version;
        request.headers_mut().remove(header::HOST);
        if let Some(host) = host {
            let host = HeaderValue::from_static(host);
            request.headers_mut().insert(header::HOST, host);
        }
        let answer = send(&frozen, request).await;
        let about = format!("{version:?} {target} {host:?}");
        match body {
            Some(body) => assert_eq!(answer.body, *body, "{about}"),
            None => assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{about}"),
        }
    }
}

#[tokio::test]
async fn the_host_that_a_trusted_proxy_forwards_counts() {
    let mut app = AppContext::default();
    app.trusted_proxies = TrustedProxies::new(["10.0.0.0/8".parse().unwrap()]);
    let frozen = Router::new()
        .get("/", async || "any")
        .group("", |r| r.host("example.com").get("/", async || "own"))
        .freeze(app)
        .unwrap();
    for (peer, expected) in [("10.0.0.1:9", "own"), ("192.0.2.1:9", "any")] {
        let mut request = to_host(b"proxy.internal", "/");
        for (name, value) in [
            ("forwarded", "for=192.0.2.7;host=elsewhere.example"),
            ("x-forwarded-host", "Example.com:443"),
        ] {
            let value = HeaderValue::from_static(value);
            request.headers_mut().insert(name, value);
        }
        let connection = Connection::from_peer(peer.parse().unwrap());
        let response = frozen.dispatch(connection, request).response.await;
        assert_eq!(read(response).await.body, expected, "{peer}");
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

#[tokio::test]
async fn every_host_that_the_grammar_has_is_taken() {
    let frozen = freeze(Router::new().get("/", tell));
    for host in [
        "example.com:",
        "example.com:0",
        "example.com:65535",
        "[::1]:65535",
        "%C3%a9xample.com",
        "%25",
        "a!$&'()*+,;=~_b",
    ] {
        let mut request = request("GET", "/");
        let host = HeaderValue::from_static(host);
        request.headers_mut().insert(header::HOST, host.clone());
        assert_eq!(
            send(&frozen, request).await.status,
            StatusCode::OK,
            "{host:?}"
        );
    }
}
