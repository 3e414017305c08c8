use std::sync::Arc;

use http::{Method, StatusCode};
use plumego_contract::{
    AppContext, Body, Connection, Error, ErrorFormat, IntoResponse, Json, Methods, Request,
    RequestContext, Response, RouteInfo, codes,
};
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::{DebugErrorsLayer, RecoverLayer};
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt};

use crate::harness::{Handler, Step, bytes, json as read, run, stream};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn layer() -> DebugErrorsLayer {
    let routes = RouteList::new();
    let layer = DebugErrorsLayer::new(routes.clone());
    let route =
        |method: Method, pattern: &str| Arc::new(RouteInfo::new(Methods::One(method), pattern));
    routes.set([
        route(Method::GET, "/users/{id}"),
        route(Method::POST, "/users"),
        route(Method::GET, "/orders"),
        route(Method::GET, "/files/{*path}"),
        route(Method::GET, "/a/very/long/path/that/is/nowhere/near"),
    ]);
    layer
}

fn get(path: &str, accept: &str) -> Request {
    http::Request::get(path)
        .header("accept", accept)
        .body(Body::empty())
        .unwrap()
}

async fn not_found(mut request: Request) -> Response {
    Error::new(codes::NOT_FOUND).respond(&RequestContext::of(&mut request))
}

async fn fails(mut request: Request) -> Response {
    let source = "dsn=<script>alert(1)</script>";
    Error::internal(source).respond(&RequestContext::of(&mut request))
}

#[tokio::test]
async fn a_path_that_nobody_knows_is_told_the_nearest_routes() {
    let response = run(layer(), not_found, get("/usrs/7?x=1", "*/*")).await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = read(response).await;
    assert_eq!(body["code"], "not_found");
    assert_eq!(body["trace_id"].as_str().unwrap().len(), 32);
    let debug = &body["debug"];
    assert_eq!(debug["method"], "GET");
    assert_eq!(debug["path"], "/usrs/7");
    assert_eq!(debug["query"], "x=1");
    assert_eq!(debug["nearest_routes"][0], "GET /users/{id}");
    assert!(!debug.to_string().contains("nowhere"), "{debug}");
    let location = debug["location"].as_str().unwrap();
    assert!(location.contains("debug_errors.rs:"), "{location}");
}

#[tokio::test]
async fn a_wrong_method_comes_first_among_the_nearest() {
    let handler = |mut request: Request| async move {
        let context = RequestContext::of(&mut request);
        Error::new(codes::METHOD_NOT_ALLOWED).respond(&context)
    };
    let body = read(run(layer(), handler, get("/users", "")).await).await;
    assert_eq!(body["debug"]["nearest_routes"][0], "POST /users");
}

#[tokio::test]
async fn a_failure_tells_its_causes_here_alone() {
    let body = read(run(layer(), fails, get("/", "application/json")).await).await;
    assert_eq!(body["debug"]["causes"][0], "dsn=<script>alert(1)</script>");
    assert!(body["debug"]["nearest_routes"].is_null());
    let plain = ServiceBuilder::new().service(Handler(fails));
    let body = read(plain.oneshot(get("/", "*/*")).await.unwrap()).await;
    assert!(!body.to_string().contains("dsn"), "{body}");
}

#[tokio::test]
async fn the_envelope_gets_its_details() {
    let mut app = AppContext::default();
    app.error_format = ErrorFormat::Envelope;
    let (mut parts, body) = get("/nope?a=1", "*/*").into_parts();
    let context = RequestContext::new(Arc::new(app), Connection::default(), &parts);
    parts.extensions.insert(context);
    let request = Request::from_parts(parts, body);
    let body = read(run(layer(), not_found, request).await).await;
    let details = &body["error"]["details"];
    assert_eq!(
        (&details["path"], &details["query"]),
        (&json!("/nope"), &json!("a=1"))
    );
    assert_eq!(body["error"]["code"], "not_found");
    assert!(body["debug"].is_null());
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    for (accept, html) in [
        (BROWSER, true),
        ("text/html", true),
        ("text/*", true),
        ("text/html;q=0.9, application/json;q=0.8", true),
        ("*/*", false),
        ("", false),
        ("application/json", false),
        ("text/html, application/json", false),
        ("text/html;q=0.5, */*", false),
        ("text/html;q=0", false),
        ("text/html;q=nan", false),
        ("application/problem+json, text/html;q=0.9", false),
    ] {
        let response = run(layer(), not_found, get("/nope", accept)).await;
        assert_eq!(response.status(), 404);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind.starts_with("text/html"), html, "{accept}");
        assert_eq!(response.headers()["vary"], "Accept");
        let policy = response.headers().get("content-security-policy");
        assert_eq!(policy.is_some(), html);
    }
}

#[tokio::test]
async fn nothing_of_the_request_becomes_markup() {
    let handler = |mut request: Request| async move {
        let context = RequestContext::of(&mut request);
        Error::custom(StatusCode::BAD_REQUEST, "odd")
            .with_detail("</p><script>alert(2)</script>")
            .with_source("\"><svg onload=alert(3)>")
            .respond(&context)
    };
    // `<` and `>` cannot stand in a target; quotes and `&` can.
    let mut request = get("/%3Cscript%3E'\"&onload='x'?q='&onload='y'", BROWSER);
    let method = Method::from_bytes(b"A'B&C").unwrap();
    *request.method_mut() = method;
    let response = run(layer(), handler, request).await;
    let page = String::from_utf8(bytes(response).await.to_vec()).unwrap();
    for markup in [
        "<script",
        "<svg",
        "<img",
        "</p><script",
        "A'B&C",
        "onload='",
    ] {
        assert!(!page.contains(markup), "{markup} in {page}");
    }
    assert!(
        page.contains("&lt;script&gt;alert(2)&lt;/script&gt;"),
        "{page}"
    );
    assert!(
        page.contains("&quot;&gt;&lt;svg onload=alert(3)&gt;"),
        "{page}"
    );
    assert!(page.contains("A&#39;B&amp;C"), "{page}");
}

#[tokio::test]
async fn the_answers_of_handlers_stay_as_they_are() {
    let own = |_: Request| async {
        let answer = (StatusCode::NOT_FOUND, Json(json!({"mine": true})));
        answer.into_response()
    };
    let response = run(layer(), own, get("/", BROWSER)).await;
    assert_eq!(bytes(response).await, r#"{"mine":true}"#);
    let text = |_: Request| async {
        let mut response = Response::new(Body::from("gone, sorry"));
        *response.status_mut() = StatusCode::GONE;
        response
    };
    let response = run(layer(), text, get("/", BROWSER)).await;
    assert_eq!(bytes(response).await, "gone, sorry");
    assert_eq!(
        bytes(
            run(
                layer(),
                |_| async { Response::new("ok".into()) },
                get("/", BROWSER)
            )
            .await
        )
        .await,
        "ok"
    );
}

#[tokio::test]
async fn a_stream_is_never_touched() {
    let handler = |request: Request| async move {
        let mut response = not_found(request).await;
        *response.body_mut() = stream(vec![Step::Data(b"first"), Step::Hang]);
        response
    };
    let response = run(layer(), handler, get("/", BROWSER)).await;
    let mut body = response.into_body();
    let frame = http_body_util::BodyExt::frame(&mut body)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame.into_data().unwrap(), "first");
}

#[tokio::test]
async fn a_panic_is_told_with_its_line() {
    let stack = ServiceBuilder::new()
        .layer(layer())
        .layer(RecoverLayer::new());
    let service = stack.service(Handler(|request: Request| async move {
        match request.uri().path() {
            "/text" => panic!("the text"),
            "/formatted" => panic!("the {}", "text"),
            "/other" => std::panic::panic_any(7),
            // Of another thread, as it is handed on.
            _ => std::panic::resume_unwind(Box::new("the text")),
        }
    }));
    for (path, expected) in [
        (
            "/text",
            "panic at crates/middleware/tests/it/debug_errors.rs:",
        ),
        (
            "/formatted",
            "panic at crates/middleware/tests/it/debug_errors.rs:",
        ),
        (
            "/other",
            "panic at crates/middleware/tests/it/debug_errors.rs:",
        ),
        ("/handed-on", "panic: the text"),
    ] {
        let answer = service.clone().oneshot(get(path, "*/*")).await.unwrap();
        let body = read(answer).await;
        let cause = body["debug"]["causes"][0].as_str().unwrap();
        assert!(cause.starts_with(expected), "{path}: {cause}");
    }
}

#[tokio::test]
async fn long_texts_are_cut() {
    let stack = ServiceBuilder::new()
        .layer(layer())
        .layer(RecoverLayer::new());
    let service = stack.service(Handler(|_: Request| async {
        panic!("{}", "x".repeat(5000))
    }));
    let long = format!("/{}?{}", "p".repeat(3000), "q".repeat(3000));
    let body = read(service.oneshot(get(&long, "*/*")).await.unwrap()).await;
    assert_eq!(body["code"], "internal");
    let debug = &body["debug"];
    for text in [&debug["path"], &debug["query"], &debug["causes"][0]] {
        assert_eq!(text.as_str().unwrap().len(), 1024);
    }
}
