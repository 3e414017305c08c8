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
        let limit = RequestContext::get(request.extensions())
            .map_or(Limit::At(10 * 1024 * 1024), RequestContext::max_body_bytes);
        let limit = match limit {
            Limit::At(bytes) => bytes,
            Limit::Unlimited => u64::MAX,
        };
        request.into_body().into_bytes(limit).await
    }
}

/// The whole body as text, up to the body limit; `400 invalid_utf8` when it is not UTF-8.
impl FromRequest<ViaRequest> for String {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let bytes = Bytes::from_request(request).await?;
        Self::from_utf8(bytes.into()).map_err(|error| {
            Error::new(codes::INVALID_UTF8)
                .with_detail(format!(
                    "The body is not UTF-8 after byte {}.",
                    error.utf8_error().valid_up_to()
                ))
                .with_source(error)
        })
    }
}
