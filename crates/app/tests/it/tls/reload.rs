//! Certificates that are replaced while the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumego_app::{ClientAuth, TlsConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::authority::{Authority, Pair};
use super::foreign::{Said, curl, has, s_client, s_client_process};
use super::{GET, Site};
use crate::client::{app, within};

const KEPT: &str = "GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server whose certificate is in files.
async fn from_files(authority: &Authority) -> (Site, Pair) {
    let pair = authority.server(&["localhost"]);
    let (chain, key) = authority.write("server", &pair);
    let site = Site::start(app().tls(TlsConfig::files(chain, key))).await;
    (site, pair)
}

/// The middle of a certificate, by which it is told from others.
fn mark(pair: &Pair) -> &str {
    pair.chain.lines().nth(3).unwrap()
}

async fn shown(site: &Site) -> Said {
    s_client(site.addr, &["-ign_eof"], GET).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_succeed_while_the_certificate_is_replaced_twenty_times() {
    if !has("curl") || !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let (site, first) = from_files(&authority).await;
    let (over, served) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let ca = authority.file();
    let clients: Vec<_> = ["--http1.1", "--http2"]
        .map(|version| {
            let (over, served) = (over.clone(), served.clone());
            let (ca, addr) = (ca.clone(), site.addr);
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let url = "https://localhost:{port}/ping";
                    let args = [version, "--cacert", ca.to_str().unwrap(), url];
                    let said = curl(addr, &args).await;
                    assert_eq!(said.text, "pong", "{version}");
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .into();
    shown(&site).await.has(mark(&first));
    let mut last = first;
    for _ in 0..20 {
        let before = served.load(Ordering::Relaxed);
        last = authority.server(&["localhost"]);
        authority.write("server", &last);
        let report = site.running.handle().reload().await;
        assert!(report.is_ok(), "{report}");
        let more = async {
            while served.load(Ordering::Relaxed) == before {
                tokio::task::yield_now().await;
            }
        };
        within(more).await;
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    shown(&site).await.has(mark(&last)).has("pong");
    site.counted("reloads_total{source=\"tls\",result=\"changed\"}", 20);
    site.stop().await;
}

#[tokio::test]
async fn open_connection_lives_on_with_its_certificate() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let (site, _) = from_files(&authority).await;
    let mut client = s_client_process(site.addr, &["-quiet"]);
    let (mut input, mut output) = (client.stdin.take().unwrap(), client.stdout.take().unwrap());
    for _ in 0..3 {
        input.write_all(KEPT.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"pong") {
                answer.push(output.read_u8().await.unwrap());
            }
        };
        within(read).await;
        authority.write("server", &authority.server(&["localhost"]));
        assert!(site.running.handle().reload().await.is_ok());
    }
    site.counted("http_connections_total", 1);
    drop(input);
    client.kill().await.unwrap();
    site.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_together_changes_nothing() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let (site, old) = from_files(&authority).await;
    let new = authority.server(&["localhost"]);
    let file = |name: &str| authority.dir().join(name);
    let chain: PathBuf = file("server.pem");
    let half = &new.chain[..new.chain.len() / 2];
    for (text, expected) in [
        (new.chain.as_str(), "server.key is not the key of"),
        (half, "server.pem is damaged"),
        ("", "server.pem is empty"),
    ] {
        std::fs::write(&chain, text).unwrap();
        let report = site.running.handle().reload().await;
        let answer = report.of("tls").unwrap().as_ref().unwrap_err();
        assert!(answer.to_string().contains(expected), "{answer}");
        shown(&site).await.has(mark(&old)).has("pong");
    }
    std::fs::remove_file(&chain).unwrap();
    assert!(!site.running.handle().reload().await.is_ok());
    shown(&site).await.has(mark(&old));
    let text = site.metrics.encode();
    let none = "reloads_total{source=\"tls\",result=\"refused\"} 0\n";
    assert!(!text.contains(none), "{text}");

    authority.write("server", &new);
    let report = site.running.handle().reload().await;
    // Where files are watched, it may have been noticed already.
    assert!(report.is_ok(), "{report}");
    shown(&site).await.has(mark(&new)).has("pong");
    site.stop().await;
}

/// It would be waited for, and what comes through it is there once.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let (site, old) = from_files(&authority).await;
    let key = authority.dir().join("server.key");
    std::fs::remove_file(&key).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&key).status();
    assert!(made.unwrap().success());
    let report = within(site.running.handle().reload()).await;
    let answer = report.of("tls").unwrap().as_ref().unwrap_err();
    assert!(
        answer
            .to_string()
            .contains("server.key cannot be read: it is not a file"),
        "{answer}"
    );
    shown(&site).await.has(mark(&old)).has("pong");
    site.stop().await;
}

#[tokio::test]
async fn one_bad_pair_of_several_keeps_all_of_them() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let a = authority.server(&["a.example"]);
    let (a_chain, a_key) = authority.write("a", &a);
    let (b_chain, b_key) = authority.write("b", &authority.server(&["b.example"]));
    let tls = TlsConfig::files(a_chain, a_key).and_files(b_chain, &b_key);
    let site = Site::start(app().tls(tls)).await;
    authority.write("a", &authority.server(&["a.example"]));
    std::fs::write(&b_key, &a.key).unwrap();
    let report = site.running.handle().reload().await;
    assert!(!report.is_ok(), "{report}");
    shown(&site).await.has(mark(&a));
    site.stop().await;
}

#[tokio::test]
async fn reload_without_a_change_keeps_sessions_and_one_with_a_change_ends_them() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let clients = Authority::new("clients");
    let (chain, key) = authority.write("server", &authority.server(&["localhost"]));
    let ca = authority.dir().join("clients.pem");
    std::fs::write(&ca, clients.pem()).unwrap();
    let tls = TlsConfig::files(chain, key).client_auth(ClientAuth::Required, &ca);
    let site = Site::start(app().tls(tls)).await;
    let (chain, key) = clients.write("alice", &clients.client("alice"));
    let file = authority.dir().join("session");
    let alice = async |option: &str| {
        let known = ["-ign_eof", "-cert", chain.to_str().unwrap()];
        let more = [
            "-key",
            key.to_str().unwrap(),
            option,
            file.to_str().unwrap(),
        ];
        s_client(site.addr, &[&known[..], &more[..]].concat(), GET).await
    };
    alice("-sess_out").await.has("New, ").has("pong");
    let report = site.running.handle().reload().await;
    assert!(report.of("tls").unwrap().as_ref().unwrap().is_empty());
    alice("-sess_in").await.has("Reused, ").has("pong");
    // Her authority is no longer trusted: the session of before does not help her.
    std::fs::write(&ca, Authority::new("others").pem()).unwrap();
    assert!(site.running.handle().reload().await.is_ok());
    alice("-sess_in").await.lacks("Reused, ").lacks("pong");
    site.stop().await;
}

#[tokio::test]
async fn certificate_of_a_reload_that_has_expired_is_a_warning() {
    let authority = Authority::new("test");
    let (site, _) = from_files(&authority).await;
    authority.write("server", &authority.expired(&["localhost"]));
    let report = site.running.handle().reload().await;
    let changes = report.of("tls").unwrap().as_ref().unwrap();
    let warning = &changes.warnings()[0];
    assert!(
        warning.contains("server.pem has expired at 2002-01-01"),
        "{warning}"
    );
    site.counted("http_tls_certificate_expiry_seconds", 1_009_843_200);
    site.stop().await;
}
