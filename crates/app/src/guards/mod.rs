//! The layers that every application has unless it says otherwise.

mod maybe;

use plumego_middleware::{BodyLimitLayer, ObserveLayer, RecoverLayer, RequestIdLayer};
use plumego_router::Router;

use self::maybe::{Maybe, Stack};

/// Which of the layers that every application should have are on.
///
/// They lie outside of all others, in this order: request id, then trace, access log and metrics,
/// then recovery, then the body limit. So a 404, a 413 and a panic are logged and counted too.
/// They are composed into one layer when the application is built; what is off costs nothing.
///
/// The default is the recommended set, all of them:
///
/// ```
/// use plumego_app::Guards;
///
/// let mut guards = Guards::default();
/// guards.access_log = false;
/// assert!(guards.recover && !Guards::none().recover);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, and that is how they are read"
)]
pub struct Guards {
    /// Gives every request an id and sends it back as `X-Request-ID`; one that came in is kept when
    /// it is 1 to 128 visible ASCII characters. Default: on.
    pub request_id: bool,
    /// Sends `traceresponse` with the W3C trace context of the request. Default: on.
    pub trace: bool,
    /// Writes a line for every request. Default: on.
    pub access_log: bool,
    /// Counts requests, their time and their bytes by route. Default: on.
    pub metrics: bool,
    /// Turns a panic into `500 internal`. Default: on. Without it the server answers all the same,
    /// and what the layers around would have logged and counted is lost.
    pub recover: bool,
    /// Holds request bodies to the limit of their route, else to that of the application: a body
    /// that is larger is `413 body_too_large`. Default: on. Extractors hold to it anyway.
    pub body_limit: bool,
}

impl Guards {
    /// None of them.
    pub const fn none() -> Self {
        Self {
            request_id: false,
            trace: false,
            access_log: false,
            metrics: false,
            recover: false,
            body_limit: false,
        }
    }

    /// The router with these layers outside of those that it gets from now on.
    pub(crate) fn add_to(&self, router: Router, observe: Option<ObserveLayer>) -> Router {
        let names: Vec<_> = [
            (self.request_id, "RequestIdLayer"),
            (observe.is_some(), "ObserveLayer"),
            (self.recover, "RecoverLayer"),
            (self.body_limit, "BodyLimitLayer"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
        if names.is_empty() {
            return router;
        }
        let id = Maybe(self.request_id.then(RequestIdLayer::new));
        let recover = Maybe(self.recover.then(RecoverLayer::new));
        let limit = Maybe(self.body_limit.then(BodyLimitLayer::new));
        let stack = Stack(id, Stack(Maybe(observe), Stack(recover, limit)));
        router.layers(&names, stack)
    }
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            request_id: true,
            trace: true,
            access_log: true,
            metrics: true,
            recover: true,
            body_limit: true,
        }
    }
}
