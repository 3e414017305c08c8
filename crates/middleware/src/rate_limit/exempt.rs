//! Who is never limited.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderMap, Method};
use plumego_contract::{Methods, RequestContext};

/// Whether the request is let in without being counted.
pub(super) fn is_exempt(context: &RequestContext, headers: &HeaderMap) -> bool {
    is_operational(context) || (is_preflight(context, headers) && !has_handler(context))
}

/// Whether the route is a probe of the operator.
pub(crate) fn is_operational(context: &RequestContext) -> bool {
    context.route().is_some_and(|route| route.operational)
}

/// A CORS preflight (Fetch standard, section 3.3.2).
fn is_preflight(context: &RequestContext, headers: &HeaderMap) -> bool {
    context.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether a handler of the application would answer: then what looks like a preflight is work
/// like any other, and the three headers no way around the limit.
fn has_handler(context: &RequestContext) -> bool {
    context.route().is_some_and(|route| match &route.methods {
        Methods::Any => true,
        Methods::One(method) => *method == Method::OPTIONS,
    })
}
