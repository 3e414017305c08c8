//! Each write is one line in the log.

use std::sync::{LazyLock, Mutex};

use http::Method;
use plumego_component::{Lifecycle, LifecycleConfig, Setup, from_fn};
use plumego_contract::{AppContext, Body, Connection, Error, Request, Response};
use plumego_observe::log::{CaptureSink, LiveFilter, LogConfig, LogFilter, LogFormat, LogWriter};
use plumego_ops::{Admin, Guard};
use plumego_router::{Frozen, Router};
use serde_json::{Value, json};

use crate::client::{OPERATE, READ, secret};

struct Log {
    sink: CaptureSink,
    writer: LogWriter,
    filter: LiveFilter,
    /// One test at a time changes the filter.
    turn: Mutex<()>,
}

/// The log of the process.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let (sink, mut config) = (CaptureSink::default(), LogConfig::default());
    config.format = LogFormat::Json;
    let writer = LogWriter::new(sink.clone(), &config);
    let filter = LiveFilter::from(LogFilter::default());
    let installed = plumego_observe::log::install(writer.clone(), filter.clone(), None);
    assert!(installed, "the log of this process is that of these tests");
    Log {
        sink,
        writer,
        filter,
        turn: Mutex::new(()),
    }
});

impl Log {
    /// The lines of the audit about this path.
    fn audit(&self, path: &str) -> Vec<Value> {
        self.writer.flush().unwrap();
        let lines = self.sink.lines();
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["target"] == "plumego::audit" && find(line, "path") == path)
            .collect()
    }
}

/// A field, wherever the line has it.
fn find(line: &Value, name: &str) -> Value {
    let inner = line.get("fields").and_then(|fields| fields.get(name));
    inner
        .or_else(|| line.get(name))
        .cloned()
        .unwrap_or_default()
}

fn routes(drawer: &'static str) -> Frozen {
    let log = &*LOG;
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    builder.log_filter(log.filter.clone());
    let guard = Guard::new().operate(&secret(OPERATE)).read(&secret(READ));
    builder.component(Admin::new(guard));
    builder.component(from_fn(drawer, |setup: &mut Setup<'_>| {
        setup.admin(|r| {
            r.post("/done", async || "done")
                .post("/fails", async || Err::<(), _>(Error::internal("disk")))
                .post("/hangs", async || std::future::pending::<()>().await)
                .get("/look", async || "seen")
        });
        Ok::<_, Error>(())
    }));
    let (_, contributions) = builder.build().unwrap();
    let router = contributions.add_to(Router::new());
    router.freeze(AppContext::default()).unwrap()
}

async fn send(routes: &Frozen, method: Method, path: &str, token: &str, body: &str) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_owned()))
        .unwrap();
    let peer = Connection::from_peer("192.0.2.7:4000".parse().unwrap());
    routes.dispatch(peer, request).response.await
}

#[tokio::test]
async fn a_write_says_who_from_where_what_and_what_came_of_it() {
    let routes = routes("store");
    let post = async |path: &str, token: &str| {
        let answer = send(&routes, Method::POST, path, token, "").await;
        answer.status().as_u16()
    };
    assert_eq!(post("/ops/store/done", OPERATE).await, 200);
    assert_eq!(post("/ops/store/fails", OPERATE).await, 500);
    assert_eq!(post("/ops/store/done?token=hunter2", READ).await, 403);
    assert_eq!(post("/ops/store/fails", "guess-guess-guess").await, 401);
    let look = send(&routes, Method::GET, "/ops/store/look", OPERATE, "").await;
    assert_eq!(look.status(), 200);

    let log = &*LOG;
    let done = log.audit("/ops/store/done");
    assert_eq!(done.len(), 2, "{done:?}");
    assert_eq!(find(&done[0], "outcome"), "done");
    assert_eq!(find(&done[0], "status"), 200);
    assert_eq!(find(&done[0], "method"), "POST");
    assert_eq!(find(&done[0], "client"), "192.0.2.7");
    let operator = find(&done[0], "operator").as_str().unwrap().to_owned();
    assert!(
        operator.starts_with("token ") && operator.len() == 14,
        "{operator}"
    );
    assert_eq!(find(&done[1], "outcome"), "refused");
    assert_eq!(find(&done[1], "status"), 403);
    assert_ne!(find(&done[1], "operator"), operator.as_str());
    let fails = log.audit("/ops/store/fails");
    let outcomes: Vec<_> = fails.iter().map(|line| find(line, "outcome")).collect();
    assert_eq!(outcomes, ["failed", "refused"]);
    assert!(
        log.audit("/ops/store/look").is_empty(),
        "a look is no write"
    );
    let all = log.sink.text();
    for secret in [OPERATE, READ, "guess-guess-guess", "hunter2"] {
        assert!(!all.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_write_whose_client_leaves_is_told_all_the_same() {
    let routes = routes("hanger");
    {
        let hangs = send(&routes, Method::POST, "/ops/hanger/hangs", OPERATE, "");
        let mut hangs = std::pin::pin!(hangs);
        tokio::select! {
            biased;
            _ = &mut hangs => panic!("it does not answer"),
            () = tokio::task::yield_now() => {}
        }
        // Here the client leaves.
    }
    let lines = LOG.audit("/ops/hanger/hangs");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(find(&lines[0], "outcome"), "given up");
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "the filter is that of the whole process"
)]
async fn the_log_level_changes_while_it_runs() {
    let routes = routes("talker");
    let log = &*LOG;
    let _turn = log.turn.lock().unwrap();
    let put = async |body: &str, token: &str| {
        let answer = send(&routes, Method::PUT, "/ops/log", token, body).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().into_bytes(65_536).await.unwrap();
        (status, serde_json::from_slice::<Value>(&bytes).unwrap())
    };
    let wanted = json!({"filter": "info,noisy::part=trace"}).to_string();
    tracing::debug!(target: "noisy::part", "silent-before");
    assert_eq!(put(&wanted, READ).await.0, 403);
    let (status, told) = put(&wanted, OPERATE).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["data"]["filter"], "info,noisy::part=trace");
    tracing::debug!(target: "noisy::part", "heard-now");
    tracing::debug!(target: "another", "silent-too");
    let (status, told) = put("{\"filter\": \"info,noisy=loud\"}", OPERATE).await;
    assert_eq!(
        (status, &told["code"]),
        (422, &json!("validation_failed")),
        "{told}"
    );
    assert!(told.to_string().contains("is not a level"), "{told}");
    assert_eq!(log.filter.get().to_string(), "info,noisy::part=trace");
    log.writer.flush().unwrap();
    let text = log.sink.text();
    assert!(text.contains("heard-now"));
    assert!(!text.contains("silent-before") && !text.contains("silent-too"));
    assert_eq!(log.audit("/ops/log").len(), 3);
    log.filter.set(LogFilter::default());
}
