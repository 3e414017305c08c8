//! A request that is being put together.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use plumego_contract::{Body, RequestContext};
use plumego_observe::trace::{self, TraceContext};
use serde::Serialize;

use crate::client::Inner;
use crate::error::{Error, Kind};
use crate::response::Response;
use crate::retry::Retry;
use crate::send::Call;
use crate::url::Url;
use std::sync::Arc;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Fields that belong to the connection, or that the client writes itself. A program's own are left
/// out.
pub(crate) const OWN_HEADERS: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// A request that is being put together; [`send`](Self::send) sends it.
///
/// What is wrong with it is the error of `send`. Of the header fields, those that the client writes
/// itself are left out: `Host`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Keep-Alive`,
/// `Upgrade`, `TE`, `Trailer`, `Expect`.
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder {
    client: Arc<Inner>,
    url: Result<Url, Error>,
    misuse: Option<&'static str>,
    method: Method,
    headers: HeaderMap,
    body: Body,
    timeout: Option<Duration>,
    max_response_bytes: Option<u64>,
    retry: Option<Retry>,
    idempotent: bool,
}

impl RequestBuilder {
    /// The trace of whoever asks is taken now, so that the request may be sent from another task.
    pub(crate) fn new(client: Arc<Inner>, method: Method, url: Result<Url, Error>) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(current) = trace::current() {
            insert_text(&mut headers, TRACEPARENT, current.traceparent().as_str());
        }
        let misuse = match method {
            Method::CONNECT | Method::TRACE => Some("`CONNECT` and `TRACE` are not sent"),
            _ => None,
        };
        Self {
            client,
            url,
            misuse,
            method,
            headers,
            body: Body::empty(),
            timeout: None,
            max_response_bytes: None,
            retry: None,
            idempotent: false,
        }
    }

    /// Sets a header field; one of the same name is replaced. Mark secrets as
    /// [sensitive](HeaderValue::set_sensitive).
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (Err(_), _) => self.misuse = Some("a header has a name that cannot be sent"),
            (_, Err(_)) => self.misuse = Some("a header has a value that cannot be sent"),
        }
        self
    }

    /// Adds all of these header fields; those of the same name are replaced.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        let mut last = None;
        for (name, value) in headers {
            match (name, &last) {
                (Some(name), _) => {
                    self.headers.insert(name.clone(), value);
                    last = Some(name);
                }
                (None, Some(same)) => {
                    self.headers.append(same, value);
                }
                (None, None) => {}
            }
        }
        self
    }

    /// `Authorization: Bearer …`, marked as sensitive.
    pub fn bearer(self, token: &str) -> Self {
        match HeaderValue::try_from(format!("Bearer {token}")) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.header(header::AUTHORIZATION, value)
            }
            Err(_) => self.misused("the token cannot be sent in a header"),
        }
    }

    /// The body. One in memory can be sent again, a stream cannot.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// A value as JSON, with its `Content-Type`.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self
                .header(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )
                .body(bytes),
            Err(_) => self.misused("the value cannot be written as JSON"),
        }
    }

    /// The time for all of it, in place of the client's: at most a day.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The largest body of the answer, in place of the client's.
    pub const fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// When it is sent again, in place of the client's.
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Declares that it may be sent twice whatever its method, for example because it carries an
    /// idempotency key.
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sends this trace on instead of the one of the running request. `tracestate` goes along to
    /// trusted endpoints only: it may tell third parties about other systems.
    pub fn trace(mut self, trace: &TraceContext) -> Self {
        insert_text(&mut self.headers, TRACEPARENT, trace.traceparent().as_str());
        self.headers.remove(TRACESTATE);
        if self.client.is_trusted()
            && let Some(state) = trace.tracestate()
        {
            insert_text(&mut self.headers, TRACESTATE, state);
        }
        self
    }

    /// Sends no trace on.
    pub fn no_trace(mut self) -> Self {
        self.headers.remove(TRACEPARENT);
        self.headers.remove(TRACESTATE);
        self
    }

    /// Works for this request: its trace is sent on, and its deadline bounds the timeout.
    pub fn within(mut self, context: &RequestContext) -> Self {
        if let Some(left) = context.time_left() {
            let time = self.timeout.unwrap_or(self.client.limits.timeout);
            self.timeout = Some(time.min(left));
        }
        self.trace(context.trace())
    }

    /// Sends it and waits for the head of the answer.
    ///
    /// # Errors
    /// See [`Error`]. An answer with any status is no error; [`Response::ok`] makes it one.
    ///
    /// # Cancel safety
    /// Dropping the future gives the request up: its connection is closed (HTTP/1.1) or its stream
    /// reset (HTTP/2), and its place is free at once. The other server may have seen it.
    pub async fn send(self) -> Result<Response, Error> {
        let client = self.client;
        let origin = self.url.as_ref().ok().map(Url::origin);
        let configured = origin.and_then(|origin| client.policy.configured(origin));
        let mut measure = client.metrics.begin(&self.method, configured);
        let url = match (self.url, self.misuse) {
            (Ok(url), None) => url,
            (Ok(url), Some(misuse)) => {
                let error = Error::new(
                    client.name(),
                    Some(url.origin().clone()),
                    Kind::Misuse(misuse),
                );
                measure.set(error.outcome());
                return Err(error);
            }
            (Err(error), _) => {
                measure.set(error.outcome());
                return Err(error);
            }
        };
        let limits = &client.limits;
        let call = Call::new(self.method, url, self.headers, self.body)
            .await
            .limits(
                self.timeout.unwrap_or(limits.timeout),
                self.max_response_bytes.unwrap_or(limits.max_response_bytes),
            )
            .retry(self.retry.unwrap_or(limits.retry), self.idempotent);
        client.execute(call, measure).await
    }

    const fn misused(mut self, what: &'static str) -> Self {
        self.misuse = Some(what);
        self
    }
}

fn insert_text(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
