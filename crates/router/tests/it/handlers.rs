//! Handlers: argument lists, closures, errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, Method, StatusCode, Uri};
use plumego_contract::extract::MatchedRoute;
use plumego_contract::{AppContext, Body, Error, FromParts, RequestContext, State, codes};
use plumego_router::Router;

use crate::client::{ask, freeze, request, send};

#[tokio::test]
async fn nothing_to_twelve_arguments() {
    #[allow(
        clippy::too_many_arguments,
        reason = "twelve is the most a handler may have"
    )]
    async fn twelve(
        _: Method,
        _: Uri,
        _: HeaderMap,
        _: RequestContext,
        _: MatchedRoute,
        _: State<u8>,
        _: Method,
        _: Method,
        _: Method,
        _: Option<State<u64>>,
        absent: Option<State<u32>>,
        body: String,
    ) -> String {
        assert!(absent.is_none());
        body
    }
    let frozen = freeze(
        Router::new()
            .state(7_u8)
            .get("/0", async || "nothing")
            .post("/1", async |body: String| body)
            .get("/2", async |method: Method, uri: Uri| {
                format!("{method} {uri}")
            })
            .post("/12", twelve),
    );
    assert_eq!(ask(&frozen, "GET", "/0").await.body, "nothing");
    assert_eq!(ask(&frozen, "GET", "/2?q=1").await.body, "GET /2?q=1");
    for path in ["/1", "/12"] {
        let mut post = request("POST", path);
        *post.body_mut() = Body::from("text");
        assert_eq!(send(&frozen, post).await.body, "text");
    }
}

#[tokio::test]
async fn closures_may_capture() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let frozen = freeze(Router::new().get("/", async move || {
        seen.fetch_add(1, Ordering::Relaxed);
        StatusCode::ACCEPTED
    }));
    for _ in 0..3 {
        assert_eq!(ask(&frozen, "GET", "/").await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

struct Refused;

impl FromParts for Refused {
    async fn from_parts(_: &mut http::request::Parts) -> Result<Self, Error> {
        Err(Error::new(codes::UNAUTHENTICATED))
    }
}

#[tokio::test]
async fn an_extractor_that_fails_answers_and_nothing_after_it_runs() {
    struct Unreached;
    impl FromParts for Unreached {
        async fn from_parts(_: &mut http::request::Parts) -> Result<Self, Error> {
            panic!("extracted after a failure")
        }
    }
    let frozen = freeze(
        Router::new()
            .get("/first", async |_: Refused, _: Unreached| "handled")
            .get("/last", async |_: Method, _: Refused| "handled")
            .get("/only", async |_: Refused| "handled"),
    );
    for path in ["/first", "/last", "/only"] {
        let answer = ask(&frozen, "GET", path).await;
        assert_eq!(answer.code(), "unauthenticated", "{path}");
        assert!(answer.body.contains("trace_id"), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_error_of_the_handler_knows_the_request() {
    struct Missing;
    impl From<Missing> for Error {
        fn from(_: Missing) -> Self {
            Self::not_found("order_missing", "no such order")
        }
    }
    let frozen = freeze(Router::new().get("/x", async || Err::<(), _>(Missing)));
    let answer = ask(&frozen, "GET", "/x").await;
    assert_eq!(answer.code(), "order_missing");
    assert!(
        answer.body.contains("\"instance\":\"/x\""),
        "{}",
        answer.body
    );
}

#[test]
fn a_frozen_router_is_cheap_to_share() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let frozen = Router::new().freeze(AppContext::default()).unwrap();
    shared(&frozen);
    assert_eq!(size_of_val(&frozen), size_of::<usize>());
}
