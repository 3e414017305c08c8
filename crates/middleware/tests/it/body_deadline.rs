use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use plumego_contract::{
    Body, BoxError, FromRequest, IntoResponse, Request, RequestContext, Response,
};
use plumego_middleware::BodyDeadlineLayer;
use plumego_middleware::body_deadline::BodyDeadlineConfig;
use tokio::time::{Instant, Sleep, advance, sleep_until};

use crate::harness::{json, run};

const SECOND: Duration = Duration::from_secs(1);

/// A client that sends so many bytes after each pause, and then is done or hangs.
struct Client {
    chunks: Vec<(Duration, usize)>,
    hangs: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

fn client(chunks: Vec<(Duration, usize)>) -> Client {
    Client {
        chunks: chunks.into_iter().rev().collect(),
        hangs: false,
        pause: None,
    }
}

impl HttpBody for Client {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some((pause, bytes)) = self.chunks.last().copied() else {
            return if self.hangs {
                Poll::Pending
            } else {
                Poll::Ready(None)
            };
        };
        let timer = self
            .pause
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + pause)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        self.chunks.pop();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; bytes])))))
    }
}

async fn reads(request: Request) -> Response {
    let context = RequestContext::get(request.extensions()).unwrap().clone();
    let body = Bytes::from_request(request).await;
    body.map(|bytes| bytes.len().to_string()).respond(&context)
}

async fn post(layer: BodyDeadlineLayer, client: Client) -> (Response, Duration) {
    let before = Instant::now();
    let request = http::Request::post("/").body(Body::new(client)).unwrap();
    let response = run(layer, reads, request).await;
    (response, before.elapsed())
}

async fn check(chunks: Vec<(Duration, usize)>, expected: u16) -> Duration {
    let (response, took) = post(BodyDeadlineLayer::default(), client(chunks)).await;
    assert_eq!(response.status(), expected);
    took
}

#[test]
fn the_defaults() {
    let config = BodyDeadlineConfig::default();
    assert_eq!(config.min_bytes_per_second, NonZeroU64::new(240));
    assert_eq!((config.grace, config.total), (10 * SECOND, None));
}

#[test]
fn what_would_refuse_every_body_that_waits_is_refused_by_name() {
    type Change = fn(&mut BodyDeadlineConfig);
    let bad: [(&str, Change); 5] = [
        ("grace is 0ns", |config| config.grace = Duration::ZERO),
        ("grace is", |config| config.grace = Duration::MAX),
        ("total is 0ns", |config| config.total = Some(Duration::ZERO)),
        ("total is", |config| config.total = Some(Duration::MAX)),
        ("min_bytes_per_second is 18446744073709551615", |config| {
            config.min_bytes_per_second = NonZeroU64::new(u64::MAX);
        }),
    ];
    for (expected, change) in bad {
        let mut config = BodyDeadlineConfig::default();
        change(&mut config);
        let error = BodyDeadlineLayer::new(config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("it must be from 1"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_gets_one_408() {
    let mut hanging = client(vec![(SECOND, 100)]);
    hanging.hangs = true;
    let (response, took) = post(BodyDeadlineLayer::default(), hanging).await;
    assert_eq!(response.status(), 408);
    assert!(took >= 10 * SECOND && took < 12 * SECOND, "{took:?}");
    let body = json(response).await;
    assert_eq!(body["code"], "body_timeout");
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("240 bytes a second")
    );
}

/// The attack: a byte just before each pause would be too long.
#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_is_not_enough() {
    let drip = vec![(9 * SECOND, 1); 100];
    let took = check(drip, 408).await;
    assert!(took < 20 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_steady_slow_client_gets_through() {
    let took = check(vec![(SECOND, 240); 600], 200).await;
    assert!(took >= 600 * SECOND);
    check(vec![(5 * SECOND, 1_200); 100], 200).await;
    check(vec![(SECOND, 200); 600], 408).await;
}

/// What came fast is no credit for a long pause.
#[tokio::test(start_paused = true)]
async fn a_fast_start_buys_no_pause_longer_than_the_grace() {
    let took = check(vec![(Duration::ZERO, 1_000_000), (3600 * SECOND, 1)], 408).await;
    assert!(took <= 11 * SECOND, "{took:?}");
    check(vec![(Duration::ZERO, 1_000_000), (9 * SECOND, 1)], 200).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_not_held_against_the_client() {
    let handler = |request: Request| async move {
        let mut body = request.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.unwrap().into_data().unwrap().len();
            advance(60 * SECOND).await;
        }
        Response::new(Body::from(bytes.to_string()))
    };
    let body = Body::new(client(vec![(SECOND, 300); 10]));
    let request = http::Request::post("/").body(body).unwrap();
    let response = run(BodyDeadlineLayer::default(), handler, request).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_total_holds_however_fast_the_client_is() {
    let mut config = BodyDeadlineConfig::default();
    config.total = Some(30 * SECOND);
    let steady = || client(vec![(SECOND, 10_000); 60]);
    let (response, took) = post(BodyDeadlineLayer::new(config).unwrap(), steady()).await;
    assert_eq!(response.status(), 408);
    assert!(took >= 30 * SECOND && took < 31 * SECOND, "{took:?}");
    let detail = json(response).await["detail"].clone();
    assert_eq!(detail, "The body was not complete within 30s.");

    config.total = None;
    config.min_bytes_per_second = None;
    let slow = client(vec![(3600 * SECOND, 1); 3]);
    let (response, _) = post(BodyDeadlineLayer::new(config).unwrap(), slow).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn after_its_error_the_body_is_over() {
    let handler = |request: Request| async move {
        let mut body = request.into_body();
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none() && body.is_end_stream());
        Response::new(Body::empty())
    };
    let body = Body::new(client(vec![(60 * SECOND, 1); 3]));
    let request = http::Request::post("/").body(body).unwrap();
    run(BodyDeadlineLayer::default(), handler, request).await;
}

#[tokio::test]
async fn a_body_in_memory_stays_there() {
    let handler = |request: Request| async move {
        assert_eq!(request.body().as_bytes(), Some(&b"whole"[..]));
        Response::new(Body::empty())
    };
    let request = http::Request::post("/").body(Body::from("whole")).unwrap();
    run(BodyDeadlineLayer::default(), handler, request).await;
}
