//! What is wrong with files is told when the application is built, with their names.

use std::path::Path;

use plumego_app::{App, ServerConfig, TlsConfig};
use plumego_observe::log::{CaptureSink, LogConfig, LogWriter};

use super::authority::Authority;
use super::foreign::{has, openssl};
use crate::client::{app, app_with, start, stop};
use crate::heard::hear;

/// The problems of a server with these two files.
fn problems(chain: &Path, key: &Path) -> String {
    let tls = TlsConfig::files(chain, key);
    app().tls(tls).build().unwrap_err().to_string()
}

#[track_caller]
fn check(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn missing_files_are_told_by_path_both_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = problems(&dir.path().join("a.pem"), &dir.path().join("a.key"));
    check(
        &text,
        &["2 problems", "a.pem cannot be read", "a.key cannot be read"],
    );
    check(&text, &["No such file"]);
}

#[test]
fn files_that_are_no_pem_are_told_by_path() {
    let authority = Authority::new("test");
    let pair = authority.server(&["localhost"]);
    let (chain, key) = authority.write("good", &pair);
    let wrong = |name: &str, text: &[u8]| {
        let path = authority.dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let empty = wrong("empty", b" \n");
    check(&problems(&empty, &key), &["1 problem", "empty is empty"]);
    check(&problems(&chain, &empty), &["1 problem", "empty is empty"]);
    let der = wrong("der", &[0x30, 0x82, 1, 2, 3]);
    check(&problems(&der, &key), &["der is not PEM"]);
    let half = wrong("half", &pair.chain.as_bytes()[..pair.chain.len() / 2]);
    check(&problems(&half, &key), &["half is damaged", "cut off"]);
    let half_key = wrong("half_key", &pair.key.as_bytes()[..pair.key.len() / 2]);
    let text = problems(&chain, &half_key);
    check(&text, &["half_key is damaged", "cut off"]);
    let no_base64 = pair.key.replace("-----\nM", "-----\n!");
    let text = problems(&chain, &wrong("no_base64", no_base64.as_bytes()));
    check(&text, &["no_base64 is damaged", "base64"]);
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let text = problems(&wrong("nonsense", nonsense.as_bytes()), &key);
    check(&text, &["nonsense holds a certificate that cannot be read"]);
    let large = wrong("large", &vec![b'-'; 1024 * 1024 + 1]);
    check(&problems(&large, &key), &["large cannot be read", "1 MiB"]);
    let folder = authority.dir();
    check(&problems(folder, &key), &["cannot be read", "not a file"]);
}

#[test]
fn pairs_that_do_not_belong_together_are_told() {
    let authority = Authority::new("test");
    let (chain, key) = authority.write("a", &authority.server(&["a.example"]));
    let (_, other) = authority.write("b", &authority.server(&["b.example"]));
    let text = problems(&chain, &other);
    check(&text, &["b.key is not the key of", "a.pem"]);
    let text = problems(&key, &chain);
    check(&text, &["2 problems", "were the two files swapped?"]);
    check(&text, &["a.pem holds no private key"]);
    let two = authority.dir().join("two.key");
    let both = [&key, &other].map(|path| std::fs::read_to_string(path).unwrap());
    std::fs::write(&two, both.concat()).unwrap();
    check(&problems(&chain, &two), &["two.key holds 2 private keys"]);
}

#[test]
fn no_problem_shows_a_byte_of_a_key() {
    let authority = Authority::new("test");
    let pair = authority.server(&["a.example"]);
    let secret = pair.key.lines().nth(1).unwrap();
    for broken in [
        pair.key.replace("-----END", "----END"),
        pair.key.replace("PRIVATE KEY-----", "PRIVATE KEY----"),
        pair.key.replace(secret, &format!("{secret}!")),
    ] {
        let tls = TlsConfig::pem(pair.chain.as_str(), broken);
        let shown = format!("{tls:?}");
        let text = app().tls(tls).build().unwrap_err().to_string();
        for text in [text, shown] {
            assert!(!text.contains(&secret[..8]), "{text}");
        }
    }
}

#[test]
fn all_problems_come_at_once_beside_those_of_the_rest() {
    let config = |change: fn(&mut ServerConfig)| {
        let built = app_with(change).routes(|r| r.get("no-slash", async || ""));
        built.build().unwrap_err().to_string()
    };
    let text = config(|config| config.tls.enabled = true);
    check(&text, &["TLS_CERT_FILE", "TLS_KEY_FILE", "no-slash"]);
    let text = config(|config| {
        config.tls.enabled = true;
        config.tls.cert_files = vec!["none/a.pem".into(), "none/b.pem".into()];
        config.tls.key_files = vec!["none/a.key".into()];
        config.tls.client_auth = plumego_app::ClientAuth::Required;
        config.read_timeout = std::time::Duration::from_secs(1_000_000);
    });
    check(&text, &["2 files", "TLS_CLIENT_CA_FILE", "read_timeout"]);
    check(&text, &["none/a.pem", "none/a.key", "no-slash"]);
}

/// It was taken in silence, and everybody was served by plain HTTP.
#[test]
fn certificates_of_clients_without_tls_are_a_problem() {
    for auth in [
        plumego_app::ClientAuth::Optional,
        plumego_app::ClientAuth::Required,
    ] {
        let built = app_with(|config| config.tls.client_auth = auth).build();
        let text = built.unwrap_err().to_string();
        check(&text, &["1 problem", "TLS_CLIENT_AUTH", "TLS_ENABLED=true"]);
    }
}

/// What the log says when this application starts.
async fn log_of(change: impl FnOnce(&mut ServerConfig), tls: Option<TlsConfig>) -> String {
    let lines = CaptureSink::default();
    let writer = LogWriter::new(lines.clone(), &LogConfig::default());
    let _heard = hear(writer.clone());
    let app = app_with(change).log_writer(writer);
    let app = tls.into_iter().fold(app, plumego_app::AppBuilder::tls);
    let (running, _) = start(app).await;
    stop(running).await;
    lines.text()
}

#[tokio::test]
async fn settings_that_are_not_used_are_named_when_it_starts() {
    let authority = Authority::new("test");
    let (chain, key) = authority.write("good", &authority.server(&["localhost"]));
    let files = |config: &mut ServerConfig| {
        config.tls.cert_files = vec![chain.clone()];
        config.tls.key_files = vec![key.clone()];
    };
    let text = log_of(files, None).await;
    check(&text, &["WARN", "not used: TLS_CERT_FILE, TLS_KEY_FILE."]);
    check(&text, &["set TLS_ENABLED=true"]);

    let with_authority = |config: &mut ServerConfig| {
        files(config);
        config.tls.enabled = true;
        config.tls.client_ca_file = Some("clients.pem".into());
    };
    let text = log_of(with_authority, None).await;
    check(&text, &["not used: TLS_CLIENT_CA_FILE.", "TLS_CLIENT_AUTH"]);

    let with_port = |config: &mut ServerConfig| {
        with_authority(config);
        config.tls.redirect_port = 8443;
    };
    let text = log_of(with_port, None).await;
    check(
        &text,
        &[
            "not used: TLS_CLIENT_CA_FILE.",
            "not used: TLS_REDIRECT_PORT.",
            "TLS_REDIRECT_ADDR",
        ],
    );

    let enabled = |config: &mut ServerConfig| {
        files(config);
        config.tls.enabled = true;
    };
    let own = TlsConfig::files(&chain, &key);
    let text = log_of(enabled, Some(own.clone())).await;
    check(&text, &["TLS_ENABLED, TLS_CERT_FILE, TLS_KEY_FILE."]);
    check(&text, &["AppBuilder::tls"]);

    for (change, tls) in [(None, Some(own)), (Some(enabled), None)] {
        let change = |config: &mut ServerConfig| {
            if let Some(change) = change {
                change(config);
            }
        };
        let text = log_of(change, tls).await;
        assert!(!text.contains("not used"), "{text}");
    }
}

/// It was taken in silence: no client was shown the certificate, none was asked for its own.
#[cfg(unix)]
#[tokio::test]
async fn tls_beside_unix_sockets_alone_is_named_when_it_starts() {
    let authority = Authority::new("test");
    let (chain, key) = authority.write("good", &authority.server(&["localhost"]));
    let directory = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", directory.path().join("app.sock").display());
    for (more, is_told) in [(None, true), (Some("127.0.0.1:0"), false)] {
        let lines = CaptureSink::default();
        let writer = LogWriter::new(lines.clone(), &LogConfig::default());
        let _heard = hear(writer.clone());
        let mut config = ServerConfig::default();
        config.addrs = vec![socket.clone()];
        config.addrs.extend(more.map(str::to_owned));
        let app = App::builder()
            .config(config)
            .log_writer(writer)
            .tls(TlsConfig::files(&chain, &key));
        let running = app.build().unwrap().start().await.unwrap();
        stop(running).await;
        let text = lines.text();
        assert_eq!(
            text.contains("not used: the settings of TLS."),
            is_told,
            "{text}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn key_that_every_user_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let authority = Authority::new("test");
    let (chain, key) = authority.write("open", &authority.server(&["localhost"]));
    let tls = TlsConfig::files(&chain, &key);
    for (mode, told) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let text = log_of(|_| {}, Some(tls.clone())).await;
        let has = text.contains("every user of this machine");
        assert_eq!(has, told, "{mode:o}: {text}");
        if told {
            check(
                &text,
                &["WARN", "open.key", &format!("mode {mode:o}"), "chmod o="],
            );
        }
    }
}

#[tokio::test]
async fn of_two_certificates_for_one_name_the_log_says_which_one_clients_get() {
    let authority = Authority::new("test");
    let first = authority.write("first", &authority.server(&["a.example", "b.example"]));
    let second = authority.write("second", &authority.server(&["b.example"]));
    let tls = TlsConfig::files(first.0, first.1).and_files(second.0, second.1);
    let text = log_of(|_| {}, Some(tls)).await;
    check(
        &text,
        &["WARN", "for `b.example`", "first.pem", "second.pem"],
    );

    let curve = authority.server(&["a.example"]);
    let rsa = authority.server_with(&rcgen::PKCS_RSA_SHA256, &["a.example"]);
    let both = TlsConfig::pem(curve.chain, curve.key).and_pem(rsa.chain, rsa.key);
    let text = log_of(|_| {}, Some(both)).await;
    assert!(!text.contains("two certificates"), "{text}");
}

#[tokio::test]
async fn certificate_that_is_named_twice_is_told_to_be() {
    let authority = Authority::new("test");
    let pair = authority.server(&["a.example"]);
    let (chain, key) = authority.write("one", &pair);
    let same = TlsConfig::files(&chain, &key).and_files(&chain, &key);
    let text = log_of(|_| {}, Some(same)).await;
    check(&text, &["WARN", "one.pem is named twice"]);
    assert!(!text.contains("two certificates"), "{text}");

    let (other, other_key) = authority.write("other", &pair);
    let copy = TlsConfig::files(&chain, &key).and_files(other, other_key);
    let text = log_of(|_| {}, Some(copy)).await;
    check(
        &text,
        &["one.pem and", "other.pem hold the same certificate"],
    );
}

#[tokio::test]
async fn certificate_of_a_server_among_the_authorities_of_clients_is_a_warning() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let pair = servers.server(&["localhost"]);
    let own = TlsConfig::pem(pair.chain.as_str(), pair.key.as_str());
    let auth = plumego_app::ClientAuth::Optional;
    for (authorities, told) in [
        (clients.pem(), None),
        (clients.client("alice").chain, Some("certificate 1")),
        (clients.pem() + &pair.chain, Some("certificate 2")),
    ] {
        let file = clients.dir().join("authorities.pem");
        std::fs::write(&file, authorities).unwrap();
        let text = log_of(|_| {}, Some(own.clone().client_auth(auth, &file))).await;
        assert_eq!(
            text.contains("not of an authority"),
            told.is_some(),
            "{text}"
        );
        check(&text, &[told.unwrap_or_default()]);
    }
}

#[test]
fn certificate_that_has_expired_is_a_warning() {
    let authority = Authority::new("test");
    let (chain, key) = authority.write("old", &authority.expired(&["localhost"]));
    let app = app().tls(TlsConfig::files(&chain, &key)).build().unwrap();
    let text = app.metrics().encode();
    // 2002-01-01
    check(&text, &["http_tls_certificate_expiry_seconds 1009843200"]);
}

/// What `openssl x509 -req` writes without a file of extensions.
const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBJDCBywIUXGDpKzbl732NE6p0KC1OitCBUjwwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE1MjIyN1oYDzIxMjYxMDMwMTUyMjI3
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASUT2Yq6yx+JNuHatAmje4Pbe9Km8VsP0ZXZe/vnlIsL7zcrNxkC1KkjwIdiKWQ
Z0YbuujD6KtbS/vhdFUuacLCMAoGCCqGSM49BAMCA0gAMEUCIQDaf7royAZTTZyE
insHRJZujwo0SBTMyjSc5ts4WJ6srQIgQEe4AC08CFht8WQ9RE8rS6PRXXeQE5/Y
k4N2So9sChE=
-----END CERTIFICATE-----
";

#[test]
fn certificate_of_version_1_is_told_to_be_one() {
    let authority = Authority::new("test");
    let mut pair = authority.server(&["localhost"]);
    pair.chain = VERSION_1.to_owned();
    let (chain, key) = authority.write("old", &pair);
    let text = problems(&chain, &key);
    check(
        &text,
        &["1 problem", "old.pem", "version 1", "expected version 3"],
    );
    assert!(!text.contains("UnsupportedCertVersion"), "{text}");
}

#[tokio::test]
async fn key_of_a_kind_that_is_not_taken_is_told_with_those_that_are() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let (chain, _) = authority.write("server", &authority.server(&["localhost"]));
    let path = authority.dir().join("other.key");
    let out = path.to_str().unwrap();
    for kind in [
        &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..],
        &["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        &["X25519"],
        &["ED448"],
    ] {
        let made = [&["genpkey", "-out", out, "-algorithm"], kind].concat();
        assert!(openssl(&made).await.ok, "{kind:?}");
        let text = problems(&chain, &path);
        let taken = "RSA of 2048 to 8192 bits, ECDSA with P-256, P-384 or P-521, or Ed25519";
        check(&text, &["1 problem", "other.key", taken, "openssl genpkey"]);
    }
    // Those that are: they do not belong to the certificate, no more.
    for kind in [
        &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
        &["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        &["ED25519"],
    ] {
        let made = [&["genpkey", "-out", out, "-algorithm"], kind].concat();
        assert!(openssl(&made).await.ok, "{kind:?}");
        check(&problems(&chain, &path), &["is not the key of the first"]);
    }
}

/// Editors of Windows write one; files with one that are put together have it in the middle.
#[tokio::test]
async fn byte_order_mark_is_no_part_of_a_pem_file() {
    let authority = Authority::new("test");
    let pair = authority.server(&["localhost"]);
    let mark = "\u{feff}";
    let chain = format!("{mark}{}", pair.chain);
    let tls = TlsConfig::pem(chain, format!("{mark}{}", pair.key));
    // The second one is seen, since it is told of.
    let both = format!("{mark}{}{mark}{}", authority.pem(), pair.chain);
    let tls = tls.client_auth_pem(plumego_app::ClientAuth::Optional, both);
    let text = log_of(|_| {}, Some(tls)).await;
    check(&text, &["certificate 2", "not of an authority"]);
}

#[tokio::test]
async fn keys_in_every_form_are_read() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    for (name, kind, form) in [
        ("rsa", &rcgen::PKCS_RSA_SHA256, "rsa"),
        ("ec", &rcgen::PKCS_ECDSA_P384_SHA384, "ec"),
    ] {
        let pair = authority.server_with(kind, &["localhost"]);
        let (chain, key) = authority.write(name, &pair);
        assert!(pair.key.contains("BEGIN PRIVATE KEY"), "{name}");
        app().tls(TlsConfig::files(&chain, &key)).build().unwrap();

        let old = authority.dir().join("old.key");
        let (key, old) = (key.to_str().unwrap(), old.to_str().unwrap());
        let traditional = ["pkey", "-traditional", "-in", key, "-out", old];
        assert!(openssl(&traditional).await.ok);
        let text = std::fs::read_to_string(old).unwrap();
        let begin = format!("-----BEGIN {} PRIVATE KEY", form.to_uppercase());
        check(&text, &[&begin]);
        app().tls(TlsConfig::files(&chain, old)).build().unwrap();

        let locked = authority.dir().join("locked.key");
        let locked = locked.to_str().unwrap();
        let modern = [
            "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:x",
        ];
        assert!(openssl(&modern).await.ok);
        let text = problems(&chain, Path::new(locked));
        check(
            &text,
            &["locked.key holds an encrypted key", "openssl pkey"],
        );
        let mut legacy = vec!["pkey", "-traditional", "-aes128", "-passout", "pass:x"];
        legacy.extend(["-in", key, "-out", locked]);
        assert!(openssl(&legacy).await.ok);
        check(
            &problems(&chain, Path::new(locked)),
            &["locked.key holds an encrypted key"],
        );
    }
}
