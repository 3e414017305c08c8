//! Certificates of clients.

use plumego_app::ClientAuth;
use plumego_contract::extract::ClientCertificate;

use super::authority::{Authority, Pair};
use super::foreign::{Said, curl, has};
use super::{Site, of};
use crate::client::app;

/// A server that says who its client is.
async fn site(servers: &Authority, auth: ClientAuth, clients: &Authority) -> Site {
    let tls = of(&servers.server(&["localhost"])).client_auth_pem(auth, clients.pem());
    Site::start(app().tls(tls).routes(|r| {
        r.get("/who", async |who: Option<ClientCertificate>| {
            who.map_or_else(|| "nobody".to_owned(), |who| format!("{who:?}"))
        })
        .get("/members", async |who: ClientCertificate| {
            format!("{} bytes", who.der().len())
        })
    }))
    .await
}

async fn ask(site: &Site, servers: &Authority, path: &str, client: Option<&Pair>) -> Said {
    let ca = servers.file();
    let url = format!("https://localhost:{{port}}{path}");
    let mut args = vec!["--cacert", ca.to_str().unwrap(), url.as_str()];
    let files = client.map(|pair| servers.write("client", pair));
    if let Some((chain, key)) = &files {
        args.extend([
            "--cert",
            chain.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
        ]);
    }
    curl(site.addr, &args).await
}

const ALICE: &str = "subject: \"O=Example,CN=alice\", dns_names: [\"alice.example.org\"], \
                     uris: [\"spiffe://example.org/alice\"]";

#[tokio::test]
async fn no_certificate_is_asked_for_by_default() {
    if !has("curl") {
        return;
    }
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let site = site(&servers, ClientAuth::None, &clients).await;
    let alice = clients.client("alice");
    let said = ask(&site, &servers, "/who", Some(&alice)).await;
    assert_eq!(said.text, "nobody");
    site.stop().await;
}

#[tokio::test]
async fn optional_certificate_is_verified_when_there_is_one() {
    if !has("curl") {
        return;
    }
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let site = site(&servers, ClientAuth::Optional, &clients).await;
    let alice = clients.client("alice");
    ask(&site, &servers, "/who", Some(&alice)).await.has(ALICE);
    assert_eq!(ask(&site, &servers, "/who", None).await.text, "nobody");
    let said = ask(&site, &servers, "/members", None).await;
    said.has("client_certificate_required").has("403");
    let said = ask(&site, &servers, "/members", Some(&alice)).await;
    said.has(" bytes");
    // One of somebody else is worse than none.
    let mallory = servers.client("alice");
    let said = ask(&site, &servers, "/who", Some(&mallory)).await;
    said.lacks("nobody").lacks("alice").has("alert unknown ca");
    site.stop().await;
}

#[tokio::test]
async fn required_certificate_is_verified_by_authority_and_date() {
    if !has("curl") {
        return;
    }
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let site = site(&servers, ClientAuth::Required, &clients).await;
    let alice = clients.client("alice");
    ask(&site, &servers, "/who", Some(&alice)).await.has(ALICE);
    let said = ask(&site, &servers, "/ping", None).await;
    said.has("alert certificate required").lacks("pong");
    let expired = clients.expired_client("alice");
    let said = ask(&site, &servers, "/ping", Some(&expired)).await;
    said.has("alert certificate expired").lacks("pong");
    let mallory = Authority::new("clients").client("alice");
    let said = ask(&site, &servers, "/ping", Some(&mallory)).await;
    said.has("alert").lacks("pong");
    // A certificate of a server does not make a client.
    let failed = |reason: &str| format!("http_tls_handshakes_failed_total{{reason=\"{reason}\"}}");
    site.counts(&failed("no_client_certificate"), 1).await;
    site.counts(&failed("bad_client_certificate"), 2).await;
    site.stop().await;
}

#[tokio::test]
async fn resumed_session_has_the_certificate_of_its_first_one() {
    if !has("openssl") {
        return;
    }
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let site = site(&servers, ClientAuth::Required, &clients).await;
    let (chain, key) = clients.write("alice", &clients.client("alice"));
    let session = clients.dir().join("session");
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let who = "GET /who HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    for (option, kind) in [("-sess_out", "New, "), ("-sess_in", "Reused, ")] {
        let args = ["-ign_eof", "-cert", chain, "-key", key];
        let file = [option, session.to_str().unwrap()];
        let said = super::foreign::s_client(site.addr, &[&args[..], &file[..]].concat(), who).await;
        said.has(kind).has(ALICE);
    }
    site.stop().await;
}

#[test]
fn authorities_that_cannot_be_used_are_told_by_path() {
    let authority = Authority::new("test");
    let pair = authority.server(&["localhost"]);
    let path = authority.dir().join("clients.pem");
    for (text, expected) in [
        ("", "clients.pem is empty"),
        (pair.key.as_str(), "clients.pem holds a private key"),
    ] {
        std::fs::write(&path, text).unwrap();
        let tls = of(&pair).client_auth(ClientAuth::Required, &path);
        let problems = app().tls(tls).build().unwrap_err().to_string();
        assert!(problems.contains(expected), "{problems}");
    }
}
