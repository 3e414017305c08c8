//! Redirects: off, or followed with every hop checked.

use std::net::IpAddr;

use http::Method;
use http::header::LOCATION;
use plumego_client::{Client, ClientBuilder, Guarded, RedirectError, Refusal, Stage};
use plumego_contract::Body;

use crate::guard::Dns;
use crate::server::{Answer, Asked, Server, respond};
use crate::tls::Site;
use crate::{guarded, within};

fn redirect(status: u16, to: &str) -> Answer {
    let mut answer = respond(status, "moved");
    answer.headers_mut().insert(LOCATION, to.parse().unwrap());
    answer
}

/// Leads from `/from` to there, and answers everything else.
async fn leading_to(status: u16, to: &'static str) -> Server {
    Server::new(move |asked| match asked.head.uri.path() {
        "/from" => redirect(status, to),
        _ => respond(200, "arrived"),
    })
    .await
}

fn following() -> ClientBuilder<Guarded> {
    guarded().follow_redirects(3)
}

#[tokio::test]
async fn none_is_followed_by_default() {
    let server = leading_to(302, "/to").await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/from")).send())
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["location"].as_bytes()
        ),
        (302, &b"/to"[..])
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn methods_change_as_in_browsers() {
    for (status, method, expected) in [
        (301, Method::GET, "GET"),
        (301, Method::POST, "GET"),
        (301, Method::PUT, "PUT"),
        (302, Method::POST, "GET"),
        (302, Method::DELETE, "DELETE"),
        (303, Method::PUT, "GET"),
        (303, Method::HEAD, "HEAD"),
        (307, Method::POST, "POST"),
        (308, Method::PATCH, "PATCH"),
    ] {
        let server = leading_to(status, "/to?x").await;
        let client = following().build().unwrap();
        let sends_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
        let mut request = client.request(method.clone(), server.url("/from"));
        if sends_body {
            request = request.json("body");
        }
        let answer = within(request.send()).await.unwrap();
        assert_eq!(answer.url().to_string(), server.url("/to?x"));
        let asked = &server.asked()[1];
        assert_eq!(asked.head.method.as_str(), expected, "{status} to {method}");
        let kept = sends_body && expected != "GET";
        assert_eq!(!asked.body.is_empty(), kept, "{status} to {method}");
        assert_eq!(asked.header("content-type").is_some(), kept);
    }
}

#[tokio::test]
async fn their_number_is_bounded() {
    let server = Server::new(|_| redirect(302, "/again")).await;
    let client = following().build().unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert_eq!(error.redirect_error(), Some(RedirectError::TooMany(3)));
    assert_eq!(server.asked().len(), 4);
}

/// Each of these is where an attacker's server sends a guarded client.
#[tokio::test]
async fn a_hop_inwards_is_refused() {
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "//192.168.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ] {
        let server = Server::new(move |_| redirect(302, to)).await;
        let client = following().build().unwrap();
        let error = within(client.get(server.url("/")).send())
            .await
            .unwrap_err();
        assert!(
            matches!(error.refusal(), Some(Refusal::Address(..))),
            "{to}: {error}"
        );
    }
    for to in [
        "http://127.1/",
        "http://2130706433/",
        "ftp://a/",
        "http://a@b/",
        "http://",
    ] {
        let server = Server::new(move |_| redirect(302, to)).await;
        let client = following().build().unwrap();
        let error = within(client.get(server.url("/")).send())
            .await
            .unwrap_err();
        assert_eq!(
            error.redirect_error(),
            Some(RedirectError::Location),
            "{to}"
        );
    }
}

/// A name that was public for the first hop and is not for the second.
#[tokio::test]
async fn a_hop_to_a_name_that_leads_inwards_is_refused() {
    let (outside, inside) = Server::outside_and_inside().await;
    let port = outside.addr.port();
    let entrance = Server::at("127.0.0.3".parse().unwrap(), 0, move |_| {
        redirect(307, &format!("http://second.example:{port}/"))
    })
    .await;
    let client = Client::guarded("test")
        .allow_net("127.0.0.2/32")
        .allow_net("127.0.0.3/32")
        .allow_any_port()
        .follow_redirects(3)
        .resolver(Dns::new([&["127.0.0.3"], &["127.0.0.1"]]))
        .build()
        .unwrap();
    let url = format!("http://first.example:{}/", entrance.addr.port());
    let error = within(client.get(url).send()).await.unwrap_err();
    let inwards: IpAddr = "127.0.0.1".parse().unwrap();
    assert!(matches!(error.refusal(), Some(Refusal::Address(at, _)) if *at == inwards));
    assert_eq!((outside.connections(), inside.connections()), (0, 0));
}

#[tokio::test]
async fn a_trusted_client_is_not_led_away() {
    let other = Server::text("other").await;
    let to = other.url("/");
    let own = Server::new(move |_| redirect(307, &to)).await;
    let client = Client::trusted("test", own.url("/"))
        .follow_redirects(3)
        .build()
        .unwrap();
    let error = within(client.get(own.url("/")).send()).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::Origin));
    assert_eq!(other.connections(), 0);
}

fn names(asked: &Asked) -> Vec<&str> {
    let mut names: Vec<&str> = asked
        .head
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let other = Server::text("other").await;
    let to = other.url("/to");
    let own = Server::new(move |asked| match asked.head.uri.path() {
        "/same" => redirect(302, "/from"),
        _ => redirect(302, &to),
    })
    .await;
    let client = following().build().unwrap();
    let request = client
        .get(own.url("/same"))
        .bearer("secret")
        .header("cookie", "secret")
        .header("proxy-authorization", "secret")
        .header("x-api-key", "secret")
        .header("accept", "text/plain");
    let answer = within(request.send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "other");
    let at_own = own.asked();
    assert_eq!(at_own[1].header("authorization"), Some("Bearer secret"));
    assert_eq!(at_own[1].header("x-api-key"), Some("secret"));
    assert_eq!(names(&other.asked()[0]), ["accept", "host", "user-agent"]);
    let host = other.addr.to_string();
    assert_eq!(other.asked()[0].header("host"), Some(host.as_str()));
}

/// A field that is harmless by its name may be marked as a secret.
#[tokio::test]
async fn a_sensitive_value_stays_at_its_origin() {
    let other = Server::text("other").await;
    let to = other.url("/to");
    let own = Server::new(move |_| redirect(302, &to)).await;
    let client = following().build().unwrap();
    let mut secret = http::HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    let request = client.get(own.url("/")).header("accept", secret);
    within(request.send()).await.unwrap();
    assert_eq!(other.asked()[0].header("accept"), None);
}

#[tokio::test]
async fn a_body_is_not_sent_to_another_host() {
    let other = Server::at("127.0.0.2".parse().unwrap(), 0, |_| respond(200, "")).await;
    let to = other.url("/to");
    let own = Server::new(move |_| redirect(307, &to)).await;
    let client = following().build().unwrap();
    let request = client.post(own.url("/")).body("secret");
    let error = within(request.send()).await.unwrap_err();
    assert_eq!(error.redirect_error(), Some(RedirectError::BodyElsewhere));
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_stream_is_not_sent_twice() {
    let server = leading_to(307, "/to").await;
    let client = following().build().unwrap();
    let request = client
        .post(server.url("/from"))
        .body(crate::stream(["a", "b"]));
    let error = within(request.send()).await.unwrap_err();
    assert_eq!(error.redirect_error(), Some(RedirectError::Body));
    let server = leading_to(303, "/to").await;
    let request = client
        .post(server.url("/from"))
        .body(crate::stream(["a", "b"]));
    let answer = within(request.send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "arrived");
}

#[tokio::test]
async fn from_https_to_http_none_is_followed() {
    let plain = Server::text("plain").await;
    let to = plain.url("/");
    let site = Site::new(move |_| redirect(302, &to)).await;
    let client = following().only_ca_pem(site.ca()).build().unwrap();
    let error = within(client.get(site.url("/")).send()).await.unwrap_err();
    assert_eq!(error.redirect_error(), Some(RedirectError::Downgrade));
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn a_location_has_to_be_there_once() {
    let none = Server::new(|_| respond(302, "")).await;
    let twice = Server::new(|_| {
        let mut answer = redirect(302, "/a");
        answer.headers_mut().append(LOCATION, "/b".parse().unwrap());
        answer
    })
    .await;
    let client = following().build().unwrap();
    for server in [none, twice] {
        let error = within(client.get(server.url("/")).send())
            .await
            .unwrap_err();
        assert_eq!(error.redirect_error(), Some(RedirectError::Location));
    }
}

/// Hops and attempts share one time.
#[tokio::test]
async fn hops_share_the_time_of_the_whole() {
    let server = Server::new(|_| redirect(302, "/again")).await;
    let client = guarded().follow_redirects(u8::MAX).build().unwrap();
    let time = std::time::Duration::from_millis(2);
    let request = client
        .get(server.url("/"))
        .body(Body::empty())
        .timeout(time);
    let error = within(request.send()).await.unwrap_err();
    let over = error.timeout() == Some(Stage::Whole);
    assert!(over || error.redirect_error().is_some(), "{error}");
}
