use http::StatusCode;
use plumego_contract::{BoxError, Error, Request, Response};
use plumego_middleware::{Next, from_fn};
use tower::{Layer, ServiceExt};

use crate::harness::{get, json, run};

#[tokio::test]
async fn it_changes_request_and_response() {
    let layer = from_fn(async |mut request: Request, next: Next| {
        request.headers_mut().insert("x-in", "1".parse().unwrap());
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-out", "2".parse().unwrap());
        response
    });
    let handler = |request: Request| async move {
        assert_eq!(request.headers()["x-in"], "1");
        Response::default()
    };
    let response = run(layer, handler, get("/")).await;
    assert_eq!(response.headers()["x-out"], "2");
}

#[tokio::test]
async fn it_answers_by_itself() {
    let layer = from_fn(|_: Request, _: Next| async { StatusCode::NO_CONTENT });
    let response = run(layer, |_| async { panic!("must not run") }, get("/")).await;
    assert_eq!(response.status(), 204);
}

#[tokio::test]
async fn its_error_is_rendered_with_the_trace_id() {
    let layer =
        from_fn(|_: Request, _: Next| async { Err::<(), _>(Error::forbidden("members only")) });
    let response = run(layer, |_| async { Response::default() }, get("/")).await;
    assert_eq!(response.status(), 403);
    assert_eq!(json(response).await["trace_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn an_error_of_the_service_below_is_rendered() {
    let failing = tower::service_fn(|_: Request| async {
        Err::<Response, BoxError>("dsn=postgres://root@db".into())
    });
    let layer = from_fn(|request: Request, next: Next| next.run(request));
    let response = layer.layer(failing).oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), 500);
    assert!(!json(response).await.to_string().contains("postgres"));
}
