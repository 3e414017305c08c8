//! curl as the client of an application with all the guards, CORS, compression and conditions on.

mod bodies;
mod pages;
mod refusals;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use plumego::middleware::cors::CorsConfig;
use plumego::middleware::rate_limit::AbuseGuardConfig;
use plumego::middleware::{CompressionLayer, ConditionalLayer, CsrfLayer};
use plumego::prelude::*;
use tokio::process::Command;
use tokio::sync::Notify;

use crate::foreign;
use crate::house::{House, house_with};
use crate::wire::{Answer, within};

const PROTOCOLS: [&str; 2] = ["--http1.1", "--http2-prior-knowledge"];
const PAGES: &str = "https://app.example.com";
const ORIGIN: &str = "Origin: https://app.example.com";

/// The application, and the client.
struct Shop {
    house: House,
    curl: PathBuf,
    held: Arc<Notify>,
}

/// So much of a text that it is worth compressing.
fn story() -> String {
    "It was a dark and stormy night.\n".repeat(1000)
}

fn routes(router: Router, held: &Arc<Notify>) -> Router {
    let csrf = CsrfLayer::new().build().unwrap();
    let waits = Arc::clone(held);
    let wait = async move || {
        waits.notified().await;
        "held"
    };
    router
        .get("/", async || "hello")
        .get("/story", async || Text(story()))
        .get("/panic", async || -> () { panic!("secret text") })
        .get("/held", wait)
        .get("/hangs", async || std::future::pending::<()>().await)
        .timeout(Duration::from_millis(50))
        .post("/notes", async |note: String| note)
        .post("/cart", async || "changed")
        .wrap(csrf)
}

/// Everything on; `burst` requests at once, one a second, and a limit of 1000 bytes a body.
async fn open(burst: u64, change: impl FnOnce(&mut ServerConfig)) -> Option<Shop> {
    let curl = foreign::program(&["curl"])?;
    let mut guard = AbuseGuardConfig::default();
    (guard.rate, guard.burst) = (1, burst);
    let cors = CorsConfig::origins([PAGES]).credentials();
    let cors = cors.expose(["retry-after", "ratelimit"].map(HeaderName::from_static));
    let held = Arc::new(Notify::new());
    let limits = |config: &mut ServerConfig| {
        config.max_body_bytes = Limit::At(1000);
        change(config);
    };
    let house = house_with(limits, |app| {
        app.guards(move |guards| {
            guards.cors = Some(cors);
            guards.abuse_guard = Some(guard);
        })
        .layer(CompressionLayer::new())
        .layer(ConditionalLayer::new().compute_tags())
        .routes(|r| routes(r, &held))
    })
    .await;
    Some(Shop { house, curl, held })
}

impl Shop {
    /// What curl shows: the head and the body, decoded when it was told to.
    async fn curl(&self, path: &str, args: &[&str]) -> Answer {
        self.curl_as(ORIGIN, path, args).await
    }

    /// The same for a page of another origin, or of none.
    async fn curl_as(&self, origin: &str, path: &str, args: &[&str]) -> Answer {
        let args = [&["--include"], args].concat();
        let text = self.run(origin, path, &args).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            head: format!("{head}\r\n\r\n"),
            body: body.to_owned(),
        }
    }

    /// What curl writes.
    async fn run(&self, origin: &str, path: &str, args: &[&str]) -> String {
        let mut command = Command::new(&self.curl);
        command
            .args(["--silent", "--show-error", "--header", origin])
            .args(args)
            .arg(self.house.app.url(path))
            .kill_on_drop(true);
        // Older ones give up (92) when an answer comes while they still send, which RFC 9113,
        // section 8.1 allows and forbids to hold against it. Another try may be faster.
        let mut output = within(command.output()).await.unwrap();
        for _ in 0..100 {
            if output.status.code() == Some(92) && path == "/notes" {
                output = within(command.output()).await.unwrap();
            }
        }
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{path} {args:?}: {message}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The members of all lines of `Vary`, in lower case.
fn vary(answer: &Answer) -> Vec<String> {
    let lines = answer.head.lines().map(str::to_lowercase);
    let members = lines.filter_map(|line| line.strip_prefix("vary:").map(str::to_owned));
    let members: Vec<_> = members.collect();
    let members = members.iter().flat_map(|line| line.split(','));
    members.map(|member| member.trim().to_owned()).collect()
}

/// The headers that every answer carries, whoever made it.
#[track_caller]
fn assert_marked(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("access-control-allow-origin", PAGES),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
    for name in [
        "content-security-policy",
        "cross-origin-opener-policy",
        "permissions-policy",
        "traceresponse",
        "date",
    ] {
        assert!(answer.header(name).is_some(), "{name}: {answer:?}");
    }
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    assert_eq!(answer.header("strict-transport-security"), None);
    assert!(vary(answer).contains(&"origin".to_owned()), "{answer:?}");
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status(), &*answer.code()), (status, code));
    assert_marked(answer);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("retry-after"), "{exposed}");
    assert!(!answer.body.contains("secret"), "{answer:?}");
    let trace = answer.json()["trace_id"].as_str().unwrap().to_owned();
    assert!(answer.header("traceresponse").unwrap().contains(&trace));
}
