use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use plumego_contract::auth::{AuthError, DEFAULT_REALM, Principal, Session, bearer_challenge};
use plumego_contract::{Error, RequestContext};

/// How long one question waits for its answer, unless chosen otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Lets a request through or not.
pub(super) trait Gate: Send + Sync + 'static {
    /// Checks the request, and may add to its extensions.
    fn check(&self, parts: &mut Parts) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// Whether who is not let through goes on as nobody when the route is public.
    fn yields_to_public(&self) -> bool {
        true
    }

    /// Whether it finds out who asks.
    fn identifies(&self) -> bool {
        false
    }
}

/// What the route of a request says of those who call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    Public,
    Known,
}

/// See [`Stated`]; `None` when it says nothing, or there is no route.
pub(super) fn stated(parts: &Parts) -> Option<Stated> {
    let route = RequestContext::get(&parts.extensions)?.route()?;
    let requirement = route.auth.as_ref()?;
    Some(if requirement.is_public() {
        Stated::Public
    } else {
        Stated::Known
    })
}

/// What the layers of this module have in common.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) realm: Arc<str>,
    pub(super) timeout: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            realm: Arc::from(DEFAULT_REALM),
            timeout: TIMEOUT,
        }
    }
}

/// Asks the gate, for as long as its layer waits.
pub(super) async fn pass(
    gate: &impl Gate,
    manner: &Manner,
    parts: &mut Parts,
) -> Result<(), Error> {
    let checked = tokio::time::timeout(manner.timeout, gate.check(parts)).await;
    let checked = checked.unwrap_or_else(|_| Err(AuthError::outage("no answer in time")));
    let is_open = gate.yields_to_public() && stated(parts) == Some(Stated::Public);
    match checked {
        Err(_) if is_open => {
            parts.extensions.remove::<Principal>();
            parts.extensions.remove::<Session>();
            Ok(())
        }
        other => other.map_err(|error| bearer_challenge(Error::from(error), &manner.realm)),
    }
}

/// The choices that every layer of this module has.
macro_rules! manners {
    ($layer:ident) => {
        impl $layer {
            /// Names what is protected, for the challenge. What cannot stand in a header is left
            /// out.
            #[must_use]
            pub fn realm(mut self, realm: &str) -> Self {
                self.manner.realm = std::sync::Arc::from(realm);
                self
            }

            /// How long the question waits for its answer. Default: 5 s. Beyond it:
            /// `503 unavailable`.
            #[must_use]
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.manner.timeout = timeout;
                self
            }
        }

        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $crate::around::AroundService<Self, S>;

            fn layer(&self, inner: S) -> Self::Service {
                if $crate::auth::gate::Gate::identifies(&self.gate) {
                    plumego_router::identifies();
                }
                $crate::around::AroundService::new(std::sync::Arc::new(self.clone()), inner)
            }
        }

        impl $crate::around::Around for $layer {
            type Kept = ();

            async fn before(
                &self,
                parts: &mut http::request::Parts,
            ) -> Result<(), plumego_contract::Error> {
                $crate::auth::gate::pass(&self.gate, &self.manner, parts).await
            }

            fn after(
                &self,
                (): (),
                response: plumego_contract::Response,
            ) -> plumego_contract::Response {
                response
            }
        }

        impl std::fmt::Debug for $layer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($layer))
                    .field("manner", &self.manner)
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use manners;
