//! Asking a frozen router, without a server.

use http::{HeaderMap, Method, StatusCode, header};
use plumego_contract::{AppContext, Body, Connection, Request, RequestContext, Response};
use plumego_router::{Frozen, Router};

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The stable code of an error.
    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect(&self.body);
        problem["code"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn freeze(router: Router) -> Frozen {
    router.freeze(AppContext::default()).unwrap()
}

/// The text of all problems of a router that must not freeze.
pub(crate) fn problems(router: Router) -> Vec<String> {
    let problems = router.freeze(AppContext::default()).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

pub(crate) fn request(method: &str, target: &str) -> Request {
    http::Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, "example.com")
        .body(Body::empty())
        .unwrap()
}

pub(crate) async fn ask(frozen: &Frozen, method: &str, target: &str) -> Answer {
    send(frozen, request(method, target)).await
}

pub(crate) async fn send(frozen: &Frozen, request: Request) -> Answer {
    read(
        frozen
            .dispatch(Connection::default(), request)
            .response
            .await,
    )
    .await
}

pub(crate) async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.into_bytes(1 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A handler that tells its route and the decoded parameters: `GET /users/{id}|7`.
pub(crate) async fn tell(method: Method, cx: RequestContext) -> String {
    let route = cx.route().map_or("none".to_owned(), ToString::to_string);
    let mut text = format!("{method}: {route}");
    for value in cx.params().values() {
        text.push('|');
        text.push_str(value);
    }
    text
}
