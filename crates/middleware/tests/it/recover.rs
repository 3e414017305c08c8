use http_body_util::BodyExt;
use plumego_contract::{Body, Request, Response};
use plumego_middleware::{RecoverLayer, recover::Panicked};
use tower::ServiceExt;

use crate::harness::{Step, bytes, get, json, run, stream};

async fn panics_with(text: &'static str, kind: u8) -> Response {
    let handler = move |_: Request| async move {
        match kind {
            0 => panic!("{text}"),
            1 => std::panic::panic_any(text.to_owned()),
            _ => std::panic::panic_any(42_u64),
        }
    };
    run(RecoverLayer::new(), handler, get("/boom")).await
}

/// acceptance 21.1 (28), 21.2 (24)
#[tokio::test]
async fn a_panic_is_a_500_without_its_text() {
    for kind in 0..3 {
        let response = panics_with("postgres://root:hunter2@db", kind).await;
        assert_eq!(response.status(), 500);
        assert!(response.extensions().get::<Panicked>().is_some());
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let body = bytes(response).await;
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("\"code\":\"internal\""), "{text}");
    }
}

#[tokio::test]
async fn the_answer_has_the_trace_id_that_came_in() {
    let mut request = get("/boom");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request
        .headers_mut()
        .insert("traceparent", parent.parse().unwrap());
    let response = run(RecoverLayer::new(), |_| async { panic!("x") }, request).await;
    assert_eq!(
        json(response).await["trace_id"],
        "0af7651916cd43dd8448eb211c80319c"
    );
}

#[tokio::test]
async fn a_layer_that_panics_in_its_call_is_caught() {
    let broken = tower::service_fn(
        |_: Request| -> std::future::Ready<Result<Response, std::convert::Infallible>> {
            panic!("in the layer")
        },
    );
    let service = tower::ServiceBuilder::new()
        .layer(RecoverLayer::new())
        .service(broken);
    assert_eq!(service.oneshot(get("/")).await.unwrap().status(), 500);
}

#[tokio::test]
async fn a_body_that_panics_ends_with_an_error() {
    let handler = |_: Request| async {
        Response::new(stream(vec![
            Step::Data(b"first"),
            Step::Panic("secret text"),
        ]))
    };
    let response = run(RecoverLayer::new(), handler, get("/")).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "first"
    );
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(
        error.is::<Panicked>() && !error.to_string().contains("secret"),
        "{error}"
    );
    assert!(body.frame().await.is_none(), "the stream is over");
}

#[tokio::test]
async fn what_does_not_panic_is_untouched() {
    let response = run(
        RecoverLayer::new(),
        |_| async { Response::new(Body::from("ok")) },
        get("/"),
    )
    .await;
    assert_eq!(
        (response.status().as_u16(), bytes(response).await.as_ref()),
        (200, &b"ok"[..])
    );
}
