//! Requests, streams and bodies that the tests are made of.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body_util::BodyExt as _;
use plumego_contract::{
    AppContext, Body, BoxError, Connection, ErrorFormat, IntoResponse, RequestContext, Response,
};
use serde_json::Value;

pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
pub(crate) const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The context of a request like this, in an application that writes errors like that.
pub(crate) fn context_of(request: http::request::Builder, format: ErrorFormat) -> RequestContext {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let mut app = AppContext::default();
    app.error_format = format;
    RequestContext::new(Arc::new(app), Connection::default(), &parts)
}

/// The context of `GET path` within the trace [`TRACE_ID`].
pub(crate) fn context(path: &str) -> RequestContext {
    context_of(request(path), ErrorFormat::Problem)
}

pub(crate) fn request(path: &str) -> http::request::Builder {
    http::Request::builder()
        .uri(path)
        .header("traceparent", TRACEPARENT)
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values = response.headers().get_all(name).into_iter();
    let first = values.next().map(|value| value.to_str().unwrap());
    assert!(values.next().is_none(), "{name} is there once");
    first
}

/// The body of a response that is in memory, as JSON.
pub(crate) fn json(response: &Response) -> Value {
    serde_json::from_slice(response.body().as_bytes().expect("in memory")).unwrap()
}

/// The body of a response that is in memory, as text.
pub(crate) fn text(response: impl IntoResponse) -> String {
    let response = response.into_response();
    let bytes = response.body().as_bytes().expect("in memory");
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The data frames of a body up to its end or its error.
pub(crate) async fn frames(mut body: Body) -> (Vec<Bytes>, Result<(), BoxError>) {
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => frames.extend(frame.into_data().ok()),
            Err(error) => {
                assert!(body.frame().await.is_none(), "something follows {error}");
                return (frames, Err(error));
            }
        }
    }
    (frames, Ok(()))
}

/// A stream of these items.
pub(crate) fn items<T: Unpin>(items: impl IntoIterator<Item = T>) -> Items<T> {
    Items(items.into_iter().collect())
}

pub(crate) struct Items<T>(VecDeque<T>);

impl<T: Unpin> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// A value that no encoder takes.
pub(crate) struct Unencodable;

impl serde::Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("db://admin:hunter2@10.0.0.7"))
    }
}
