//! The plain address that leads to HTTPS, and nowhere else.

use std::net::SocketAddr;

use plumego_app::{AppBuilder, TlsConfig};

use super::authority::Authority;
use super::foreign::{curl, has, s_client};
use super::{GET, Site, of};
use crate::client::{Answer, Client, app, app_with};

fn redirecting(authority: &Authority, names: &[&str], port: u16) -> AppBuilder {
    let tls = of(&authority.server(names));
    app().tls(tls.redirect_from("127.0.0.1:0", port))
}

/// The address that leads to HTTPS: it is bound last.
fn plain(site: &Site) -> SocketAddr {
    *site.running.addrs().last().unwrap()
}

async fn ask(site: &Site, head: &str) -> Answer {
    let mut client = Client::connect(plain(site)).await;
    client.send(format!("{head}\r\n\r\n")).await;
    client.answer().await
}

#[tokio::test]
async fn every_request_is_sent_to_the_same_at_https() {
    let authority = Authority::new("test");
    let names = ["a.example", "*.b.example"];
    for (port, shown) in [(443, ""), (8443, ":8443")] {
        let site = Site::start(redirecting(&authority, &names, port)).await;
        for (line, host, expected) in [
            ("GET /", "a.example", "a.example{}/"),
            (
                "GET /ping?x=1&y=%20",
                "A.Example:80",
                "A.Example{}/ping?x=1&y=%20",
            ),
            (
                "POST /no/such/route",
                "a.example.",
                "a.example{}/no/such/route",
            ),
            ("DELETE /x", "any.b.example", "any.b.example{}/x"),
            (
                "GET //evil.example/..",
                "a.example",
                "a.example{}//evil.example/..",
            ),
        ] {
            let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0");
            let answer = ask(&site, &head).await;
            assert_eq!(answer.status(), 308, "{line} {host}");
            let expected = format!("https://{}", expected.replace("{}", shown));
            assert_eq!(answer.header("location"), Some(expected.as_str()));
            // RFC 6797, section 7.2: not over plain HTTP.
            assert_eq!(answer.header("strict-transport-security"), None);
            assert!(answer.header("x-request-id").is_some(), "no guards");
        }
        site.stop().await;
    }
}

#[tokio::test]
async fn forged_hosts_lead_nowhere() {
    let authority = Authority::new("test");
    let site = Site::start(redirecting(&authority, &["a.example", "*.b.example"], 443)).await;
    for host in [
        "evil.example",
        "a.example.evil.example",
        "evil.example:443",
        "xa.example",
        "b.example",
        "x.y.b.example",
        "a%2Eexample",
        "evil%2f.b.example",
        "127.0.0.1",
        "[::1]",
        "",
    ] {
        let answer = ask(&site, &format!("GET / HTTP/1.1\r\nhost: {host}")).await;
        assert!(
            [400, 421].contains(&answer.status()),
            "{host}: {}",
            answer.status()
        );
        assert_eq!(answer.header("location"), None, "{host}");
    }
    for head in [
        "GET / HTTP/1.1\r\nhost: a.example\r\nhost: evil.example",
        "GET / HTTP/1.1\r\nhost: a.example@evil.example",
        "GET / HTTP/1.1\r\nhost: evil.example/a.example",
        "GET http://evil.example/ HTTP/1.1\r\nhost: a.example",
        "GET / HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: a.example",
        "GET / HTTP/1.0",
    ] {
        let answer = ask(&site, head).await;
        assert!(
            [400, 421].contains(&answer.status()),
            "{head}: {}",
            answer.status()
        );
        assert_eq!(answer.header("location"), None, "{head}");
    }
    site.stop().await;
}

#[tokio::test]
async fn the_other_address_speaks_tls_as_before_and_this_one_never() {
    if !has("curl") || !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    let app = redirecting(&authority, &["localhost"], port).listener(free);
    let site = Site::start(app).await;
    let first = site.running.addrs()[0];
    s_client(first, &["-ign_eof"], GET).await.has("pong");
    s_client(plain(&site), &[], GET).await.lacks("pong");
    let ca = authority.file();
    let url = "http://localhost:{port}/ping";
    let follows = ["--location", "--cacert", ca.to_str().unwrap(), url];
    let open = ["--resolve", &format!("localhost:{port}:127.0.0.1")];
    let said = curl(plain(&site), &[&follows[..], &open].concat()).await;
    assert_eq!(said.text, "pong");
    site.stop().await;
}

#[test]
fn what_cannot_be_redirected_is_a_problem() {
    let authority = Authority::new("test");
    let (chain, key) = authority.write("good", &authority.server(&["localhost"]));
    let problems = |tls: TlsConfig| app().tls(tls).build().unwrap_err().to_string();
    let tls = TlsConfig::files(&chain, &key);
    for addr in ["unix:/run/x.sock", "80", "localhost", ""] {
        let text = problems(tls.clone().redirect_from(addr, 443));
        assert!(text.contains("TLS_REDIRECT_ADDR"), "{addr}: {text}");
    }
    // Its connections would be taken for those of the other one.
    let same = tls.clone().redirect_from("127.0.0.2:8443", 443);
    let app = app().addr("127.0.0.1:8443").tls(same);
    let text = app.build().unwrap_err().to_string();
    assert!(text.contains("127.0.0.1:8443 has the same port"), "{text}");
    let built = app_with(|config| {
        config.tls.enabled = true;
        config.tls.cert_files = vec![chain.clone()];
        config.tls.key_files = vec![key.clone()];
        config.tls.redirect_addr = Some("nowhere".to_owned());
        config.tls.redirect_port = 0;
    });
    let text = built.build().unwrap_err().to_string();
    assert!(text.contains("redirect_port is 0"), "{text}");
    assert!(text.contains("\"nowhere\""), "{text}");
}
