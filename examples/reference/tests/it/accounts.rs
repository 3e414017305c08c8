//! The demo accounts: sign in, exchange, sign out, and what their roles open.

use std::net::SocketAddr;
use std::sync::Barrier;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::client::{Answer, get, send};
use crate::process::{Reference, program};

const PASSWORD: &str = "a long password of the tests";

fn start() -> Reference {
    start_with(&[])
}

fn start_with(more: &[(&str, &str)]) -> Reference {
    let mut env = vec![("REFERENCE_DEMO_PASSWORD", PASSWORD)];
    env.extend_from_slice(more);
    Reference::start(&["--addr", "127.0.0.1:0"], &env)
}

fn post(addr: SocketAddr, target: &str, body: &Value) -> Answer {
    let json = [("Content-Type", "application/json")];
    send(addr, "POST", target, &json, body.to_string().as_bytes())
}

fn login(addr: SocketAddr, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    post(addr, "/api/auth/login", &body)
}

fn refresh(addr: SocketAddr, tokens: &Value) -> Answer {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    post(addr, "/api/auth/refresh", &body)
}

fn signed_in(addr: SocketAddr, username: &str) -> Value {
    let answer = login(addr, username, PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn with_token(addr: SocketAddr, method: &str, target: &str, tokens: &Value) -> Answer {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    send(addr, method, target, &[("Authorization", &bearer)], b"")
}

fn check_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["code"], code);
}

// acceptance 21.1 (38), 21.2 (20)
#[test]
fn login_opens_what_is_for_members_until_the_logout() {
    let app = start();
    let answer = login(app.addr, "member", PASSWORD);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);

    let me = with_token(app.addr, "GET", "/api/me", &tokens);
    let expected = json!({ "username": "member", "tenant": "demo", "roles": ["member"] });
    assert_eq!((me.status, &me.json()["data"]), (200, &expected));

    let out = with_token(app.addr, "POST", "/api/auth/logout", &tokens);
    assert_eq!((out.status, out.body.len()), (204, 0));
    // Dead at once, both of them.
    let me = with_token(app.addr, "GET", "/api/me", &tokens);
    check_refused(&me, 401, "session_revoked");
    assert_eq!(refresh(app.addr, &tokens).status, 401);
    let again = with_token(app.addr, "POST", "/api/auth/logout", &tokens);
    assert_eq!(again.status, 401);
}

#[test]
fn logout_ends_one_session_and_no_other() {
    let app = start();
    let (first, second) = (signed_in(app.addr, "admin"), signed_in(app.addr, "admin"));
    with_token(app.addr, "POST", "/api/auth/logout", &first);
    let me = with_token(app.addr, "GET", "/api/me", &second);
    assert_eq!(me.status, 200, "{}", me.text());
}

#[test]
fn unknown_name_and_wrong_password_read_the_same() {
    let app = start();
    let wrong = login(app.addr, "admin", "another password");
    let unknown = login(app.addr, "nobody", PASSWORD);
    for answer in [&wrong, &unknown] {
        check_refused(answer, 401, "unauthenticated");
    }
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
    for (body, status) in [
        (json!({ "username": "admin" }), 422),
        (json!({ "username": "admin", "password": ["x"] }), 422),
        (
            json!({ "username": "admin", "password": "x".repeat(2000) }),
            422,
        ),
    ] {
        let answer = post(app.addr, "/api/auth/login", &body);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    // In the URL nothing is read.
    let query = format!("/api/auth/login?username=admin&password={PASSWORD}").replace(' ', "+");
    assert_ne!(post(app.addr, &query, &json!({})).status, 200);
}

#[test]
fn role_decides_who_reads_the_numbers() {
    let app = start();
    let (admin, member) = (signed_in(app.addr, "admin"), signed_in(app.addr, "member"));
    let stats = "/api/admin/stats";
    let shown = with_token(app.addr, "GET", stats, &admin);
    assert_eq!(shown.status, 200, "{}", shown.text());
    // The one of the start, and those of two logins.
    assert_eq!(shown.json()["data"]["passwords_checked"], 3);
    check_refused(
        &with_token(app.addr, "GET", stats, &member),
        403,
        "forbidden",
    );
    for target in [stats, "/api/me"] {
        let nobody = get(app.addr, target);
        check_refused(&nobody, 401, "unauthenticated");
        assert!(nobody.header("www-authenticate").is_some());
        let forged = json!({ "access_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9." });
        check_refused(
            &with_token(app.addr, "GET", target, &forged),
            401,
            "invalid_token",
        );
        // A refresh token is none for access.
        let wrong = json!({ "access_token": admin["refresh_token"] });
        let refused = with_token(app.addr, "GET", target, &wrong);
        check_refused(&refused, 401, "invalid_token");
    }
}

#[test]
fn tenant_is_that_of_the_token_whatever_a_header_says() {
    let app = start();
    let tokens = signed_in(app.addr, "member");
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let headers = [
        ("Authorization", bearer.as_str()),
        ("X-Tenant-ID", "another"),
        ("X-Roles", "admin"),
    ];
    let me = send(app.addr, "GET", "/api/me", &headers, b"").json();
    let me = &me["data"];
    assert_eq!(
        (&me["tenant"], &me["roles"]),
        (&json!("demo"), &json!(["member"]))
    );
}

#[test]
fn refresh_token_is_good_once_and_its_reuse_ends_the_family() {
    let app = start();
    let first = signed_in(app.addr, "member");
    let answer = refresh(app.addr, &first);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let second = answer.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let me = with_token(app.addr, "GET", "/api/me", &second);
    assert_eq!(me.status, 200, "{}", me.text());

    check_refused(&refresh(app.addr, &first), 401, "refresh_reused");
    for tokens in [&first, &second] {
        let me = with_token(app.addr, "GET", "/api/me", tokens);
        check_refused(&me, 401, "session_revoked");
        assert_eq!(refresh(app.addr, tokens).status, 401);
    }
    // Neither is an access token one for the exchange, nor is what nobody made.
    let other = signed_in(app.addr, "member");
    for wrong in [&other["access_token"], &json!("x.y.z")] {
        let answer = refresh(app.addr, &json!({ "refresh_token": wrong }));
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
}

#[test]
fn key_set_shows_the_public_key_and_nothing_private() {
    let app = start();
    let set = get(app.addr, "/.well-known/jwks.json");
    assert_eq!(set.header("content-type"), Some("application/jwk-set+json"));
    let set = set.json();
    let [key] = &set["keys"].as_array().unwrap()[..] else {
        panic!("one key: {set}");
    };
    for (member, expected) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256")] {
        assert_eq!(key[member], expected);
    }
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(key.get(private).is_none(), "{private} is shown");
    }
    // Another start is another key.
    let other = get(start().addr, "/.well-known/jwks.json").json();
    assert_ne!(key["x"], other["keys"][0]["x"]);
}

/// The part of a token before its signature, decoded.
fn key_of(tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().unwrap();
    let head = token.split('.').next().unwrap();
    let head = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head);
    serde_json::from_slice::<Value>(&head.unwrap()).unwrap()["kid"].clone()
}

#[test]
fn key_of_a_file_stays_at_a_restart_and_one_made_here_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("2026-11.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let settings = [("REFERENCE_SIGNING_KEY", file.to_str().unwrap())];

    let (first, second) = (start_with(&settings), start_with(&settings));
    let set = get(first.addr, "/.well-known/jwks.json").json();
    assert_eq!(set, get(second.addr, "/.well-known/jwks.json").json());
    let tokens = signed_in(first.addr, "member");
    assert_eq!(key_of(&tokens), "2026-11");
    // The signature is good there too; the session, which is in memory, is not.
    let me = with_token(second.addr, "GET", "/api/me", &tokens);
    check_refused(&me, 401, "session_revoked");

    let other = start();
    assert_ne!(set, get(other.addr, "/.well-known/jwks.json").json());
    let me = with_token(other.addr, "GET", "/api/me", &tokens);
    check_refused(&me, 401, "invalid_token");
}

#[test]
fn key_file_that_is_wrong_ends_the_start_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("wrong.pem");
    std::fs::write(&wrong, "-----BEGIN PRIVATE KEY-----\nsecret\n").unwrap();
    for (file, why) in [
        (dir.path().join("none.pem"), "none.pem cannot be read"),
        (wrong, "wrong.pem"),
    ] {
        let output = program()
            .env("REFERENCE_SIGNING_KEY", file)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8_lossy(&output.stderr);
        for part in ["REFERENCE_SIGNING_KEY: ", why, "openssl genpkey"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn password_that_nobody_set_is_made_and_printed_once() {
    let app = Reference::on_any_port();
    let addr = app.addr;
    let line = app.password_line().expect("the line of the password");
    let (_, rest) = line.split_once("password: ").unwrap();
    let password = rest.split(' ').next().unwrap().to_owned();
    assert_eq!(password.len(), 40);
    assert_eq!(login(addr, "admin", &password).status, 200);
    let (_, rest) = app.terminate();
    assert!(!rest.contains(&password), "{rest}");
}

#[test]
fn password_of_the_settings_is_never_shown() {
    let app = start();
    assert!(app.password_line().is_none());
    assert_eq!(login(app.addr, "member", PASSWORD).status, 200);
    let (_, rest) = app.terminate();
    assert!(!rest.contains(PASSWORD), "{rest}");
    let config = program()
        .arg("--print-config")
        .env("REFERENCE_DEMO_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&config.stdout);
    assert!(text.contains("demo_password"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
}

// ASVS 5.0 2.4.1
#[test]
fn strangers_may_not_send_much() {
    let app = start();
    let long = "a".repeat(20_000);
    let bodies = [
        (
            "/api/auth/login",
            json!({ "username": long, "password": "x" }),
        ),
        ("/api/auth/refresh", json!({ "refresh_token": long })),
    ];
    for (target, body) in bodies {
        assert_eq!(post(app.addr, target, &body).status, 413, "{target}");
    }
    // A password of the greatest length has room for it, however it is written.
    let escaped = "\\u00e9".repeat(512);
    let body = format!(r#"{{"username":"admin","password":"{escaped}"}}"#);
    let json = [("Content-Type", "application/json")];
    let answer = send(app.addr, "POST", "/api/auth/login", &json, body.as_bytes());
    assert_eq!(answer.status, 401, "{}", answer.text());
}

// ASVS 5.0 2.4.1
#[test]
fn flood_of_logins_is_refused_and_others_are_served() {
    const LOGINS: usize = 150;
    let app = start_with(&[("APP_ABUSE_GUARD_ENABLED", "false")]);
    let (addr, together) = (app.addr, Barrier::new(LOGINS));
    let statuses = std::thread::scope(|scope| {
        let flood: Vec<_> = (0..LOGINS)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    let answer = login(addr, "admin", PASSWORD);
                    if answer.status == 503 {
                        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
                    }
                    answer.status
                })
            })
            .collect();
        assert_eq!(get(addr, "/ping").text(), "pong");
        let statuses = flood.into_iter().map(|login| login.join().unwrap());
        statuses.collect::<Vec<_>>()
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert!(count(200) > 0 && count(503) > 0, "{statuses:?}");
    assert_eq!(count(200) + count(503), LOGINS, "{statuses:?}");
    assert_eq!(login(addr, "admin", PASSWORD).status, 200, "it is over");
}
