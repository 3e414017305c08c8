//! Limits by any key on groups and routes, and those of bodies, in the default guards.

use std::time::Duration;

use http::HeaderName;
use http::request::Parts;
use plumego::contract::auth::{AuthError, Authenticator, Principal};
use plumego::middleware::auth::AuthenticateLayer;
use plumego::middleware::body_deadline::BodyDeadlineConfig;
use plumego::middleware::rate_limit::{AbuseGuardConfig, Key, RateLimitConfig};
use plumego::middleware::{RateLimitLayer, TokenAuthLayer};
use plumego::prelude::*;
use plumego::security::limit::Quota;
use plumego::stdx::Secret;
use tokio::time::interval;

use crate::house::{House, house};
use crate::wire::{Answer, within};

/// Twice for each key, and then not while a test runs.
fn twice(name: &str, key: Key) -> RateLimitLayer {
    let mut config = RateLimitConfig::new("test");
    name.clone_into(&mut config.name);
    config.quota = Quota::new(1, Duration::from_hours(1), 2).unwrap();
    config.key = key;
    RateLimitLayer::new(config).unwrap()
}

/// Whoever says that they are.
struct Named;

impl Authenticator for Named {
    async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
        let name = parts.headers.get("authorization");
        let name = name.and_then(|name| name.to_str().ok()?.strip_prefix("Bearer "));
        name.map(Principal::new)
            .ok_or_else(AuthError::unauthenticated)
    }
}

fn by_principal() -> Key {
    Key::by(|request| {
        let principal = request.extensions.get::<Principal>();
        principal.map(|principal| principal.subject.clone())
    })
}

fn routes(router: Router) -> Router {
    let by_key = twice("keys", Key::header(HeaderName::from_static("x-api-key")));
    let by_route = twice("routes", Key::route());
    let by_person = twice("people", by_principal());
    let one = twice("one", Key::client_ip());
    router
        .get("/free", async || "free")
        .get("/costly", async || "costly")
        .wrap(one)
        .group("/keys", |r| {
            let r = r.layer(by_key);
            r.get("/a", async || "a").get("/b", async || "b")
        })
        .group("/routes", |r| {
            let r = r.layer(by_route);
            r.get("/{id}", async || "one")
                .get("/{id}/all", async || "all")
        })
        .group("/people", |r| {
            let r = r.layer(AuthenticateLayer::new(Named)).layer(by_person);
            r.get("/", async |principal: Principal| principal.subject.clone())
        })
}

/// The two lines that make a preflight of a request for `OPTIONS`.
const PREFLIGHT: &str = "Origin: https://evil.test\r\nAccess-Control-Request-Method: GET\r\n";

/// A token to be guessed behind a limit: with the shape of a preflight, every guess went by it.
#[tokio::test]
async fn shape_of_a_preflight_is_no_way_around_a_limit() {
    let token = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    let auth = TokenAuthLayer::new([token]).unwrap();
    let house = house(|app| {
        app.guards(|guards| guards.abuse_guard = None).routes(|r| {
            r.group("/closed", |r| {
                let r = r.layer(twice("closed", Key::client_ip())).layer(auth);
                r.get("/", async || "closed")
            })
            .group("/open", |r| {
                let r = r.layer(twice("open", Key::client_ip()));
                r.get("/", async || "open")
            })
            .group("/shop", |r| {
                let r = r.layer(twice("shop", Key::client_ip()));
                r.get("/", async || "shop").fallback(async || "work")
            })
            .group("/own", |r| {
                let r = r.layer(twice("own", Key::client_ip()));
                r.options("/", async || "work")
            })
        })
    })
    .await;
    let ask = async |target: &str, line: &str| {
        let request = format!("OPTIONS {target} HTTP/1.1\r\nHost: x\r\n{PREFLIGHT}{line}\r\n");
        house.send(request).await.status()
    };
    for (target, line, expected) in [
        (
            "/closed",
            "Authorization: Bearer guess\r\n",
            [401, 401, 429],
        ),
        ("/shop/nowhere", "", [200, 200, 429]),
        ("/own", "", [200, 200, 429]),
        ("/open", "", [204, 204, 204]),
        ("/open", "Cookie: session=guess\r\n", [204, 204, 429]),
    ] {
        for status in expected {
            assert_eq!(ask(target, line).await, status, "{target} {line}");
        }
    }
    house.stop().await;
}

async fn ask(house: &House, target: &str, line: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{line}\r\n");
    house.send(request).await
}

/// Requests in their order, each with its expected status.
async fn check(policy: &str, rows: &[(&str, &str, u16)]) {
    let house = house(|app| {
        app.guards(|guards| guards.abuse_guard = Some(AbuseGuardConfig::default()))
            .routes(routes)
    })
    .await;
    for (target, line, status) in rows {
        let answer = ask(&house, target, line).await;
        assert_eq!(answer.status(), *status, "{target} {line:?}: {answer:?}");
        // Both limits speak for themselves, the inner one first.
        let told: Vec<_> = answer
            .head
            .lines()
            .filter_map(|line| line.strip_prefix("ratelimit-policy: "))
            .collect();
        let mine = format!("\"{policy}\";q=2;w=7200");
        let guard = "\"abuse-guard\";q=200;w=2";
        match *target {
            "/free" => assert_eq!(told, [guard]),
            _ if *status == 401 => assert_eq!(told, [guard]),
            _ => assert_eq!(told, [&mine, guard], "{target}"),
        }
        if *status == 429 {
            assert_eq!(answer.code(), "rate_limited");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((3000..=3600).contains(&wait), "{wait}");
            assert_eq!(answer.json()["violated-policies"][0], policy);
        }
    }
    house.stop().await;
}

// acceptance 21.1 (33, 34), 21.2 (11)
#[tokio::test]
async fn limit_of_a_route_counts_by_client_and_leaves_the_others_alone() {
    let rows = [
        ("/costly", "", 200),
        ("/costly", "", 200),
        ("/costly", "", 429),
        ("/costly", "X-Forwarded-For: 203.0.113.7\r\n", 429),
        ("/free", "", 200),
    ];
    check("one", &rows).await;
}

// acceptance 21.1 (33, 34)
#[tokio::test]
async fn limit_of_a_group_counts_by_a_header_over_all_its_routes() {
    let rows = [
        ("/keys/a", "X-Api-Key: ann\r\n", 200),
        ("/keys/b", "X-Api-Key: ann\r\n", 200),
        ("/keys/a", "X-Api-Key: ann\r\n", 429),
        ("/keys/b", "X-Api-Key: ann\r\n", 429),
        ("/keys/a", "X-Api-Key: bob\r\n", 200),
        ("/keys/a", "", 200),
        ("/keys/a", "", 200),
        ("/keys/a", "", 429),
        ("/free", "X-Api-Key: ann\r\n", 200),
    ];
    check("keys", &rows).await;
}

// acceptance 21.1 (33, 34)
#[tokio::test]
async fn limit_of_a_group_counts_by_route_whatever_stands_in_its_parameters() {
    let rows = [
        ("/routes/1", "", 200),
        ("/routes/2", "", 200),
        ("/routes/3", "", 429),
        ("/routes/3/all", "", 200),
        ("/free", "", 200),
    ];
    check("routes", &rows).await;
}

// acceptance 21.1 (33, 34)
#[tokio::test]
async fn limit_of_a_group_counts_by_who_asks() {
    let rows = [
        ("/people", "", 401),
        ("/people", "Authorization: Bearer ann\r\n", 200),
        ("/people", "Authorization: Bearer ann\r\n", 200),
        ("/people", "Authorization: Bearer ann\r\n", 429),
        ("/people", "Authorization: Bearer bob\r\n", 200),
    ];
    check("people", &rows).await;
}

/// An application that reads a body, with the default guards but for what is changed.
async fn reader(change: fn(&mut BodyDeadlineConfig)) -> House {
    house(|app| {
        app.guards(move |guards| change(guards.body_deadline.as_mut().unwrap()))
            .routes(|r| r.post("/", async |body: String| body.len().to_string()))
    })
    .await
}

/// Sends the body in pieces of that size, twenty a second, until there is an answer.
async fn send_slowly(house: &House, body: usize, piece: usize) -> Answer {
    let mut client = house.connect().await;
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {body}\r\n\r\n");
    client.send(head).await;
    let mut tick = interval(Duration::from_millis(50));
    let mut left = body;
    let answered = async {
        loop {
            tokio::select! {
                ready = client.0.readable() => break ready.unwrap(),
                _ = tick.tick(), if left > 0 && piece > 0 => {
                    let size = piece.min(left);
                    left -= client.0.try_write(&vec![b'x'; size]).unwrap_or(0);
                }
            }
        }
    };
    within(answered).await;
    client.answer().await
}

// acceptance 21.2 (11)
#[tokio::test]
async fn body_that_stands_still_drips_or_takes_too_long_is_408_and_one_that_flows_is_read() {
    let quick: fn(&mut BodyDeadlineConfig) = |deadline| deadline.grace = Duration::from_secs(1);
    let short: fn(&mut BodyDeadlineConfig) = |deadline| {
        deadline.total = Some(Duration::from_secs(1));
    };
    // Time for a machine that has other things to do.
    let roomy: fn(&mut BodyDeadlineConfig) = |deadline| {
        deadline.grace = Duration::from_secs(10);
        deadline.total = Some(Duration::from_secs(30));
    };
    for (change, body, piece, status) in [
        (quick, 1000, 0, 408),
        // Twenty bytes a second, and by default it must be 240.
        (quick, 1000, 1, 408),
        (roomy, 50_000, 1000, 200),
        // It flows, and the whole of it takes too long.
        (short, 1_000_000, 1000, 408),
    ] {
        let house = reader(change).await;
        let answer = send_slowly(&house, body, piece).await;
        assert_eq!(answer.status(), status, "{body} by {piece}: {answer:?}");
        match status {
            408 => assert_eq!(answer.code(), "body_timeout"),
            _ => assert_eq!(answer.body, body.to_string()),
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let counted =
            format!("http_requests_total{{method=\"POST\",route=\"/\",status=\"{status}\"}} 1");
        assert_eq!(house.samples("http_requests_total"), [counted]);
        house.stop().await;
    }
}
