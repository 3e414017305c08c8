//! Which certificate a client gets.

use super::authority::Authority;
use super::foreign::{has, openssl, s_client};
use super::{Site, of};
use crate::client::app;

/// The names of the certificate that a client gets who asks for this one.
async fn names_for(site: &Site, name: &str, more: &[&str], authority: &Authority) -> String {
    let args = match name {
        "" => vec!["-noservername"],
        name => vec!["-servername", name],
    };
    let said = s_client(site.addr, &[&args, more].concat(), "").await;
    let Some(begin) = said.text.find("-----BEGIN CERTIFICATE") else {
        return said.text;
    };
    let end = said.text.find("-----END CERTIFICATE-----").unwrap();
    let file = authority.dir().join("seen.pem");
    let pem = format!("{}-----END CERTIFICATE-----\n", &said.text[begin..end]);
    std::fs::write(&file, pem).unwrap();
    let file = file.to_str().unwrap();
    let shown = openssl(&["x509", "-noout", "-ext", "subjectAltName", "-in", file]).await;
    shown
        .text
        .lines()
        .nth(1)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[tokio::test]
async fn client_gets_the_certificate_for_the_name_it_gives() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let pair = |names: &[&str]| authority.server(names);
    let (a, b) = (pair(&["a.example"]), pair(&["b.example", "*.b.example"]));
    let exact = pair(&["exact.b.example"]);
    let all = |tls: plumego_app::TlsConfig| {
        tls.and_pem(b.chain.as_str(), b.key.as_str())
            .and_pem(exact.chain.as_str(), exact.key.as_str())
    };
    let site = Site::start(app().tls(all(of(&a)))).await;
    let (first, wild) = ("DNS:a.example", "DNS:b.example, DNS:*.b.example");
    for (name, expected) in [
        ("a.example", first),
        ("A.EXAMPLE", first),
        ("b.example", wild),
        ("x.b.example", wild),
        ("exact.b.example", "DNS:exact.b.example"),
        ("x.y.b.example", first),
        ("nobody.example", first),
        ("", first),
    ] {
        let got = names_for(&site, name, &[], &authority).await;
        assert_eq!(got, expected, "{name}");
    }
    site.stop().await;

    let site = Site::start(app().tls(all(of(&a)).refuse_unknown_names())).await;
    assert_eq!(names_for(&site, "", &[], &authority).await, first);
    assert_eq!(names_for(&site, "b.example", &[], &authority).await, wild);
    let refused = names_for(&site, "nobody.example", &[], &authority).await;
    assert!(refused.contains("alert"), "{refused}");
    site.counts(
        "http_tls_handshakes_failed_total{reason=\"unknown_name\"}",
        1,
    )
    .await;
    site.stop().await;
}

#[tokio::test]
async fn of_two_kinds_of_keys_the_client_gets_one_that_it_knows() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let curve = authority.server(&["localhost"]);
    let rsa = authority.server_with(&rcgen::PKCS_RSA_SHA256, &["localhost"]);
    let both = of(&curve).and_pem(rsa.chain.as_str(), rsa.key.as_str());
    let site = Site::start(app().tls(both)).await;
    for (algorithms, expected) in [
        (
            "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256",
            "Peer signature type: ECDSA",
        ),
        (
            "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256",
            "Peer signature type: ECDSA",
        ),
        ("rsa_pss_rsae_sha256", "Peer signature type: RSA-PSS"),
    ] {
        let args = ["-servername", "localhost", "-sigalgs", algorithms];
        s_client(site.addr, &args, "").await.has(expected);
    }
    site.stop().await;
}
