//! The program's own spans, and lines of the log that name them.

use plumego_app::App;
use plumego_observe::log::{CaptureSink, LogConfig, LogFilter, LogFormat, LogWriter};
use plumego_otel::Observability;
use serde_json::Value;

use crate::receiver::{Receiver, attribute};
use crate::support::config;

/// Runs in the process that the next test starts: `App::run` installs the log for all of it.
#[tokio::test]
#[ignore = "the child of the next test"]
async fn alone_spans_of_the_program() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let lines = CaptureSink::default();
    let mut log = LogConfig::default();
    log.format = LogFormat::Json;
    let writer = LogWriter::new(lines.clone(), &log);
    let (tell, told) = tokio::sync::oneshot::channel();
    let app = App::builder()
        .addr("127.0.0.1:0")
        .log_writer(writer.clone())
        .component(Observability::new(config(&receiver.url())))
        .routes(|r| {
            r.get("/cart/{id}", async || {
                let span = tracing::info_span!("load cart", cart = 7, otel.kind = "client");
                let work = async { tracing::info!(items = 3, "loaded") };
                tracing::Instrument::instrument(work, span).await;
                "a cart"
            })
        })
        .on_listening(|addrs| {
            let _ = tell.send(addrs[0]);
        })
        .build()
        .unwrap();
    let handle = app.handle();
    let filter = app.log_filter().clone();
    let running = tokio::spawn(app.run());
    let addr = told.await.unwrap();
    assert!(filter.is_in_use());
    let answer = ask(addr).await;

    let spans = receiver.spans(2).await;
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
    let (child, request) = (named("load cart"), named("GET /cart/{id}"));
    assert_eq!(child["parent_span_id"], request["span_id"]);
    assert_eq!(child["trace_id"], request["trace_id"]);
    assert_eq!(child["kind"], "SPAN_KIND_CLIENT");
    assert_eq!(attribute(child, "cart").as_deref(), Some("7"));
    assert_eq!(child["events"][0]["name"], "loaded");

    writer.flush().unwrap();
    let logged: Vec<Value> = lines
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = |msg: &str| logged.iter().find(|line| line["msg"] == msg).unwrap();
    assert_eq!(said("loaded")["trace_id"], said("request")["trace_id"]);
    assert_ne!(said("loaded")["span_id"], said("request")["span_id"]);
    let span_id = said("request")["span_id"].as_str().unwrap();
    assert!(
        answer.contains(&format!("x-span-id: {span_id}")),
        "{answer}"
    );

    // The level of the log is changed while it runs, and says which spans there are.
    filter.set("warn".parse::<LogFilter>().unwrap());
    ask(addr).await;
    assert_eq!(receiver.spans(1).await[0]["name"], "GET /cart/{id}");
    handle.shutdown();
    running.await.unwrap().unwrap();
}

async fn ask(addr: std::net::SocketAddr) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let request = "GET /cart/7 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn spans_of_the_program_are_children_of_its_requests() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "spans::alone_spans_of_the_program",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{errors}"
    );
}
