//! HTTPS by settings alone. Needs curl.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Reference, program};

/// Files of a server for `localhost`, which is its own authority.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        files.renew();
        files
    }

    /// A new certificate in the place of the old one, as tools that renew them put it there.
    fn renew(&self) {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        self.put("server.key", &made.signing_key.serialize_pem());
        self.put("server.pem", &made.cert.pem());
    }

    fn put(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn start(&self, more: &[(&str, &str)]) -> Reference {
        let (chain, key) = (self.path("server.pem"), self.path("server.key"));
        let mut env = vec![
            ("TLS_ENABLED", "true"),
            ("TLS_CERT_FILE", chain.to_str().unwrap()),
            ("TLS_KEY_FILE", key.to_str().unwrap()),
        ];
        env.extend(more);
        Reference::start(&["--addr", "127.0.0.1:0"], &env)
    }
}

/// What curl gets that trusts this certificate.
fn curl(app: &Reference, trusted: &Path, more: &[&str]) -> String {
    let port = app.addr.port();
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60"])
        .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
        .arg("--cacert")
        .arg(trusted)
        .args(more)
        .arg(format!("https://localhost:{port}/ping"))
        .output()
        .unwrap();
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn has_curl() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    assert!(
        there || std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_none(),
        "no curl in PATH"
    );
    if !there {
        println!("skipped: no curl in PATH");
    }
    there
}

#[test]
fn three_variables_make_it_https() {
    if !has_curl() {
        return;
    }
    let files = Files::new();
    let app = files.start(&[]);
    let write = ["--write-out", " by %{http_version}"];
    let chain = files.path("server.pem");
    assert_eq!(curl(&app, &chain, &write), "pong by 2");
    let old = ["--http1.1", write[0], write[1]];
    assert_eq!(curl(&app, &chain, &old), "pong by 1.1");
    let (code, rest) = app.terminate();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("/ping"), "{rest}");
}

#[test]
fn address_that_sends_to_https_is_no_page_to_open() {
    let files = Files::new();
    let app = files.start(&[("TLS_REDIRECT_ADDR", "127.0.0.1:0")]);
    let (_, rest) = app.terminate();
    assert!(rest.contains(": listening on http://127.0.0.1:"), "{rest}");
    assert!(!rest.contains("Listening on"), "{rest}");
}

#[test]
fn renewed_certificate_is_taken_without_a_restart() {
    if !has_curl() {
        return;
    }
    let files = Files::new();
    let app = files.start(&[]);
    let first = files.path("first.pem");
    std::fs::copy(files.path("server.pem"), &first).unwrap();
    assert_eq!(curl(&app, &first, &[]), "pong");
    files.renew();
    let begun = Instant::now();
    loop {
        let text = curl(&app, &files.path("server.pem"), &[]);
        if text == "pong" {
            break;
        }
        // The old one is served until then: that is not the one that is trusted now.
        assert!(text.contains("SSL certificate problem"), "{text}");
        assert!(begun.elapsed() < Duration::from_mins(2), "{text}");
    }
    assert!(curl(&app, &first, &[]).contains("SSL certificate problem"));
}

#[test]
fn clients_without_a_certificate_are_turned_away() {
    if !has_curl() {
        return;
    }
    let files = Files::new();
    let ca = files.path("server.pem");
    let more = [
        ("TLS_CLIENT_AUTH", "required"),
        ("TLS_CLIENT_CA_FILE", ca.to_str().unwrap()),
    ];
    let app = files.start(&more);
    let text = curl(&app, &ca, &[]);
    assert!(text.contains("certificate required"), "{text}");
}

#[test]
fn files_that_are_wrong_end_the_start_with_their_names() {
    let output = program()
        .args(["--tls", "--tls-cert", "none.pem", "--tls-key", "none.key"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    for part in ["none.pem cannot be read", "none.key cannot be read"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn configuration_shows_the_path_of_the_key_and_not_the_key() {
    let files = Files::new();
    let key = files.path("server.key");
    let output = program()
        .args(["--tls-key", key.to_str().unwrap(), "--print-config"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("server.key"), "{text}");
    assert!(!text.contains("PRIVATE KEY"), "{text}");
}
