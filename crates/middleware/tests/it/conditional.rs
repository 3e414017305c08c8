use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use plumego_contract::{AppContext, Body, Error, Request, Response};
use plumego_middleware::ConditionalLayer;
use plumego_middleware::conditional::{CurrentState, EntityTag, Validators, Verdict, evaluate};
use plumego_router::Router;
use tower::ServiceExt;

use crate::harness::{Step, bytes, json, run, stream};

const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn state(tag: Option<EntityTag>) -> Validators {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_900);
    let mut validators = Validators::modified(at);
    validators.tag = tag;
    validators
}

#[derive(Clone, Copy)]
enum Tag {
    None,
    Strong,
    Weak,
}

type Row = (
    Tag,
    &'static [(&'static str, &'static str)],
    Verdict,
    Verdict,
);

/// What GET and what PUT come to.
fn check(rows: &[Row]) {
    for (tag, headers, get, put) in rows {
        let mut map = HeaderMap::new();
        for (name, value) in *headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let state = state(match tag {
            Tag::None => None,
            Tag::Strong => Some(EntityTag::strong("a")),
            Tag::Weak => Some(EntityTag::weak("a")),
        });
        let verdicts = (
            evaluate(&Method::GET, &map, Some(&state)),
            evaluate(&Method::PUT, &map, Some(&state)),
        );
        assert_eq!(
            verdicts,
            (*get, *put),
            "{headers:?} against {:?}",
            state.tag
        );
        assert_eq!(evaluate(&Method::HEAD, &map, Some(&state)), *get);
    }
}

#[test]
fn if_none_match_compares_weakly_and_makes_304_or_412() {
    use Tag::{None, Strong, Weak};
    use Verdict::{Failed as F, NotModified as N, Proceed as P};
    check(&[
        (Strong, &[], P, P),
        (Strong, &[("if-none-match", "\"a\"")], N, F),
        (Strong, &[("if-none-match", "W/\"a\"")], N, F),
        (Weak, &[("if-none-match", "\"a\"")], N, F),
        (Strong, &[("if-none-match", "\"b\"")], P, P),
        (Strong, &[("if-none-match", "*")], N, F),
        (None, &[("if-none-match", "*")], N, F),
        (None, &[("if-none-match", "\"a\"")], P, P),
        (
            Strong,
            &[("if-none-match", "\"x,y\" , W/\"b\",\"a\"")],
            N,
            F,
        ),
        (
            Strong,
            &[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")],
            N,
            F,
        ),
        // Members with nothing in them do not count.
        (Strong, &[("if-none-match", "\"b\",, \"a\"")], N, F),
        (Strong, &[("if-none-match", ", ,\t\"a\",")], N, F),
        (Strong, &[("if-none-match", ", ,")], P, P),
        (Strong, &[("if-none-match", "a")], P, P),
        (Strong, &[("if-none-match", "\"a")], P, P),
        (Strong, &[("if-none-match", "w/\"a\"")], P, P),
        (Strong, &[("if-none-match", "\"A\"")], P, P),
        (Strong, &[("if-none-match", "\"b\", \"*\"")], P, P),
        (Strong, &[("if-none-match", "broken, \"a\"")], P, P),
    ]);
}

#[test]
fn if_match_compares_strongly_and_comes_before_the_others() {
    use Tag::{None, Strong, Weak};
    use Verdict::{Failed as F, NotModified as N, Proceed as P};
    check(&[
        (Strong, &[("if-match", "\"a\"")], P, P),
        (Strong, &[("if-match", "\"b\", \"a\"")], P, P),
        (Strong, &[("if-match", "\"b\", , \"a\"")], P, P),
        (Strong, &[("if-match", "*")], P, P),
        (None, &[("if-match", "*")], P, P),
        (Strong, &[("if-match", "W/\"a\"")], F, F),
        (Weak, &[("if-match", "W/\"a\"")], F, F),
        (Weak, &[("if-match", "\"a\"")], F, F),
        (Strong, &[("if-match", "\"b\"")], F, F),
        (Strong, &[("if-match", "")], F, F),
        (None, &[("if-match", "\"a\"")], F, F),
        (None, &[("if-modified-since", AT)], N, P),
        (None, &[("if-modified-since", AFTER)], N, P),
        (None, &[("if-modified-since", BEFORE)], P, P),
        (None, &[("if-modified-since", "yesterday")], P, P),
        (
            None,
            &[("if-modified-since", AT), ("if-modified-since", AT)],
            P,
            P,
        ),
        (None, &[("if-unmodified-since", AT)], P, P),
        (None, &[("if-unmodified-since", BEFORE)], F, F),
        (None, &[("if-unmodified-since", "1994")], P, P),
        // If-None-Match beats If-Modified-Since, If-Match beats If-Unmodified-Since.
        (
            Strong,
            &[("if-none-match", "\"b\""), ("if-modified-since", AT)],
            P,
            P,
        ),
        (
            Strong,
            &[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)],
            P,
            P,
        ),
        (
            Strong,
            &[("if-match", "\"a\""), ("if-none-match", "\"a\"")],
            N,
            F,
        ),
        (
            Strong,
            &[("if-match", "\"b\""), ("if-none-match", "\"a\"")],
            F,
            F,
        ),
    ]);
}

#[test]
fn what_is_not_there_matches_nothing() {
    for (name, value, expected) in [
        ("if-match", "*", Verdict::Failed),
        ("if-match", "\"a\"", Verdict::Failed),
        ("if-none-match", "*", Verdict::Proceed),
        ("if-unmodified-since", BEFORE, Verdict::Proceed),
    ] {
        let mut map = HeaderMap::new();
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
        assert_eq!(
            evaluate(&Method::PUT, &map, None),
            expected,
            "{name}: {value}"
        );
    }
}

fn request(method: Method, headers: &[(&str, &str)]) -> Request {
    let mut builder = http::Request::builder().method(method).uri("/");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::empty()).unwrap()
}

async fn page(_: Request) -> Response {
    http::Response::builder()
        .header("etag", "\"a\"")
        .header("last-modified", AT)
        .header("cache-control", "max-age=60")
        .header("content-location", "/page.html")
        .header("expires", AFTER)
        .header("vary", "accept")
        .header("content-type", "text/plain")
        .header("content-length", "4")
        .header("content-language", "en")
        .body(Body::from("page"))
        .unwrap()
}

#[tokio::test]
async fn a_304_has_the_headers_that_a_cache_needs_and_no_body() {
    let request = request(Method::GET, &[("if-none-match", "W/\"a\"")]);
    let response = run(ConditionalLayer::new(), page, request).await;
    assert_eq!(response.status(), 304);
    let mut names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let kept = [
        "cache-control",
        "content-location",
        "etag",
        "expires",
        "vary",
    ];
    assert_eq!(names, kept);
    assert!(bytes(response).await.is_empty());
}

#[tokio::test]
async fn without_a_tag_the_date_stays() {
    let handler = |_: Request| async {
        let mut response = Response::new(Body::from("x"));
        let headers = response.headers_mut();
        headers.insert("last-modified", AT.parse().unwrap());
        response
    };
    let request = request(Method::HEAD, &[("if-modified-since", AT)]);
    let response = run(ConditionalLayer::new(), handler, request).await;
    assert_eq!(response.status(), 304);
    assert_eq!(response.headers()["last-modified"], AT);
}

#[tokio::test]
async fn a_read_whose_condition_fails_is_a_412_problem() {
    let request = request(Method::GET, &[("if-match", "\"b\"")]);
    let response = run(ConditionalLayer::new(), page, request).await;
    assert_eq!(response.status(), 412);
    assert_eq!(response.headers()["etag"], "\"a\"");
    assert_eq!(json(response).await["code"], "precondition_failed");
}

#[tokio::test]
async fn an_answer_that_is_no_success_has_no_conditions() {
    for status in [302, 404, 500] {
        let handler = move |request: Request| async move {
            let mut response = page(request).await;
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            response
        };
        for headers in [[("if-none-match", "*")], [("if-match", "\"b\"")]] {
            let request = request(Method::GET, &headers);
            let response = run(ConditionalLayer::new(), handler, request).await;
            assert_eq!(response.status(), status);
        }
    }
}

#[tokio::test]
async fn a_tag_is_computed_by_choice_for_what_is_in_memory() {
    type Answer = fn() -> Response;
    let plain: Answer = || Response::new(Body::from("page"));
    let streamed: Answer = || Response::new(stream(vec![Step::Data(b"page")]));
    let no_store: Answer = || {
        let mut response = Response::new(Body::from("page"));
        let headers = response.headers_mut();
        headers.insert("cache-control", "private, no-store".parse().unwrap());
        response
    };
    let created: Answer = || {
        let mut response = Response::new(Body::from("page"));
        *response.status_mut() = http::StatusCode::CREATED;
        response
    };
    let computing = ConditionalLayer::new().compute_tags();
    let small = ConditionalLayer::new().compute_tags_up_to(3);
    for (layer, answer, expected) in [
        (computing.clone(), plain, true),
        (ConditionalLayer::new(), plain, false),
        (small, plain, false),
        (computing.clone(), streamed, false),
        (computing.clone(), no_store, false),
        (computing.clone(), created, false),
        (computing.clone(), Response::default as Answer, false),
    ] {
        let handler = move |_: Request| async move { answer() };
        let response = run(layer, handler, request(Method::GET, &[])).await;
        assert_eq!(response.headers().contains_key("etag"), expected);
    }
    let handler = |_: Request| async { Response::new(Body::from("page")) };
    let first = run(computing.clone(), handler, request(Method::GET, &[])).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    assert_eq!(bytes(first).await, "page");
    let again = request(Method::GET, &[("if-none-match", &tag)]);
    assert_eq!(run(computing.clone(), handler, again).await.status(), 304);
    let other = |_: Request| async { Response::new(Body::from("pagf")) };
    let again = request(Method::GET, &[("if-none-match", &tag)]);
    assert_eq!(run(computing.clone(), other, again).await.status(), 200);
    let own = run(computing, page, request(Method::GET, &[])).await;
    assert_eq!(own.headers()["etag"], "\"a\"", "the handler's own stays");
}

struct Known(Option<&'static str>);

impl CurrentState for Known {
    async fn current(&self, parts: &Parts) -> Result<Option<Validators>, Error> {
        if parts.headers.contains_key("x-away") {
            return Err(Error::unavailable("dsn=postgres://root@db"));
        }
        Ok(self.0.map(|tag| Validators::tagged(EntityTag::strong(tag))))
    }
}

#[tokio::test]
async fn a_write_is_checked_before_its_handler_runs() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = move |_: Request| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Response::default() }
    };
    for (known, headers, status, ran) in [
        (Some("a"), [("if-match", "\"a\"")], 200, 1),
        (Some("a"), [("if-match", "\"b\"")], 412, 0),
        (Some("a"), [("if-match", "W/\"a\"")], 412, 0),
        (Some("a"), [("if-none-match", "*")], 412, 0),
        (None, [("if-none-match", "*")], 200, 1),
        (None, [("if-match", "*")], 412, 0),
        (Some("a"), [("x-none", "")], 200, 1),
    ] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::POST] {
            calls.store(0, Ordering::SeqCst);
            let layer = ConditionalLayer::new().current_state(Known(known));
            let response = run(layer, handler.clone(), request(method, &headers)).await;
            assert_eq!(response.status(), status, "{headers:?}");
            assert_eq!(calls.load(Ordering::SeqCst), ran, "{headers:?}");
        }
    }
    calls.store(0, Ordering::SeqCst);
    let layer = ConditionalLayer::new().current_state(Known(None));
    let away = [("if-match", "*"), ("x-away", "1")];
    let response = run(layer, handler.clone(), request(Method::PUT, &away)).await;
    assert_eq!(
        (response.status().as_u16(), calls.load(Ordering::SeqCst)),
        (503, 0)
    );
    assert!(!json(response).await.to_string().contains("postgres"));
    let blind = request(Method::PUT, &[("if-match", "\"b\"")]);
    let response = run(ConditionalLayer::new(), handler, blind).await;
    assert_eq!(
        (response.status().as_u16(), calls.load(Ordering::SeqCst)),
        (200, 1)
    );
}

struct Fixed;

impl CurrentState for Fixed {
    async fn current(&self, _: &Parts) -> Result<Option<Validators>, Error> {
        Ok(Some(Validators::tagged(EntityTag::strong("v1"))))
    }
}

/// RFC 9110, section 13.2.1: no condition where the answer without it is no 2xx.
#[tokio::test]
async fn conditions_are_held_where_a_handler_runs_and_nowhere_else() {
    let layer = ConditionalLayer::new().current_state(Fixed);
    let router = Router::new()
        .layer(layer)
        .put("/page", async || "put")
        .options("/own", async || "options");
    let frozen = router.freeze(AppContext::default()).unwrap();
    for (method, path, status) in [
        ("PUT", "/page", 412),
        ("PATCH", "/page", 405),
        ("PUT", "/nowhere", 404),
        ("OPTIONS", "/page", 204),
        ("OPTIONS", "/own", 200),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "example.com")
            .header("if-match", "\"guess\"")
            .body(Body::empty())
            .unwrap();
        let response = frozen.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers().contains_key("etag"), status == 412);
    }
}

#[test]
fn the_first_64_members_of_a_list_are_looked_at() {
    let state = state(Some(EntityTag::strong("a")));
    for (before, expected) in [(63, Verdict::NotModified), (64, Verdict::Proceed)] {
        let mut headers = HeaderMap::new();
        let list = format!("{}\"a\"", "\"\", ".repeat(before));
        headers.insert("if-none-match", list.parse().unwrap());
        assert_eq!(
            evaluate(&Method::GET, &headers, Some(&state)),
            expected,
            "{before}"
        );
    }
}
