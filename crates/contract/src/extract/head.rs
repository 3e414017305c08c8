//! Plain parts of the head.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Method, Uri};

use super::{FromParts, context};
use crate::{Error, RequestContext, RequestId, RouteInfo};

impl FromParts for Method {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(parts.method.clone())
    }
}

/// The target as this router sees it: without the prefix of a mount. The whole one is
/// [`RequestContext::uri`].
impl FromParts for Uri {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(parts.uri.clone())
    }
}

impl FromParts for HeaderMap {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(parts.headers.clone())
    }
}

impl FromParts for RequestContext {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        context(parts).cloned()
    }
}

/// Absent when the request-id layer is not there.
impl FromParts for RequestId {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        context(parts)?
            .request_id()
            .cloned()
            .ok_or_else(|| Error::internal("the request has no id: add RequestIdLayer").absent())
    }
}

/// The route that matched, with everything known of it.
#[derive(Debug, Clone)]
pub struct MatchedRoute(pub Arc<RouteInfo>);

impl FromParts for MatchedRoute {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        context(parts)?
            .route()
            .cloned()
            .map(Self)
            .ok_or_else(|| Error::internal("no route matched here").absent())
    }
}
