//! Every request is told once to the log, the metrics and the sinks, however it ended.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumego::middleware::rate_limit::AbuseGuardConfig;
use plumego::observe::record::{RequestRecord, RequestSink};
use plumego::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::house::{House, house, house_with};
use crate::wire::within;

#[derive(Deserialize)]
struct Note {
    text: String,
}

fn routes(router: Router) -> Router {
    router
        .get("/users/{id}", async || "a user")
        .post("/notes", async |Json(note): Json<Note>| note.text)
        .get("/panic/{id}", async || -> () { panic!("boom") })
        .get("/busy/{id}", async || -> Result<(), Error> {
            Err(Error::unavailable("the pool is empty"))
        })
        .get("/held/{id}", async || std::future::pending::<()>().await)
        .get("/late/{id}", async || std::future::pending::<()>().await)
        .timeout(Duration::from_millis(20))
}

/// Tells which trace a finished request had.
struct Traces(UnboundedSender<(String, u16)>);

impl RequestSink for Traces {
    fn record(&self, record: &RequestRecord<'_>) {
        let trace = record.trace.unwrap().trace_id().to_string();
        self.0.send((trace, record.status)).unwrap();
    }
}

/// A request that is refused, and what is told of it.
struct Refused {
    head: &'static str,
    body: &'static str,
    /// 499: the client goes before the answer comes.
    status: u16,
    method: &'static str,
    route: Option<&'static str>,
    code: Option<&'static str>,
}

const fn refused(
    head: &'static str,
    body: &'static str,
    status: u16,
    method: &'static str,
    route: Option<&'static str>,
    code: Option<&'static str>,
) -> Refused {
    Refused {
        head,
        body,
        status,
        method,
        route,
        code,
    }
}

const JSON: &str = "POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                    content-length: 9\r\n";

const REFUSED: &[Refused] = &[
    refused(
        "GET /nowhere/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        404,
        "GET",
        None,
        Some("not_found"),
    ),
    refused(
        "PUT /users/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        405,
        "PUT",
        None,
        Some("method_not_allowed"),
    ),
    refused(
        "POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 1001\r\n",
        "",
        413,
        "POST",
        Some("/notes"),
        Some("body_too_large"),
    ),
    refused(
        JSON,
        "{\"text\": ",
        400,
        "POST",
        Some("/notes"),
        Some("invalid_json"),
    ),
    refused(
        "GET /users/7 HTTP/1.1\r\n",
        "",
        400,
        "GET",
        None,
        Some("missing_host"),
    ),
    refused(
        "GET /users/%ff HTTP/1.1\r\nhost: x\r\n",
        "",
        400,
        "GET",
        Some("/users/{id}"),
        Some("malformed_path"),
    ),
    refused(
        "GET /busy/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        503,
        "GET",
        Some("/busy/{id}"),
        Some("unavailable"),
    ),
    refused(
        "GET /panic/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        500,
        "GET",
        Some("/panic/{id}"),
        Some("internal"),
    ),
    refused(
        "GET /late/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        504,
        "GET",
        Some("/late/{id}"),
        Some("timeout"),
    ),
    refused(
        "GET /held/7 HTTP/1.1\r\nhost: x\r\n",
        "",
        499,
        "GET",
        Some("/held/{id}"),
        None,
    ),
];

// acceptance 21.2 (11)
#[tokio::test]
async fn refused_requests_are_in_log_metrics_and_traces_with_their_status() {
    for case in REFUSED {
        let (tell, mut told) = unbounded_channel();
        let limit = |config: &mut ServerConfig| config.max_body_bytes = Limit::At(1000);
        let house = house_with(limit, |app| app.sink(Traces(tell)).routes(routes)).await;
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let mut client = house.connect().await;
        let Refused {
            head, body, status, ..
        } = *case;
        let parent = format!("traceparent: 00-{trace}-b7ad6b7169203331-01");
        client.send(format!("{head}{parent}\r\n\r\n{body}")).await;
        if status == 499 {
            while house.samples("http_requests_in_flight") != ["http_requests_in_flight 1"] {
                tokio::task::yield_now().await;
            }
        } else {
            let answer = client.answer().await;
            assert_eq!(answer.status(), status, "{answer:?}");
            assert_eq!(Some(&*answer.code()), case.code, "{answer:?}");
            assert_eq!(answer.json()["trace_id"], trace);
        }
        drop(client);
        let recorded = within(told.recv()).await.unwrap();
        assert_eq!(recorded, (trace.to_owned(), status));

        let route = case.route.unwrap_or("unmatched");
        let method = case.method;
        let sample = format!(
            "http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} 1"
        );
        assert_eq!(house.samples("http_requests_total"), [sample]);
        let reasons = case
            .code
            .map(|code| format!("http_rejections_total{{reason=\"{code}\"}} 1"));
        let reasons: Vec<_> = reasons.into_iter().collect();
        assert_eq!(house.samples("http_rejections_total"), reasons);
        assert_eq!(
            house.samples("http_requests_in_flight"),
            ["http_requests_in_flight 0"]
        );

        let log = house.into_log().await;
        let lines: Vec<_> = log.iter().filter(|line| line["msg"] == "request").collect();
        assert_eq!(lines.len(), 1, "{log:?}");
        let line = lines[0];
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["trace_id"], trace, "{line}");
        assert_eq!(line["method"], method, "{line}");
        assert_eq!(
            line.get("route").and_then(Value::as_str),
            case.route,
            "{line}"
        );
        assert_eq!(
            line.get("error_code").and_then(Value::as_str),
            case.code,
            "{line}"
        );
        assert!(told.try_recv().is_err(), "it is told once");
    }
}

/// What is told of the only request with this status.
async fn assert_told(house: House, status: u16, route: &str, code: &str, trace: &str) {
    let requests = house.samples("http_requests_total");
    let counted =
        format!("http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}} 1");
    assert!(requests.contains(&counted), "{requests:?}");
    let reason = format!("http_rejections_total{{reason=\"{code}\"}} 1");
    assert_eq!(house.samples("http_rejections_total"), [reason]);
    let log = house.into_log().await;
    let line = log.iter().find(|line| line["status"] == status).unwrap();
    assert_eq!(line["msg"], "request", "{line}");
    assert_eq!(line["route"], route, "{line}");
    assert_eq!(line["error_code"], code, "{line}");
    assert_eq!(line["trace_id"], trace, "{line}");
}

// acceptance 21.2 (11): what the limits refuse before a handler could run has its route too.
#[tokio::test]
async fn requests_that_the_limits_refuse_are_told_with_their_route() {
    let mut guard = AbuseGuardConfig::default();
    (guard.rate, guard.burst) = (1, 1);
    let often = house(|app| {
        app.guards(move |guards| guards.abuse_guard = Some(guard))
            .routes(routes)
    })
    .await;
    let mut answer = often.get("/users/7").await;
    while answer.status() == 200 {
        answer = often.get("/users/8").await;
    }
    assert_eq!((answer.status(), &*answer.code()), (429, "rate_limited"));
    let trace = answer.json()["trace_id"].as_str().unwrap().to_owned();
    assert_told(often, 429, "/users/{id}", "rate_limited", &trace).await;

    for (depth, code) in [(0, "server_busy"), (1, "server_queue_timeout")] {
        let narrow = |config: &mut ServerConfig| {
            config.max_concurrency = Limit::At(1);
            config.queue_depth = depth;
            config.queue_timeout = Duration::from_millis(20);
        };
        let full = house_with(narrow, |app| app.routes(routes)).await;
        let mut holder = full.connect().await;
        holder.send("GET /held/1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
        while full.samples("http_concurrency_running ") != ["http_concurrency_running 1"] {
            tokio::task::yield_now().await;
        }
        let answer = full.get("/users/7").await;
        assert_eq!((answer.status(), &*answer.code()), (503, code));
        let trace = answer.json()["trace_id"].as_str().unwrap().to_owned();
        drop(holder);
        while full.samples("http_requests_in_flight") != ["http_requests_in_flight 0"] {
            tokio::task::yield_now().await;
        }
        assert_told(full, 503, "/users/{id}", code, &trace).await;
    }
}

// acceptance 21.2 (12)
#[tokio::test]
async fn ten_thousand_ids_are_one_series_and_unmatched_paths_one() {
    let house = house(|app| {
        app.guards(|guards| guards.access_log = false)
            .routes(routes)
    })
    .await;
    let mut client = house.connect().await;
    for batch in 0..100 {
        let requests: Vec<_> = (0..100)
            .map(|n| {
                let id = batch * 100 + n;
                format!(
                    "GET /users/{id} HTTP/1.1\r\nhost: x\r\n\r\n\
                     GET /no/{id} HTTP/1.1\r\nhost: x\r\n\r\n"
                )
            })
            .collect();
        client.send(requests.concat()).await;
        for _ in 0..100 {
            assert_eq!(client.answer().await.status(), 200);
            assert_eq!(client.answer().await.status(), 404);
        }
    }
    let mut samples = house.samples("http_requests_total");
    samples.sort();
    let expected = [
        "http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 10000",
        "http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 10000",
    ];
    assert_eq!(samples, expected);
    drop(client);
    house.stop().await;
}

/// The text of the only line.
async fn only(house: House) -> String {
    let sink = house.log.clone();
    house.stop().await;
    let lines = sink.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

// acceptance 21.2 (26)
#[tokio::test]
async fn escaped_line_end_in_a_path_is_one_record_in_both_formats() {
    use plumego::observe::log::LogFormat;
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let choose = |config: &mut ServerConfig| config.log_format = format;
        let house = house_with(choose, |app| app.routes(routes)).await;
        house.get("/users/%0A%0D%1b[31mINFO%20forged").await;
        let line = only(house).await;
        assert!(line.contains("%0A") && !line.contains('\u{1b}'), "{line}");
    }
    // Bytes of a header that would end a line or colour it.
    let house = house(|app| app.routes(routes)).await;
    let head = b"GET /users/1 HTTP/1.1\r\nhost: x\r\nuser-agent: \xff\"\\ \t}\r\n\r\n";
    house.send(head).await;
    let line: Value = serde_json::from_str(&only(house).await).unwrap();
    assert!(
        line["user_agent"].as_str().unwrap().contains("\"\\"),
        "{line}"
    );
}

// acceptance 21.2 (11): a sink of the program sees what the log sees.
#[tokio::test]
async fn sink_that_panics_harms_neither_the_answer_nor_the_log() {
    struct Broken(Arc<Mutex<u32>>);
    impl RequestSink for Broken {
        fn record(&self, _: &RequestRecord<'_>) {
            *self.0.lock().unwrap() += 1;
            panic!("no sink today");
        }
    }
    let count = Arc::new(Mutex::new(0));
    let broken = Broken(Arc::clone(&count));
    let house = house(|app| app.sink(broken).routes(routes)).await;
    assert_eq!(house.get("/users/1").await.status(), 200);
    let log = house.into_log().await;
    assert_eq!(
        log.iter().filter(|line| line["msg"] == "request").count(),
        1
    );
    assert_eq!(*count.lock().unwrap(), 1);
}
