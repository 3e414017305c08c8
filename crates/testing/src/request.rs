//! A request to an application under test.

use std::fmt::Display;
use std::future::IntoFuture;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method};
use plumego_contract::{Body, Connection, Request, Response};
use plumego_router::Frozen;
use serde::Serialize;

use crate::TestResponse;

/// The most bytes of a response that are read into memory: 64 MiB.
const MAX_RESPONSE_BYTES: u64 = 64 * 1024 * 1024;

/// A request that is sent when it is awaited.
#[must_use = "a request is sent when it is awaited"]
#[derive(Debug)]
pub struct TestRequest {
    router: Frozen,
    connection: Connection,
    request: Request,
}

impl TestRequest {
    pub(crate) fn new(router: Frozen, from: Connection, method: Method, path: &str) -> Self {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .body(Body::empty())
            .unwrap_or_else(|error| panic!("`{path}` is no request target: {error}"));
        Self {
            router,
            connection: from,
            request,
        }
    }

    /// Sets a header; one of that name is replaced.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        let header = HeaderName::try_from(name);
        let header = header.unwrap_or_else(|_| panic!("`{name}` is no header name"));
        let value = HeaderValue::try_from(value.to_string());
        let value = value.unwrap_or_else(|_| panic!("the value of `{name}` is no header value"));
        self.request.headers_mut().insert(header, value);
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: impl Display) -> Self {
        self.header(AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    /// Replaces the query string by these fields.
    pub fn query(mut self, fields: &impl Serialize) -> Self {
        let query = serde_html_form::to_string(fields);
        let query = query.unwrap_or_else(|error| panic!("no query string: {error}"));
        let target = format!("{}?{query}", self.request.uri().path());
        *self.request.uri_mut() = target
            .parse()
            .unwrap_or_else(|error| panic!("`{target}` is no target: {error}"));
        self
    }

    /// Sends a JSON body.
    pub fn json(self, value: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(value);
        let bytes = bytes.unwrap_or_else(|error| panic!("the body is no JSON: {error}"));
        self.header(CONTENT_TYPE.as_str(), "application/json")
            .body(bytes)
    }

    /// Sends a URL-encoded form.
    pub fn form(self, fields: &impl Serialize) -> Self {
        let text = serde_html_form::to_string(fields);
        let text = text.unwrap_or_else(|error| panic!("the body is no form: {error}"));
        self.header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
            .body(text)
    }

    /// Sends this body, without a content type unless one was set.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends the request and reads the whole response, at most 64 MiB of it.
    pub async fn send(self) -> TestResponse {
        let (parts, body) = self.stream().await.into_parts();
        let bytes: Bytes = match body.into_bytes(MAX_RESPONSE_BYTES).await {
            Ok(bytes) => bytes,
            Err(error) => panic!("the response body failed: {error:?}"),
        };
        TestResponse::new(parts, bytes)
    }

    /// Sends the request and gives the response with its body unread, for streams.
    pub async fn stream(self) -> Response {
        self.router
            .dispatch(self.connection, self.request)
            .response
            .await
    }
}

impl IntoFuture for TestRequest {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
