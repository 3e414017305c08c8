//! The operator endpoints and their guard.

use plumego_component::{Setup, from_fn};
use plumego_contract::{Error, HealthStatus};
use plumego_ops::guard::MAX_FAILURES;
use plumego_ops::{Admin, Guard};
use plumego_stdx::Secret;
use plumego_testing::AppBuilder;
use serde_json::json;

use crate::client::{OPERATE, READ, app, ask, bearer, get, post, secret, start};

/// With an admin drawer.
#[expect(clippy::unnecessary_wraps, reason = "as a component has it")]
fn mailer(setup: &mut Setup<'_>) -> Result<(), Error> {
    setup.admin(|r| {
        r.get("/pending", async || "3")
            .post("/flush", async || "flushed")
    });
    Ok(())
}

fn guarded() -> Guard {
    Guard::new().operate(&secret(OPERATE)).read(&secret(READ))
}

fn with(guard: Guard) -> AppBuilder {
    app(false)
        .component(Admin::new(guard))
        .component(from_fn("mailer", mailer))
}

const LOOKS: [&str; 7] = [
    "/ops",
    "/ops/health",
    "/ops/tasks",
    "/ops/config",
    "/ops/routes",
    "/ops/log",
    "/ops/mailer/pending",
];
const ACTIONS: [&str; 2] = ["POST /ops/reload", "POST /ops/mailer/flush"];

// acceptance 21.1 (15), 21.2 (33)
#[tokio::test]
async fn without_a_token_nobody_gets_in_and_the_component_is_degraded() {
    let app = start(with(Guard::new())).await;
    let header = bearer(OPERATE);
    for lines in [&[][..], &[header.as_str()], &["host: example.com"]] {
        for path in LOOKS {
            get(app.addr(), path, lines)
                .await
                .assert(401, "unauthenticated");
        }
        for line in ACTIONS {
            ask(app.addr(), line, lines, "")
                .await
                .assert(401, "unauthenticated");
        }
    }
    let health = get(app.addr(), "/health/components/ops", &[]).await.json();
    assert_eq!(health["status"], json!(HealthStatus::Degraded));
    app.stop().await.unwrap();
}

// acceptance 21.1 (15)
#[tokio::test]
async fn everybody_gets_in_when_the_program_says_so() {
    let app = start(with(Guard::new().allow_everybody())).await;
    let summary = get(app.addr(), "/ops", &[]).await.data();
    let auth = json!({"required": false, "enabled": true, "tokens": false});
    assert_eq!(summary["auth"], auth);
    assert_eq!(
        post(app.addr(), "/ops/mailer/flush", &[]).await.text(),
        "flushed"
    );
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_of_the_right_scope_gets_in() {
    let app = start(with(guarded())).await;
    let (operate, read) = (bearer(OPERATE), bearer(READ));
    for path in LOOKS {
        for header in [&operate, &read] {
            let answer = get(app.addr(), path, &[header]).await;
            // The log is that of the test.
            let expected = if path == "/ops/log" { 409 } else { 200 };
            assert_eq!(answer.status(), expected, "{path}: {}", answer.text());
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    for line in ACTIONS {
        // A token that may look must not act.
        ask(app.addr(), line, &[&read], "")
            .await
            .assert(403, "forbidden");
        let done = ask(app.addr(), line, &[&operate], "").await;
        assert_eq!(done.status(), 200, "{line}: {}", done.text());
    }
    let summary = get(app.addr(), "/ops", &[&read]).await.data();
    assert_eq!(summary["base_path"], "/ops");
    assert_eq!(summary["components"], json!(["mailer"]));
    let health = get(app.addr(), "/ops/health", &[&read]).await.data();
    assert_eq!(health["phase"], "ready");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_log_level_is_not_as_long_as_any_other_body() {
    let app = start(with(guarded())).await;
    let long = json!({"filter": format!("{}=trace", "x".repeat(20_000))}).to_string();
    let refused = ask(app.addr(), "PUT /ops/log", &[&bearer(OPERATE)], &long).await;
    refused.assert(413, "body_too_large");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_anywhere_but_in_its_header_is_none() {
    let app = start(with(guarded())).await;
    let body = json!({"filter": "debug", "token": OPERATE}).to_string();
    for path in [
        format!("/ops?token={OPERATE}"),
        format!("/ops?access_token={OPERATE}"),
        format!("/ops?authorization=Bearer%20{OPERATE}"),
    ] {
        get(app.addr(), &path, &[])
            .await
            .assert(401, "unauthenticated");
    }
    for header in [
        "x-token",
        "x-auth-token",
        "x-api-key",
        "proxy-authorization",
    ] {
        let line = format!("{header}: {OPERATE}");
        get(app.addr(), "/ops", &[&line])
            .await
            .assert(401, "unauthenticated");
    }
    let cookie = format!("cookie: auth_token={OPERATE}; token={OPERATE}");
    get(app.addr(), "/ops", &[&cookie])
        .await
        .assert(401, "unauthenticated");
    ask(app.addr(), "PUT /ops/log", &[], &body)
        .await
        .assert(401, "unauthenticated");
    app.stop().await.unwrap();
}

/// Every way to be wrong gets the same answer: nothing in it tells how wrong it was.
#[tokio::test]
async fn a_wrong_token_is_told_nothing_about_the_right_one() {
    let app = start(with(guarded())).await;
    let mut told = Vec::new();
    let almost = format!("{}X", &OPERATE[..OPERATE.len() - 1]);
    for header in [
        bearer(&almost),
        bearer(&format!("X{}", &OPERATE[1..])),
        bearer(&OPERATE[..16]),
        bearer("x"),
        format!("authorization: Basic {OPERATE}"),
        format!("authorization: {OPERATE}"),
        "authorization:".to_owned(),
    ] {
        let answer = get(app.addr(), "/ops", &[&header]).await;
        let answer = answer.assert(401, "invalid_token");
        let challenge = answer.header("www-authenticate").unwrap();
        assert_eq!(
            challenge,
            "Bearer realm=\"operations\", error=\"invalid_token\""
        );
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("trace_id");
        told.push(body.to_string());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn two_credentials_in_one_request_are_none() {
    let app = start(with(guarded())).await;
    let (good, bad) = (bearer(OPERATE), bearer("wrongwrongwrongwrong"));
    for lines in [[good.as_str(), &bad], [&bad, &good], [&good, &good]] {
        get(app.addr(), "/ops", &lines)
            .await
            .assert(401, "invalid_token");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn who_guesses_is_refused_whatever_comes_next() {
    let app = start(with(guarded())).await;
    for guess in 0..MAX_FAILURES {
        let header = bearer(&format!("guess-guess-guess-{guess}"));
        // Another address that the client makes up changes nothing.
        let forged = format!("x-forwarded-for: 192.0.2.{guess}");
        let answer = get(app.addr(), "/ops", &[&header, &forged]).await;
        answer.assert(401, "invalid_token");
    }
    // Also the right one: a guess that is right would otherwise still tell.
    let refused = get(app.addr(), "/ops", &[&bearer(OPERATE)]).await;
    let refused = refused.assert(429, "rate_limited");
    let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    // The rest of the application is not concerned.
    assert_eq!(get(app.addr(), "/health/live", &[]).await.status(), 200);
    app.stop().await.unwrap();
}

#[test]
fn a_token_that_is_too_weak_is_a_problem_at_build_that_does_not_show_it() {
    let weak = Guard::new()
        .operate(&secret("hunter2"))
        .read(&secret("good-good-good-good, with spaces in its middle"));
    let problems = with(weak).build().unwrap_err().to_string();
    assert!(
        problems.contains("operate token 1 (of `OPS_TOKEN`, or what the program gave) has 7 bytes"),
        "{problems}"
    );
    assert!(
        problems.contains("read token 2 (of `OPS_READ_TOKEN`, or what the program gave) has"),
        "{problems}"
    );
    assert!(!problems.contains("hunter2") && !problems.contains("spaces"));
    let many: Vec<String> = (0..33).map(|n| format!("0123456789abcdef{n}")).collect();
    let many = Guard::new().read(&secret(&many.join(",")));
    let problems = with(many).build().unwrap_err().to_string();
    assert!(problems.contains("at most 32 tokens"), "{problems}");
}

#[test]
fn an_empty_setting_opens_nothing() {
    for setting in [None, secret(""), secret(" , ,")] {
        let guard = Guard::new().operate(&setting).read(&setting);
        assert!(guard.denies_everybody() && guard.is_required());
        assert!(guard.problems().is_empty());
    }
}

#[test]
fn neither_a_token_nor_its_length_is_in_what_a_guard_shows() {
    let token = Secret::new("hunter2-hunter2-hunter2".to_owned());
    let guard = Guard::new().operate(&token);
    let shown = format!("{guard:?} {:?}", Admin::new(guard.clone()));
    assert!(
        !shown.contains("hunter2") && !shown.contains("23"),
        "{shown}"
    );
}

/// Every route that changes something says what it asks for, so a policy holds.
#[test]
fn an_application_that_asks_for_a_policy_can_have_the_endpoints() {
    let built = app(true).component(Admin::new(guarded()));
    built.require_auth_policy().build().unwrap();
}
