//! `ClientIp`, `Scheme`, `Host`, `Extension`, `TraceContext`.

use plumego_contract::extract::{ClientIp, Extension, Host, MatchedRoute, Scheme};
use plumego_contract::{Body, FromRequest};
use plumego_observe::trace::TraceContext;

use super::{Ask, told};

const PROXY: &str = "10.0.0.1:80";

fn trusting(ask: Ask) -> Ask {
    ask.peer(PROXY)
        .app(|app| app.trusted_proxies = "10.0.0.0/8".parse().unwrap())
}

#[tokio::test]
async fn the_client_is_the_peer_unless_a_trusted_proxy_says_otherwise() {
    let ask = || Ask::get("/").header("x-forwarded-for", "203.0.113.7");
    let direct = ask().peer(PROXY).take::<ClientIp, _>().await.unwrap();
    assert_eq!(direct.0.to_string(), "10.0.0.1");
    let forwarded = trusting(ask()).take::<ClientIp, _>().await.unwrap();
    assert_eq!(forwarded.0.to_string(), "203.0.113.7");
    assert_eq!(ask().take::<Option<ClientIp>, _>().await.unwrap(), None);
    assert_eq!(told(ask().take::<ClientIp, _>().await), (500, "internal"));
}

#[tokio::test]
async fn the_scheme_follows_the_same_rule() {
    let ask = || Ask::get("/").header("x-forwarded-proto", "https");
    assert_eq!(ask().take::<Scheme, _>().await.unwrap(), Scheme::Http);
    assert_eq!(
        trusting(ask()).take::<Scheme, _>().await.unwrap(),
        Scheme::Https
    );
}

#[tokio::test]
async fn the_host_is_the_forwarded_one_else_the_authority_else_the_header() {
    let host = |ask: Ask| async { ask.take::<Host, _>().await.map(Host::into_string) };
    let ask = |uri: &str| Ask::get(uri).header("host", "A.example:81");
    assert_eq!(host(ask("/")).await.unwrap(), "a.example:81");
    assert_eq!(host(ask("http://B.example/")).await.unwrap(), "b.example");
    let spoofed = ask("/").header("x-forwarded-host", "c.example");
    assert_eq!(host(spoofed).await.unwrap(), "a.example:81");
    let forwarded = trusting(ask("/").header("x-forwarded-host", "c.example"));
    assert_eq!(host(forwarded).await.unwrap(), "c.example");
}

#[tokio::test]
async fn a_missing_repeated_or_malformed_host_is_400() {
    assert_eq!(Ask::get("/").take::<Option<Host>, _>().await.unwrap(), None);
    assert_eq!(
        told(Ask::get("/").take::<Host, _>().await),
        (400, "missing_host")
    );
    let twice = Ask::get("/").header("host", "a").header("host", "a");
    assert_eq!(
        told(twice.take::<Option<Host>, _>().await),
        (400, "missing_host")
    );
    for host in [
        "", "a b", "a/b", "a@b", "a:b", "[::1", "a,b", "a?b", "a#b", "a\\b", "é",
    ] {
        let ask = Ask::get("/").header("host", host);
        assert_eq!(
            told(ask.take::<Host, _>().await),
            (400, "missing_host"),
            "{host}"
        );
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Tenant(&'static str);

#[tokio::test]
async fn an_extension_is_what_a_layer_put_there() {
    let mut request = Ask::get("/").body(Body::empty());
    assert_eq!(
        told(Ask::get("/").take::<Extension<Tenant>, _>().await),
        (500, "internal")
    );
    let absent = Ask::get("/").take::<Option<Extension<Tenant>>, _>().await;
    assert_eq!(absent.unwrap(), None);
    request.extensions_mut().insert(Tenant("a"));
    let found = Extension::<Tenant>::from_request(request).await.unwrap();
    assert_eq!(found.0, Tenant("a"));
}

#[tokio::test]
async fn trace_and_route_come_with_the_request() {
    let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ask = Ask::get("/").header("traceparent", incoming);
    let trace = ask.take::<TraceContext, _>().await.unwrap();
    assert_eq!(
        trace.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    let route = Ask::get("/").take::<MatchedRoute, _>().await.unwrap();
    assert_eq!(route.0.pattern, "/");
}
