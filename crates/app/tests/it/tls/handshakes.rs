//! Versions, protocols, resumption, and what does not speak TLS.

use std::time::Duration;

use plumego_app::TlsVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::authority::Authority;
use super::foreign::{curl, has, s_client};
use super::{GET, Site, of};
use crate::client::{Client, app, app_with, within};

#[tokio::test]
async fn curl_gets_an_answer_by_either_protocol() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    let ca = authority.file();
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let write = ["--write-out", " by %{http_version}"];
        let mut args = vec![option, "--cacert", ca.to_str().unwrap()];
        args.extend(write);
        args.push("https://localhost:{port}/ping");
        let said = curl(site.addr, &args).await;
        assert_eq!(said.text, format!("pong by {version}"), "{option}");
    }
    site.counted("http_tls_handshakes_total{version=\"1.3\"}", 2);
    site.stop().await;
}

#[tokio::test]
async fn old_versions_are_refused_and_new_ones_spoken() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    for version in ["-tls1", "-tls1_1"] {
        // The client would not try it by itself.
        let args = [version, "-cipher", "ALL:@SECLEVEL=0"];
        let said = s_client(site.addr, &args, "").await;
        said.has("SSL alert number").lacks("BEGIN CERTIFICATE");
    }
    site.counts(
        "http_tls_handshakes_failed_total{reason=\"incompatible\"}",
        2,
    )
    .await;
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let said = s_client(site.addr, &[version, "-ign_eof"], GET).await;
        said.has(&format!("New, {name}")).has("pong");
    }
    site.counted("http_tls_handshakes_total{version=\"1.2\"}", 1);
    site.counted("http_tls_handshakes_total{version=\"1.3\"}", 1);
    site.stop().await;

    let pair = authority.server(&["localhost"]);
    let site = Site::start(app().tls(of(&pair).min_version(TlsVersion::V1_3))).await;
    let said = s_client(site.addr, &["-tls1_2"], "").await;
    said.has("alert protocol version");
    let said = s_client(site.addr, &["-tls1_3"], "").await;
    said.has("New, TLSv1.3");
    site.stop().await;
}

#[tokio::test]
async fn protocol_is_chosen_by_alpn() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let pair = authority.server(&["localhost"]);
    let http1_alone = app_with(|config| config.http2 = false);
    let refused = "alert no application protocol";
    for (app, asked, answer) in [
        (app(), "h2,http/1.1", "ALPN protocol: h2"),
        (app(), "http/1.1,h2", "ALPN protocol: h2"),
        (app(), "http/1.1", "ALPN protocol: http/1.1"),
        (app(), "spdy/3", refused),
        (http1_alone, "h2,http/1.1", "ALPN protocol: http/1.1"),
        (app_with(|config| config.http2 = false), "h2", refused),
    ] {
        let site = Site::start(app.tls(of(&pair))).await;
        let said = s_client(site.addr, &["-alpn", asked], "").await;
        said.has(answer);
        site.stop().await;
    }
}

#[tokio::test]
async fn client_without_alpn_speaks_http1_whatever_it_sends() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    let said = s_client(site.addr, &["-ign_eof"], GET).await;
    said.has("No ALPN negotiated").has("HTTP/1.1 200 OK");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let said = s_client(site.addr, &["-ign_eof"], preface).await;
    said.has("No ALPN negotiated").lacks("HTTP/1.1 200");
    site.stop().await;
}

#[tokio::test]
async fn sessions_are_resumed_and_carry_no_early_data() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    let file = authority.dir().join("session");
    let file = file.to_str().unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let args = [version, "-ign_eof", "-sess_out", file];
        let said = s_client(site.addr, &args, GET).await;
        said.has("New, ").has("pong").lacks("Max Early Data: 1");
        let args = [version, "-ign_eof", "-sess_in", file];
        let said = s_client(site.addr, &args, GET).await;
        said.has("Reused, ").has("pong");
    }
    site.counted("http_tls_handshakes_resumed_total", 2);
    site.stop().await;
}

#[tokio::test]
async fn request_without_tls_is_told_in_plain_text() {
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    for request in [GET, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = Client::connect(site.addr).await;
        client.send(request).await;
        let answer = client.answer().await;
        assert!(answer.head.starts_with("HTTP/1.1 400 "), "{answer:?}");
        assert!(answer.head.contains("text/plain"), "{answer:?}");
        assert!(answer.body.ends_with("https://\n"), "{answer:?}");
        let date = answer.header("date").expect("it has a date");
        assert!(date.ends_with(" GMT"), "{answer:?}");
        assert_eq!(client.rest().await, "");
    }
    site.counts("http_tls_handshakes_failed_total{reason=\"plain_http\"}", 2)
        .await;
    site.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_handshake_end_the_connection() {
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    for bytes in [
        &b"\x00\x01\x02\x03\x04\x05"[..],
        b"\x16\x03\x01\x00\x04\xff\x00\x00\x00",
    ] {
        let mut client = Client::connect(site.addr).await;
        client.send(bytes).await;
        let rest = client.rest().await;
        assert!(!rest.contains("HTTP"), "{rest:?}");
    }
    site.counts("http_tls_handshakes_failed_total{reason=\"malformed\"}", 2)
        .await;
    site.stop().await;
}

#[tokio::test]
async fn whoever_only_looks_whether_the_port_is_open_is_no_failure() {
    let authority = Authority::new("test");
    let site = Site::of(&authority).await;
    drop(TcpStream::connect(site.addr).await.unwrap());
    site.counts("http_connections_active", 0).await;
    let text = site.metrics.encode();
    assert!(
        !text.contains("http_tls_handshakes_failed_total{"),
        "{text}"
    );
    site.stop().await;
}

#[tokio::test]
async fn silent_clients_are_cut_in_their_time_and_hold_up_nobody() {
    let authority = Authority::new("test");
    let time = Duration::from_millis(300);
    let app = app_with(|config| config.read_header_timeout = time);
    let site = Site::start(app.tls(of(&authority.server(&["localhost"])))).await;
    let begun = std::time::Instant::now();
    let mut silent = Vec::new();
    // The head of a record that promises 512 bytes, or nothing at all.
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b""].repeat(20) {
        let mut client = TcpStream::connect(site.addr).await.unwrap();
        client.write_all(bytes).await.unwrap();
        silent.push(client);
    }
    let mut client = Client::connect(site.addr).await;
    client.send(GET).await;
    assert!(client.answer().await.head.contains(" 400 "));
    for mut client in silent {
        let mut rest = Vec::new();
        within(client.read_to_end(&mut rest)).await.unwrap();
        assert!(begun.elapsed() >= time);
        assert_eq!(rest, b"");
    }
    site.counts("http_tls_handshakes_failed_total{reason=\"timeout\"}", 40)
        .await;
    site.counted("http_connections_timed_out_total{phase=\"header\"}", 40);
    site.stop().await;
}

#[tokio::test]
async fn head_that_drips_after_the_handshake_is_cut_too() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let app = app_with(|config| config.read_header_timeout = Duration::from_millis(500));
    let site = Site::start(app.tls(of(&authority.server(&["localhost"])))).await;
    let said = s_client(site.addr, &["-ign_eof"], "GET /ping").await;
    said.has("New, TLSv1.3").lacks("pong");
    site.counts("http_connections_timed_out_total{phase=\"header\"}", 1)
        .await;
    site.stop().await;
}
