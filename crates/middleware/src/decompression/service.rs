use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body::Body as HttpBody;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use tower_service::Service;

use super::DecompressionLayer;
use super::body::{Bounds, DecodedBody};
use super::decoder::Decoder;
use crate::body_limit;
use crate::compression::Coding;
use crate::early::EarlyFuture;

/// The service of [`DecompressionLayer`].
#[derive(Debug, Clone)]
pub struct DecompressionService<S> {
    pub(super) inner: S,
    pub(super) config: DecompressionLayer,
}

impl<S, B, R> Service<http::Request<B>> for DecompressionService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = EarlyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        match self.config.decoded(&mut request) {
            Ok(()) => EarlyFuture::run(self.inner.call(request)),
            Err(error) => {
                let context = RequestContext::of(&mut request);
                EarlyFuture::answer(error.respond(&context))
            }
        }
    }
}

impl DecompressionLayer {
    /// Puts a decoder in front of the body, where there is a coding.
    fn decoded(self, request: &mut Request) -> Result<(), Error> {
        let Some(coding) = coding(request.headers())? else {
            return Ok(());
        };
        let own = body_limit::own(request.extensions());
        let limit = self.limit(&RequestContext::of(request), own);
        let bounds = Bounds::new(limit, self.max_ratio);
        request.headers_mut().remove(CONTENT_ENCODING);
        if request.body().as_bytes().is_some_and(<[u8]>::is_empty) {
            return Ok(());
        }
        request.headers_mut().remove(CONTENT_LENGTH);
        let decoder = Decoder::new(coding).map_err(Error::unavailable)?;
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(DecodedBody::new(body, decoder, bounds));
        Ok(())
    }
}

/// The one coding of the body; `None` when it has none.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Error> {
    let mut found = None;
    for line in headers.get_all(CONTENT_ENCODING) {
        let text = line.to_str().map_err(|_| unsupported())?;
        for name in text.split(',').map(str::trim) {
            if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                continue;
            }
            let coding = Coding::parse(name).ok_or_else(unsupported)?;
            if found.replace(coding).is_some() {
                return Err(unsupported());
            }
        }
    }
    Ok(found)
}

fn unsupported() -> Error {
    Error::new(codes::UNSUPPORTED_CONTENT_ENCODING)
        .with_detail("The server decodes one of gzip, br and zstd.")
        .with_header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd"))
}
