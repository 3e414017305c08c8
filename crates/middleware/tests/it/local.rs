//! Who counts as this machine, and who does not.

use std::sync::Arc;

use http::Request as HttpRequest;
use plumego_contract::{
    AppContext, Body, Connection, Error, Params, Request, RequestContext, Response, UnixPeer,
};
use plumego_middleware::DebugErrorsLayer;
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::local::{NotLocal, check};

use crate::harness::{json, run};

fn judge(connection: Connection, target: &str, headers: &[(&str, &str)]) -> Result<(), NotLocal> {
    let mut request = HttpRequest::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    // Everybody is trusted: what they forward counts for nothing here.
    let mut app = AppContext::default();
    app.trusted_proxies = "0.0.0.0/0,::/0".parse().unwrap();
    let context = RequestContext::routed(Arc::new(app), connection, &parts, None, Params::new());
    check(&context, &parts.headers)
}

fn from(peer: &str) -> Connection {
    Connection::from_peer(peer.parse().unwrap())
}

#[test]
fn a_client_of_this_machine_is_let_in() {
    for (peer, host) in [
        ("127.0.0.1:5000", "localhost:8080"),
        ("127.0.0.2:5000", "127.0.0.1:8080"),
        ("[::1]:5000", "[::1]:8080"),
        ("[::ffff:127.0.0.1]:5000", "localhost"),
    ] {
        assert_eq!(
            judge(from(peer), "/", &[("host", host)]),
            Ok(()),
            "{peer} {host}"
        );
    }
    let absolute = judge(
        from("127.0.0.1:1"),
        "http://localhost:8080/",
        &[("host", "localhost:8080")],
    );
    assert_eq!(absolute, Ok(()));
    for site in ["same-origin", "none"] {
        let headers = [
            ("host", "localhost:8080"),
            ("sec-fetch-site", site),
            ("origin", "http://localhost:8080"),
        ];
        assert_eq!(judge(from("127.0.0.1:1"), "/", &headers), Ok(()));
    }
}

#[test]
fn a_stranger_is_not() {
    let here = [("host", "localhost")];
    assert_eq!(
        judge(from("192.0.2.1:5000"), "/", &here),
        Err(NotLocal::Peer)
    );
    assert_eq!(
        judge(from("[2001:db8::1]:5000"), "/", &here),
        Err(NotLocal::Peer)
    );
    assert_eq!(
        judge(Connection::default(), "/", &here),
        Err(NotLocal::Peer)
    );
    // A proxy connects to a Unix socket as anybody else does.
    let unix = Connection::from_unix(UnixPeer::new(0, 0, None));
    assert_eq!(judge(unix, "/", &here), Err(NotLocal::Peer));
    // What a trusted peer forwards does not make its client local.
    let forged = [("host", "localhost"), ("x-forwarded-for", "127.0.0.1")];
    assert_eq!(
        judge(from("192.0.2.1:5000"), "/", &forged),
        Err(NotLocal::Peer)
    );
}

#[test]
fn a_proxy_on_this_machine_gives_itself_away() {
    for name in [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-whatever",
        "x-forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "cdn-loop",
        "x-original-forwarded-for",
    ] {
        // What it says does not matter, not even when it is empty.
        for value in ["127.0.0.1", "", "1.1 proxy"] {
            let headers = [("host", "localhost"), (name, value)];
            let judged = judge(from("127.0.0.1:1"), "/", &headers);
            assert_eq!(judged, Err(NotLocal::Forwarded), "{name}: {value}");
        }
    }
}

#[test]
fn a_name_that_was_made_to_resolve_here_is_not_this_machine() {
    for host in [
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "0.0.0.0:8080",
        "[::]",
        "192.168.1.2",
        "localhost@evil.example",
        "",
    ] {
        let judged = judge(from("127.0.0.1:1"), "/", &[("host", host)]);
        assert_eq!(judged, Err(NotLocal::Host), "{host}");
    }
    assert_eq!(judge(from("127.0.0.1:1"), "/", &[]), Err(NotLocal::Host));
    // Every place that names a host counts.
    let two = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(judge(from("127.0.0.1:1"), "/", &two), Err(NotLocal::Host));
    for (target, host) in [
        ("http://evil.example/", "localhost"),
        ("http://localhost/", "evil.example"),
    ] {
        let judged = judge(from("127.0.0.1:1"), target, &[("host", host)]);
        assert_eq!(judged, Err(NotLocal::Host), "{target} {host}");
    }
}

#[test]
fn a_page_of_another_origin_is_refused() {
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "whatever"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        // Another port of this machine is another origin, and so is an address for its name.
        ("origin", "http://localhost:3000"),
        ("origin", "http://127.0.0.1:8080"),
    ] {
        let headers = [("host", "localhost:8080"), (name, value)];
        let judged = judge(from("127.0.0.1:1"), "/", &headers);
        assert_eq!(judged, Err(NotLocal::OtherSite), "{name}: {value}");
    }
    let mixed = [
        ("host", "localhost:8080"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(
        judge(from("127.0.0.1:1"), "/", &mixed),
        Err(NotLocal::OtherSite)
    );
}

async fn fails(mut request: Request) -> Response {
    Error::internal("dsn=hunter2").respond(&RequestContext::of(&mut request))
}

/// What an error shows behind a layer for this machine alone, or for whoever sends `x-me`.
async fn told(peer: Option<&str>, headers: &[(&str, &str)]) -> String {
    let layer = DebugErrorsLayer::new(RouteList::new());
    let layer = layer.local_or([Arc::new(|_: &RequestContext, headers: &http::HeaderMap| {
        headers.contains_key("x-me")
    }) as _]);
    let mut request = HttpRequest::get("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(peer) = peer {
        request.extensions_mut().insert(from(peer));
    }
    json(run(layer, fails, request).await).await.to_string()
}

// acceptance 21.2 (24)
#[tokio::test]
async fn a_stranger_is_not_told_what_is_behind_an_error() {
    let local = told(Some("127.0.0.1:1"), &[("host", "localhost")]).await;
    assert!(local.contains("hunter2"), "{local}");
    let let_in = told(Some("192.0.2.1:1"), &[("host", "x"), ("x-me", "")]).await;
    assert!(let_in.contains("hunter2"), "{let_in}");
    for (peer, headers) in [
        (None, &[("host", "localhost")][..]),
        (Some("192.0.2.1:1"), &[("host", "localhost")]),
        (Some("127.0.0.1:1"), &[("host", "evil.example")]),
        (
            Some("127.0.0.1:1"),
            &[("host", "localhost"), ("via", "1.1 x")],
        ),
    ] {
        let text = told(peer, headers).await;
        assert!(
            !text.contains("hunter2") && !text.contains("debug"),
            "{text}"
        );
    }
}
