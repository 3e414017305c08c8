use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use plumego_contract::{
    Body, Connection, Methods, Request, RequestContext, Response, RouteInfo, RouteTimeout,
};
use plumego_middleware::{RecoverLayer, TimeoutLayer};
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt};

use crate::harness::{Handler, bytes, get, json, routed, run};

const SECOND: Duration = Duration::from_secs(1);

async fn takes(time: Duration) -> Response {
    let end = Instant::now() + time;
    tokio::time::timeout_at(end, std::future::pending::<()>())
        .await
        .unwrap_err();
    Response::new(Body::from("ok"))
}

/// acceptance 21.1 (29)
#[tokio::test(start_paused = true)]
async fn beyond_the_time_there_is_a_504_and_the_handler_is_dropped() {
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let handler = move |_: Request| {
        let guard = Dropped(Arc::clone(&flag));
        async move {
            let _guard = guard;
            takes(60 * SECOND).await
        }
    };
    let before = Instant::now();
    let response = run(TimeoutLayer::new(5 * SECOND), handler, get("/slow")).await;
    assert!(before.elapsed() >= 5 * SECOND && before.elapsed() < 6 * SECOND);
    assert!(dropped.load(Ordering::SeqCst));
    assert_eq!(response.status(), 504);
    let body = json(response).await;
    assert_eq!(
        (&body["code"], &body["category"]),
        (&"timeout".into(), &"timeout_error".into())
    );
    assert_eq!(body["detail"], "The answer was not ready within 5s.");
}

/// acceptance 21.1 (29)
#[tokio::test(start_paused = true)]
async fn in_time_everything_passes_through() {
    let handler = |_: Request| async {
        let mut response = takes(4 * SECOND).await;
        response.headers_mut().insert("x-own", "1".parse().unwrap());
        *response.status_mut() = http::StatusCode::CREATED;
        response
    };
    let response = run(TimeoutLayer::new(5 * SECOND), handler, get("/")).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-own"]),
        (201, &"1".parse().unwrap())
    );
    assert_eq!(bytes(response).await, "ok");
}

/// acceptance 21.2 (17)
#[tokio::test(start_paused = true)]
async fn streams_and_large_bodies_are_not_cut() {
    let handler = |_: Request| async {
        let body = http_body_util::StreamBody::new(Slow { left: 10 });
        Response::new(Body::new(body))
    };
    let response = run(TimeoutLayer::new(SECOND), handler, get("/stream")).await;
    let before = Instant::now();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 10 * 1024 * 1024);
    assert!(before.elapsed() >= 100 * SECOND);
}

/// A mebibyte each ten seconds.
struct Slow {
    left: usize,
}

impl futures_core::Stream for Slow {
    type Item = Result<http_body::Frame<bytes::Bytes>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        let mut wait = pin!(async { advance(10 * SECOND).await });
        let _ = wait.as_mut().poll(cx);
        let chunk = bytes::Bytes::from(vec![0; 1024 * 1024]);
        Poll::Ready(Some(Ok(http_body::Frame::data(chunk))))
    }
}

/// acceptance 21.2 (17)
#[tokio::test(start_paused = true)]
async fn a_panic_under_it_is_a_500() {
    let handler = |_: Request| async {
        tokio::task::yield_now().await;
        panic!("boom")
    };
    let service = TimeoutLayer::new(SECOND).layer(Handler(handler));
    let response = RecoverLayer::new()
        .layer(service)
        .oneshot(get("/"))
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
}

/// Without a runtime a timer cannot be made: so none was.
#[test]
fn a_handler_that_answers_at_once_costs_no_timer() {
    let handler = |_: Request| async { Response::new(Body::from("ok")) };
    let response = pin!(
        TimeoutLayer::default()
            .layer(Handler(handler))
            .oneshot(get("/"))
    );
    let Poll::Ready(response) = response.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it was not ready at once");
    };
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn handlers_see_the_deadline() {
    let left = |request: Request| async move {
        let context = RequestContext::get(request.extensions()).unwrap().clone();
        Response::new(Body::from(format!("{:?}", context.time_left())))
    };
    let response = run(TimeoutLayer::new(5 * SECOND), left, get("/")).await;
    assert_eq!(bytes(response).await, "Some(5s)");
    let response = run(TimeoutLayer::default(), left, get("/")).await;
    assert_eq!(bytes(response).await, "Some(30s)");
}

#[tokio::test(start_paused = true)]
async fn a_route_may_have_a_time_of_its_own() {
    let on = |timeout: RouteTimeout| {
        let mut route = RouteInfo::new(Methods::One(Method::GET), "/report");
        route.timeout = Some(timeout);
        routed(get("/report"), route)
    };
    let layer = TimeoutLayer::new(5 * SECOND);
    let handler = |_: Request| takes(100 * SECOND);
    for (request, status) in [
        (get("/report"), 504),
        (on(RouteTimeout::After(SECOND)), 504),
        (on(RouteTimeout::After(200 * SECOND)), 200),
        (on(RouteTimeout::After(Duration::MAX)), 200),
        (on(RouteTimeout::Never), 200),
    ] {
        assert_eq!(run(layer, handler, request).await.status(), status);
    }
    let longer = RequestContext::of(&mut on(RouteTimeout::After(200 * SECOND)));
    assert_eq!(longer.time_left(), Some(200 * SECOND));
    assert_eq!(
        RequestContext::of(&mut on(RouteTimeout::Never)).deadline(),
        None
    );
}

/// The time that a request waited above the layer counts.
#[tokio::test(start_paused = true)]
async fn the_time_runs_from_the_start_of_the_request() {
    let mut request = get("/");
    RequestContext::of(&mut request);
    advance(3 * SECOND).await;
    let before = Instant::now();
    let response = run(
        TimeoutLayer::new(5 * SECOND),
        |_| takes(60 * SECOND),
        request,
    )
    .await;
    assert_eq!(response.status(), 504);
    assert!(before.elapsed() < 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_application_may_change() {
    let mut app = plumego_contract::AppContext::default();
    app.request_deadline = Some(SECOND);
    let app = Arc::new(app);
    let ask = async || {
        let mut request = get("/slow");
        let (parts, ()) = http::Request::new(()).into_parts();
        let context = RequestContext::new(app.clone(), Connection::default(), &parts);
        request.extensions_mut().insert(context);
        let before = Instant::now();
        let handler = |_: Request| takes(60 * SECOND);
        let response = run(TimeoutLayer::of_application(), handler, request).await;
        (response.status().as_u16(), before.elapsed().as_secs())
    };
    assert_eq!(ask().await, (504, 1));
    app.adjust().set_request_deadline(Some(5 * SECOND));
    assert_eq!(ask().await, (504, 5));
    app.adjust().set_request_deadline(None);
    assert_eq!(ask().await, (200, 60));
}
