//! Every route.

use serde_json::json;

use crate::client::{get, send};
use crate::process::Reference;

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn the_page_lists_what_is_here() {
    let app = Reference::on_any_port();
    let page = get(app.addr, "/");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("/home.js"));
    let script = get(app.addr, "/home.js");
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    for route in [
        "/ping",
        "/api/echo",
        "/api/events",
        "/health/ready",
        "/metrics",
    ] {
        assert!(script.text().contains(route), "{route}");
    }
    assert_eq!(get(app.addr, "/home.css").status, 200);
    assert_eq!(
        get(app.addr, "/home.svg").header("content-type"),
        Some("image/svg+xml")
    );
}

const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

// acceptance 21.1 (45), 21.2 (2, 32)
#[test]
fn the_page_answers_navigations_and_no_other_path() {
    let app = Reference::on_any_port();
    let home = get(app.addr, "/");
    for target in ["/orders", "/orders/7/edit"] {
        let view = send(app.addr, "GET", target, &[BROWSER], b"");
        assert_eq!((view.status, view.text()), (200, home.text()), "{target}");
        let policy = view.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        assert_eq!(view.header("cache-control"), Some("no-cache"));
        let called = ("Accept", "application/json");
        assert_eq!(send(app.addr, "GET", target, &[called], b"").status, 404);
    }
    for (method, target, status) in [
        ("GET", "/api/unknown", 404),
        ("GET", "/health/unknown", 404),
        ("GET", "/missing.js", 404),
        ("GET", "/.env", 404),
        ("GET", "/..%2fCargo.toml", 404),
        ("GET", "/api/echo", 405),
        ("POST", "/ping", 405),
    ] {
        let answer = send(app.addr, method, target, &[BROWSER], b"");
        assert_eq!(answer.status, status, "{method} {target}");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{target}");
    }
}

#[test]
fn the_assets_come_in_parts_and_compressed() {
    let app = Reference::on_any_port();
    let script = get(app.addr, "/home.js");
    let part = send(app.addr, "GET", "/home.js", &[("Range", "bytes=0-9")], b"");
    assert_eq!((part.status, part.text()), (206, &script.text()[..10]));
    let small = send(
        app.addr,
        "GET",
        "/home.js",
        &[("Accept-Encoding", "br")],
        b"",
    );
    assert_eq!(small.header("content-encoding"), Some("br"));
    assert!(small.body.len() < script.body.len() / 2);
    let tag = small.header("etag").unwrap();
    assert!(!tag.starts_with("W/"), "{tag}");
    let held = [("Accept-Encoding", "br"), ("If-None-Match", tag)];
    assert_eq!(send(app.addr, "GET", "/home.js", &held, b"").status, 304);
}

#[test]
fn paths_are_matched_and_echoed() {
    let app = Reference::on_any_port();
    let data = |target: &str| get(app.addr, target).json()["data"].clone();
    assert_eq!(get(app.addr, "/ping").text(), "pong");
    assert_eq!(data("/api/users/me"), json!({"route": "me"}));
    assert_eq!(data("/api/users/42"), json!({"route": "user", "id": "42"}));
    assert_eq!(
        data("/api/users/a%2Fb%20%C3%A9"),
        json!({"route": "user", "id": "a/b é"})
    );
    let post = data("/api/users/42/posts/x");
    assert_eq!(post, json!({"route": "post", "id": "42", "post": "x"}));
    let file = data("/api/files/a/b/c.txt");
    assert_eq!(file, json!({"route": "file", "path": "a/b/c.txt"}));
    let whole = get(app.addr, "/api/users/me").json();
    assert_eq!(whole["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(get(app.addr, "/api/users/%FF").status, 400);
    assert_eq!(get(app.addr, "/nowhere").json()["code"], "not_found");
    assert_eq!(send(app.addr, "DELETE", "/ping", &[], b"").status, 405);
}

#[test]
fn echo_gives_back_what_fits_and_lists_what_does_not() {
    let app = Reference::on_any_port();
    let profile = json!({
        "name": "Ada", "email": "ada@example.org", "age": 36, "bio": "b", "tags": ["x"],
        "rating": 4.5, "newsletter": true, "phone": null,
        "address": {"city": "London", "country": "GB"}, "points": 10,
    });
    let body = profile.to_string();
    let answer = send(app.addr, "POST", "/api/echo", &[JSON], body.as_bytes());
    assert_eq!((answer.status, &answer.json()["data"]), (200, &profile));

    let wrong = json!({
        "name": "", "email": "nobody", "age": 200, "address": {"city": "", "country": "GB"},
    });
    let answer = send(
        app.addr,
        "POST",
        "/api/echo",
        &[JSON],
        wrong.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 422);
    let body = answer.json();
    let mut pointers: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/address/city", "/age", "/email", "/name"]);

    let text = [("Content-Type", "text/plain")];
    assert_eq!(
        send(app.addr, "POST", "/api/echo", &text, b"{}").status,
        415
    );
    assert_eq!(
        send(
            app.addr,
            "POST",
            "/api/echo",
            &[JSON],
            format!("{profile} x").as_bytes()
        )
        .status,
        400
    );
}

#[test]
fn upload_tells_name_size_and_hash_of_each_part() {
    let app = Reference::on_any_port();
    let body = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
                --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\
                Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n";
    let kind = [("Content-Type", "multipart/form-data; boundary=b")];
    let answer = send(app.addr, "POST", "/api/upload", &kind, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let parts = &answer.json()["data"];
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(parts[0]["name"], "note");
    assert_eq!(
        (&parts[0]["size"], &parts[0]["sha256"]),
        (&json!(5), &json!(hello))
    );
    assert_eq!(
        (&parts[1]["size"], &parts[1]["sha256"]),
        (&json!(0), &json!(empty))
    );
}

#[test]
fn slow_panic_events_and_large() {
    let app = Reference::on_any_port();
    assert_eq!(
        get(app.addr, "/api/slow?ms=1").json()["data"],
        json!({"ms": 1})
    );
    assert_eq!(get(app.addr, "/api/slow?ms=60001").status, 400);
    assert_eq!(get(app.addr, "/api/slow?ms=x").status, 400);

    let answer = get(app.addr, "/api/panic");
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (500, &json!("internal"))
    );
    assert!(!answer.text().contains("asked to panic"));

    let events = get(app.addr, "/api/events?count=3&interval_ms=1");
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert_eq!(events.text().matches("event: tick\n").count(), 3);

    for bytes in [0, 1, 1_000_000] {
        let large = get(app.addr, &format!("/api/large?bytes={bytes}"));
        assert_eq!((large.status, large.body.len()), (200, bytes));
    }
    assert_eq!(get(app.addr, "/api/large?bytes=100000001").status, 400);
}

#[test]
fn health_and_metrics() {
    let app = Reference::on_any_port();
    assert_eq!(get(app.addr, "/health/live").status, 200);
    assert_eq!(get(app.addr, "/health/ready").json()["ready"], true);
    assert_eq!(
        get(app.addr, "/health/build").json()["version"],
        env!("CARGO_PKG_VERSION")
    );
    get(app.addr, "/api/users/1");
    get(app.addr, "/api/users/2");
    let metrics = get(app.addr, "/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let series = "http_requests_total{method=\"GET\",route=\"/api/users/{id}\",status=\"200\"} 2";
    assert!(metrics.text().contains(series), "{}", metrics.text());
}

const PAGE: (&str, &str) = ("Origin", "https://page.example");

// acceptance 21.1 (9), 21.2 (13)
#[test]
fn every_answer_is_guarded_and_pages_of_any_origin_may_read_it() {
    let app = Reference::on_any_port();
    for (target, status) in [("/", 200), ("/nowhere", 404), ("/api/panic", 500)] {
        let answer = send(app.addr, "GET", target, &[PAGE], b"");
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"abuse-guard\";q=200;w=2")
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
    }
}

// acceptance 21.1 (34), 21.2 (11, 19)
#[test]
fn a_client_that_asks_too_often_is_refused_whatever_it_forges_and_probes_are_not() {
    let settings = [
        ("APP_ABUSE_GUARD_RATE", "1"),
        ("APP_ABUSE_GUARD_BURST", "5"),
    ];
    let app = Reference::start(&["--addr", "127.0.0.1:0"], &settings);
    let mut refused = None;
    for n in 0..100 {
        let forged = ("X-Forwarded-For", &*format!("192.0.2.{n}"));
        let answer = send(app.addr, "GET", "/ping", &[PAGE, forged], b"");
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.json()["code"], "rate_limited");
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    for _ in 0..20 {
        assert_eq!(get(app.addr, "/health/live").status, 200);
        assert_eq!(get(app.addr, "/metrics").status, 200);
    }
}

// acceptance 21.1 (9)
#[test]
fn an_operator_can_switch_the_guards_off() {
    let app = Reference::start(
        &["--addr", "127.0.0.1:0", "--no-abuse-guard"],
        &[("APP_SECURITY_HEADERS_ENABLED", "off")],
    );
    for _ in 0..250 {
        let answer = get(app.addr, "/ping");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), None);
        assert_eq!(answer.header("content-security-policy"), None);
    }
}

#[test]
fn a_handler_that_takes_too_long_is_504() {
    let app = Reference::start(
        &["--addr", "127.0.0.1:0"],
        &[("APP_REQUEST_TIMEOUT_MS", "50")],
    );
    let slow = get(app.addr, "/api/slow?ms=60000");
    assert_eq!(
        (slow.status, &slow.json()["code"]),
        (504, &json!("timeout"))
    );
    let events = get(app.addr, "/api/events?count=3&interval_ms=40");
    assert_eq!(events.text().matches("event: tick\n").count(), 3);
}

#[test]
fn large_text_is_compressed_and_known_pages_are_not_sent_again() {
    let app = Reference::on_any_port();
    let plain = get(app.addr, "/api/large?bytes=100000");
    assert_eq!(plain.header("content-encoding"), None);
    for coding in ["gzip", "br", "zstd"] {
        let accept = ("Accept-Encoding", coding);
        let small = send(app.addr, "GET", "/api/large?bytes=100000", &[accept], b"");
        assert_eq!(small.header("content-encoding"), Some(coding));
        let vary = small.header("vary").unwrap().to_lowercase();
        assert!(vary.contains("accept-encoding"), "{vary}");
        assert!(small.body.len() < 10_000, "{coding}: {}", small.body.len());
    }
    let script = get(app.addr, "/home.js");
    let tag = script.header("etag").unwrap();
    let again = send(app.addr, "GET", "/home.js", &[("If-None-Match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
}
