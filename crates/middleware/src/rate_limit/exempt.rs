//! Who is never limited.

use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, ORIGIN, PROXY_AUTHORIZATION,
};
use http::{HeaderMap, Method, Request};
use plumego_contract::{AutomaticOptions, RequestContext};

/// Whether the request is let in without being counted.
pub(super) fn is_exempt<B>(context: &RequestContext, request: &Request<B>) -> bool {
    is_operational(context) || (is_preflight(request) && is_answered_by_the_router(request))
}

/// Whether the route is a probe of the operator.
pub(crate) fn is_operational(context: &RequestContext) -> bool {
    context.route().is_some_and(|route| route.operational)
}

/// A CORS preflight (Fetch standard, section 4.8). It never carries credentials: with them it is a
/// guess at them, and counts.
fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !has_credentials(headers)
}

fn has_credentials(headers: &HeaderMap) -> bool {
    [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Whether no handler of the application runs, be it a route or a fallback: otherwise what looks
/// like a preflight is work like any other, and its headers no way around the limit.
fn is_answered_by_the_router<B>(request: &Request<B>) -> bool {
    request.extensions().get::<AutomaticOptions>().is_some()
}
