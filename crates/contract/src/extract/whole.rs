//! The whole request, and its body as it came.

use bytes::Bytes;
use plumego_stdx::Limit;

use super::{FromRequest, ViaRequest};
use crate::{Body, Error, Request, RequestContext, codes};

impl FromRequest<ViaRequest> for Request {
    async fn from_request(request: Request) -> Result<Self, Error> {
        Ok(request)
    }
}

impl FromRequest<ViaRequest> for Body {
    async fn from_request(request: Request) -> Result<Self, Error> {
        Ok(request.into_body())
    }
}

/// The whole body, up to the body limit.
impl FromRequest<ViaRequest> for Bytes {
    async fn from_request(request: Request) -> Result<Self, Error> {
        read_body(request).await
    }
}

/// Reads the body, up to the limit of its route.
pub(super) async fn read_body(request: Request) -> Result<Bytes, Error> {
    let limit = max_body_bytes(RequestContext::get(request.extensions()));
    request.into_body().into_bytes(limit).await
}

/// The body limit of the route; that of an application by default where there is no route.
pub(super) fn max_body_bytes(context: Option<&RequestContext>) -> u64 {
    let limit = context.map_or(Limit::At(10 * 1024 * 1024), RequestContext::max_body_bytes);
    limit.get().unwrap_or(u64::MAX)
}

/// The whole body as text, up to the body limit; `400 invalid_utf8` when it is not UTF-8.
impl FromRequest<ViaRequest> for String {
    async fn from_request(request: Request) -> Result<Self, Error> {
        text(read_body(request).await?)
    }
}

/// The bytes as text; the buffer is taken over, not copied, when nobody else holds it.
pub(super) fn text(bytes: Bytes) -> Result<String, Error> {
    String::from_utf8(bytes.into()).map_err(|error| {
        Error::new(codes::INVALID_UTF8)
            .with_detail(format!(
                "The body is not UTF-8 after byte {}.",
                error.utf8_error().valid_up_to()
            ))
            .with_source(error)
    })
}
