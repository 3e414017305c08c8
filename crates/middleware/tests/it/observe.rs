use std::sync::{Arc, Mutex};

use http::Method;
use http_body_util::BodyExt;
use plumego_contract::{Body, Request, Response};
use plumego_middleware::{ObserveLayer, RecoverLayer};
use plumego_observe::record::{Outcome, RequestRecord, RequestSink};
use plumego_observe::trace;
use tower::{Layer, ServiceBuilder, ServiceExt};

use crate::harness::{Handler, Step, bytes, get, run, stream};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    status: u16,
    outcome: Outcome,
    received: u64,
    sent: u64,
    error: Option<String>,
}

#[derive(Default)]
struct State {
    began: usize,
    records: Vec<Seen>,
}

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<State>>);

impl Recorder {
    fn only(&self) -> Seen {
        let state = self.0.lock().unwrap();
        assert_eq!(
            (state.began, state.records.len()),
            (1, 1),
            "one begin, one record"
        );
        state.records[0].clone()
    }
}

impl RequestSink for Recorder {
    fn begin(&self) {
        self.0.lock().unwrap().began += 1;
    }

    fn record(&self, record: &RequestRecord<'_>) {
        self.0.lock().unwrap().records.push(Seen {
            status: record.status,
            outcome: record.outcome,
            received: record.request_bytes,
            sent: record.response_bytes,
            error: record.error_code.map(str::to_owned),
        });
    }
}

fn observed() -> (ObserveLayer, Recorder) {
    let recorder = Recorder::default();
    (ObserveLayer::new().sink(recorder.clone()), recorder)
}

fn seen(status: u16, outcome: Outcome, received: u64, sent: u64) -> Seen {
    Seen {
        status,
        outcome,
        received,
        sent,
        error: None,
    }
}

#[tokio::test]
async fn a_body_in_memory_is_recorded_at_once() {
    let (layer, recorder) = observed();
    let request = http::Request::post("/").body(Body::from("12345")).unwrap();
    run(
        layer,
        |_| async { Response::new(Body::from("pong")) },
        request,
    )
    .await;
    assert_eq!(recorder.only(), seen(200, Outcome::Completed, 5, 4));
}

#[tokio::test]
async fn a_stream_is_recorded_at_its_end() {
    let (layer, recorder) = observed();
    let handler = |_| async { Response::new(stream(vec![Step::Data(b"ab"), Step::Data(b"cde")])) };
    let response = run(layer, handler, get("/")).await;
    assert!(
        recorder.0.lock().unwrap().records.is_empty(),
        "not before the end"
    );
    assert_eq!(bytes(response).await, "abcde");
    assert_eq!(recorder.only(), seen(200, Outcome::Completed, 0, 5));
}

#[tokio::test]
async fn a_stream_that_fails_is_recorded_as_failed() {
    let (layer, recorder) = observed();
    let handler = |_| async { Response::new(stream(vec![Step::Data(b"ab"), Step::Fail])) };
    let response = run(layer, handler, get("/")).await;
    assert!(response.into_body().collect().await.is_err());
    assert_eq!(recorder.only(), seen(200, Outcome::Failed, 0, 2));
}

#[tokio::test]
async fn a_stream_that_is_given_up_is_recorded_as_aborted() {
    let (layer, recorder) = observed();
    let handler = |_| async { Response::new(stream(vec![Step::Data(b"ab"), Step::Hang])) };
    let mut response = run(layer, handler, get("/")).await;
    response.body_mut().frame().await.unwrap().unwrap();
    drop(response);
    assert_eq!(recorder.only(), seen(200, Outcome::Aborted, 0, 2));
}

#[tokio::test]
async fn a_stream_that_panics_is_recorded_as_panicked() {
    let (layer, recorder) = observed();
    let stack = ServiceBuilder::new()
        .layer(layer)
        .layer(RecoverLayer::new());
    let handler = |_| async { Response::new(stream(vec![Step::Data(b"ab"), Step::Panic("x")])) };
    let response = stack
        .service(Handler(handler))
        .oneshot(get("/"))
        .await
        .unwrap();
    assert!(response.into_body().collect().await.is_err());
    let expected = Seen {
        error: Some("internal".into()),
        ..seen(200, Outcome::Panicked, 0, 2)
    };
    assert_eq!(recorder.only(), expected);
}

#[tokio::test]
async fn a_request_given_up_before_its_response_is_499() {
    let (layer, recorder) = observed();
    let handler = |_| async { std::future::pending::<Response>().await };
    let mut future = Box::pin(layer.layer(Handler(handler)).oneshot(get("/")));
    assert!(
        std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending()))
            .await
    );
    drop(future);
    assert_eq!(recorder.only(), seen(499, Outcome::Cancelled, 0, 0));
}

/// acceptance 21.2 (11)
#[tokio::test]
async fn a_recovered_panic_is_recorded_with_its_status_and_code() {
    let (layer, recorder) = observed();
    let stack = ServiceBuilder::new()
        .layer(layer)
        .layer(RecoverLayer::new());
    let handler = |_: Request| async { panic!("boom") };
    let response = stack
        .service(Handler(handler))
        .oneshot(get("/"))
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    let seen = recorder.only();
    assert_eq!((seen.status, seen.outcome), (500, Outcome::Panicked));
    assert_eq!(seen.error.as_deref(), Some("internal"));
}

#[tokio::test]
async fn a_panic_that_nobody_recovers_is_recorded_too() {
    let (layer, recorder) = observed();
    let handler = |_: Request| async { panic!("boom") };
    let task = tokio::spawn(layer.layer(Handler(handler)).oneshot(get("/")));
    assert!(task.await.is_err_and(|error| error.is_panic()));
    assert_eq!(recorder.only(), seen(500, Outcome::Panicked, 0, 0));
}

#[tokio::test]
async fn head_sends_nothing() {
    let (layer, recorder) = observed();
    let request = http::Request::builder()
        .method(Method::HEAD)
        .uri("/")
        .body(Body::empty());
    let handler = |_| async { Response::new(stream(vec![Step::Data(b"ab")])) };
    drop(run(layer, handler, request.unwrap()).await);
    assert_eq!(recorder.only(), seen(200, Outcome::Completed, 0, 0));
}

#[tokio::test]
async fn a_sink_that_panics_harms_nobody() {
    struct Broken;
    impl RequestSink for Broken {
        fn begin(&self) {
            panic!("begin");
        }
        fn record(&self, _: &RequestRecord<'_>) {
            panic!("record");
        }
    }
    let recorder = Recorder::default();
    let layer = ObserveLayer::new().sink(Broken).sink(recorder.clone());
    let response = run(layer, |_| async { Response::default() }, get("/")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(recorder.only(), seen(200, Outcome::Completed, 0, 0));
}

#[tokio::test]
async fn the_trace_goes_on_inside_and_back_to_the_client() {
    let id = "0af7651916cd43dd8448eb211c80319c";
    let mut request = get("/");
    let parent = format!("00-{id}-b7ad6b7169203331-01");
    request
        .headers_mut()
        .insert("traceparent", parent.parse().unwrap());
    let handler = |_: Request| async {
        tokio::task::yield_now().await;
        Response::new(Body::from(trace::current().unwrap().trace_id.to_string()))
    };
    let response = run(ObserveLayer::new(), handler, request).await;
    let back = response.headers()["traceresponse"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        back.starts_with(&format!("00-{id}-")) && !back.contains("b7ad6b7169203331"),
        "{back}"
    );
    assert_eq!(bytes(response).await, id);
    assert_eq!(trace::current(), None, "nothing is left behind");
}

#[tokio::test]
async fn the_cause_of_a_failure_is_in_the_record_and_not_in_the_answer() {
    #[derive(Clone, Default)]
    struct Causes(Arc<Mutex<Vec<Option<String>>>>);
    impl RequestSink for Causes {
        fn record(&self, record: &RequestRecord<'_>) {
            let cause = record.error_message.map(str::to_owned);
            self.0.lock().unwrap().push(cause);
        }
    }
    let causes = Causes::default();
    let handler = |request: Request| async move {
        let context = plumego_contract::RequestContext::get(request.extensions()).unwrap();
        plumego_contract::Error::internal("postgres://root@db is away").respond(context)
    };
    let response = run(ObserveLayer::new().sink(causes.clone()), handler, get("/")).await;
    let body = bytes(response).await;
    assert!(!String::from_utf8_lossy(&body).contains("postgres"));
    let causes = causes.0.lock().unwrap();
    assert!(
        causes[0]
            .as_deref()
            .unwrap()
            .contains("postgres://root@db is away")
    );
}
