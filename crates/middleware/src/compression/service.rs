use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG,
    HeaderName, IF_NONE_MATCH, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::coding::Accepted;
use plumego_contract::{Body, BoxError, Request, Response};
use tower_service::Service;

use super::body::{CompressedBody, Unsent};
use super::encoder::{Encoder, Size, compress};
use super::places::Place;
use super::{Coding, CompressionLayer, DontCompress, Level, media};
use crate::vary;

/// A body in memory of up to so many bytes is compressed at once.
const AT_ONCE_BYTES: usize = 64 * 1024;

/// Headers that speak of the bytes as they were.
const OF_THE_PLAIN_BODY: [HeaderName; 6] = [
    CONTENT_LENGTH,
    ACCEPT_RANGES,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// The service of [`CompressionLayer`].
#[derive(Debug, Clone)]
pub struct CompressionService<S> {
    pub(super) inner: S,
    pub(super) config: CompressionLayer,
}

impl<S, B, R> Service<http::Request<B>> for CompressionService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = CompressionFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let wish = Wish {
            config: self.config.clone(),
            accepted: Accepted::of(request.headers(), &self.config.codings),
            is_tunnel: request.method() == Method::CONNECT,
            is_head: request.method() == Method::HEAD,
            held: Held::of(request.headers()),
        };
        CompressionFuture {
            inner: self.inner.call(request.map(Body::new)),
            wish: Some(wish),
        }
    }
}

/// What a request asks for.
struct Wish {
    config: CompressionLayer,
    accepted: Accepted,
    is_tunnel: bool,
    is_head: bool,
    held: Held,
}

/// Which kinds of tags a client says it holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// It names none.
    Unsaid,
    Strong,
    /// At least one weak one, which is what a compressed response gets.
    Weak,
}

impl Held {
    fn of(headers: &HeaderMap) -> Self {
        let mut held = Self::Unsaid;
        for line in headers.get_all(IF_NONE_MATCH) {
            if line.as_bytes().windows(3).any(|part| part == b"W/\"") {
                return Self::Weak;
            }
            held = Self::Strong;
        }
        held
    }
}

pin_project! {
    /// The future of [`CompressionService`].
    pub struct CompressionFuture<F> {
        #[pin]
        inner: F,
        wish: Option<Wish>,
    }
}

impl<F, R, E> Future for CompressionFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let result = result.map(|response| response.map(Body::new));
        Poll::Ready(match this.wish.take() {
            Some(wish) => result.map(|response| wish.fulfil(response)),
            None => result,
        })
    }
}

impl Wish {
    fn fulfil(self, mut response: Response) -> Response {
        if self.is_tunnel || is_untouchable(&response) {
            return response;
        }
        // Every answer depends on the header, if only because `identity;q=0` may be in it.
        vary::add(response.headers_mut(), "Accept-Encoding");
        if response.status() == StatusCode::NOT_MODIFIED {
            self.revalidated(response.headers_mut());
            return response;
        }
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT
            || response.headers().contains_key(CONTENT_RANGE);
        let Some(coding) = self.accepted.coding.filter(|_| !is_part) else {
            return response;
        };
        let forced = self.accepted.identity_refused;
        let shrinks = media::shrinks(response.headers());
        let min_bytes = if forced {
            1
        } else {
            self.config.min_bytes.max(1)
        };
        if !(shrinks || forced) || length(&response).is_some_and(|length| length < min_bytes) {
            return response;
        }
        let level = if shrinks {
            self.config.level
        } else {
            Level::Fast
        };
        self.compress(response, coding, level)
    }

    fn compress(&self, response: Response, coding: Coding, level: Level) -> Response {
        let (mut parts, body) = response.into_parts();
        let body = match body.as_bytes() {
            // Somebody below took the body off a response to HEAD already.
            Some([]) if self.is_head => Body::new(Unsent),
            Some([]) => return Response::from_parts(parts, body),
            Some(bytes) if bytes.len() <= AT_ONCE_BYTES => {
                let done = compress(bytes, coding, level);
                let is_useful =
                    |done: &Bytes| self.accepted.identity_refused || done.len() < bytes.len();
                match done.ok().filter(is_useful) {
                    Some(done) => Body::from(done),
                    None => return Response::from_parts(parts, body),
                }
            }
            _ => match self.stream(&parts.headers, &body, coding, level) {
                Some((encoder, place)) => Body::new(CompressedBody::new(body, encoder, place)),
                None => return Response::from_parts(parts, body),
            },
        };
        let headers = &mut parts.headers;
        for name in &OF_THE_PLAIN_BODY {
            headers.remove(name);
        }
        headers.insert(CONTENT_ENCODING, coding.to_value());
        weaken(headers);
        Response::from_parts(parts, body)
    }

    /// The encoder of a body that is compressed while it is sent, where there is room for one.
    fn stream(
        &self,
        headers: &HeaderMap,
        body: &Body,
        coding: Coding,
        level: Level,
    ) -> Option<(Encoder, Place)> {
        let place = self.config.places.take()?;
        let (level, size) = if media::is_event_stream(headers) {
            (Level::Fast, Size::Events)
        } else {
            (level, Size::of_body(body))
        };
        let encoder = Encoder::new(coding, level, size).inspect_err(|error| {
            tracing::warn!(%error, coding = coding.as_str(), "an encoder could not be made");
        });
        Some((encoder.ok()?, place))
    }

    /// A 304 speaks of the response the client has: of the compressed one when it names that, or
    /// names none and would get that.
    fn revalidated(&self, headers: &mut HeaderMap) {
        let compressed = match self.held {
            Held::Weak => true,
            Held::Strong => false,
            Held::Unsaid => self.accepted.coding.is_some(),
        };
        if compressed {
            weaken(headers);
        }
    }
}

fn is_untouchable(response: &Response) -> bool {
    let headers = response.headers();
    let status = response.status();
    status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
        || headers.contains_key(CONTENT_ENCODING)
        || headers.contains_key(UPGRADE)
        || response.extensions().get::<DontCompress>().is_some()
        || no_transform(headers)
}

fn no_transform(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// The length of the body, where it is known before it is sent.
fn length(response: &Response) -> Option<u64> {
    let announced = || {
        let value = response.headers().get(CONTENT_LENGTH)?;
        value.to_str().ok()?.parse().ok()
    };
    match response.body().size_hint().exact() {
        Some(0) => announced().or(Some(0)),
        Some(length) => Some(length),
        None => announced(),
    }
}

/// The compressed bytes are others than those the tag was made for (RFC 9110, section 8.8.3.3).
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG) else { return };
    if tag.as_bytes().starts_with(b"W/") {
        return;
    }
    match HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        Ok(weak) => headers.insert(ETAG, weak),
        Err(_) => headers.remove(ETAG),
    };
}
