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
use plumego_contract::{Body, BoxError, Request, Response};
use tower_service::Service;

use super::body::CompressedBody;
use super::encoder::Encoder;
use super::negotiate::Accepted;
use super::{Coding, CompressionLayer, DontCompress, media};
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
            tunnel: request.method() == Method::CONNECT,
            if_none_match: request.headers().get(IF_NONE_MATCH).cloned(),
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
    tunnel: bool,
    if_none_match: Option<HeaderValue>,
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
        if self.tunnel || is_untouchable(&response) {
            return response;
        }
        if response.status() == StatusCode::NOT_MODIFIED {
            self.revalidated(response.headers_mut());
            return response;
        }
        let forced = self.accepted.identity_refused && self.accepted.coding.is_some();
        if !forced && !media::shrinks(response.headers()) {
            return response;
        }
        vary::add(response.headers_mut(), "Accept-Encoding");
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT
            || response.headers().contains_key(CONTENT_RANGE);
        let Some(coding) = self.accepted.coding.filter(|_| !is_part) else {
            return response;
        };
        let min_bytes = if forced {
            1
        } else {
            self.config.min_bytes.max(1)
        };
        if length(&response).is_some_and(|length| length < min_bytes) {
            return response;
        }
        self.compress(response, coding, forced)
    }

    fn compress(&self, response: Response, coding: Coding, forced: bool) -> Response {
        let Ok(mut encoder) = Encoder::new(coding, self.config.level) else {
            tracing::warn!(coding = coding.as_str(), "an encoder could not be made");
            return response;
        };
        let (mut parts, body) = response.into_parts();
        let small = body.as_bytes().filter(|bytes| bytes.len() <= AT_ONCE_BYTES);
        let body = match small {
            // HEAD below somebody who took the body off already.
            Some([]) => body,
            Some(bytes) => {
                let done = encoder.write(bytes).and_then(|()| encoder.finish());
                match done {
                    Ok(done) if forced || done.len() < bytes.len() => Body::from(done),
                    _ => return Response::from_parts(parts, body),
                }
            }
            None => Body::new(CompressedBody::new(body, encoder)),
        };
        let headers = &mut parts.headers;
        for name in &OF_THE_PLAIN_BODY {
            headers.remove(name);
        }
        headers.insert(CONTENT_ENCODING, coding.value());
        weaken(headers);
        Response::from_parts(parts, body)
    }

    /// A 304 speaks of the response the client has: of the compressed one when it names that.
    fn revalidated(&self, headers: &mut HeaderMap) {
        vary::add(headers, "Accept-Encoding");
        let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()) else {
            return;
        };
        let names = |list: &HeaderValue| {
            list.to_str()
                .is_ok_and(|list| list.contains(&format!("W/{tag}")))
        };
        if self.if_none_match.as_ref().is_some_and(names) {
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
