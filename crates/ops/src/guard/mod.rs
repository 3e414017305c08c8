//! Who may ask the operator endpoints: nobody, until tokens or a layer say who.
//!
//! [`Guard::new`] refuses everybody. [`Guard::read`] and [`Guard::operate`] take tokens: with the
//! first an operator may look (`GET`, `HEAD`), with the second also act (every other method).
//! [`Guard::layer`] puts the program's own authentication there; with both, a request has to pass
//! both.
//!
//! A token comes in `Authorization: Bearer …` alone: a URL ends up in logs and histories, and other
//! sites can make a browser send a cookie. In memory there is only the SHA-256 of each token, and
//! all of them are compared, in constant time.
//!
//! Each request that may change something is one line in the log, target `plumego::audit`: who,
//! from where, what, and what came of it; also the one that was refused, and the one whose client
//! left.
//!
//! ```
//! use plumego_ops::Guard;
//! use plumego_stdx::Secret;
//!
//! // What `OPS_TOKEN` holds; nothing at all is refused at build, not taken for an open door.
//! let token = Some(Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
//! let guard = Guard::new().operate(&token);
//! assert!(guard.problems().is_empty());
//! ```
//!
//! # Limits and defaults
//! At most [`MAX_TOKENS`] tokens of [`MIN_TOKEN_BYTES`] to [`MAX_TOKEN_BYTES`] characters that can
//! stand in the header. After [`MAX_FAILURES`] wrong tokens within a minute, an address (an IPv6
//! /64) is refused with `429 rate_limited` until the minute is over, whatever it sends; 4,096
//! addresses are told apart, the others share one count. An attacker behind the proxy or the
//! address of an operator can therefore lock that operator out for a minute at a time.

mod audit;
mod failures;
mod protect;
mod token;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_contract::auth::AuthRequirement;
use plumego_contract::{BoxError, Problem, Problems, Request};
use plumego_router::{Endpoint, Router};
use plumego_stdx::Secret;
use tower_layer::Layer;
use tower_service::Service;

pub use self::failures::MAX_FAILURES;
pub(crate) use self::protect::Doorkeeper;
#[cfg(feature = "devtools")]
pub(crate) use self::protect::Operator;
use self::token::Token;
pub use self::token::{MAX_TOKEN_BYTES, MAX_TOKENS, MIN_TOKEN_BYTES};

/// What somebody may do.
///
/// A layer of the program ([`Guard::layer`]) may put one into the extensions of the request;
/// without it, whoever passes the layer may operate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Look: `GET` and `HEAD`.
    Read,
    /// Look and act.
    Operate,
}

/// Who may ask. See the [module](self).
#[derive(Clone, Default)]
pub struct Guard {
    tokens: Vec<Token>,
    layer: Option<Wrap>,
    requirement: Option<AuthRequirement>,
    everybody: bool,
    problems: Vec<String>,
}

type Wrap = Arc<dyn Fn(Router) -> Router + Send + Sync>;

impl Guard {
    /// Refuses everybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets whoever has one of these tokens look. Several are separated by commas, for rotation and
    /// for several operators. It takes the setting as it is: an empty one adds nothing.
    #[must_use]
    pub fn read<'a>(self, list: impl Into<Option<&'a Secret<String>>>) -> Self {
        self.add(list.into(), Scope::Read)
    }

    /// Lets whoever has one of these tokens look and act.
    #[must_use]
    pub fn operate<'a>(self, list: impl Into<Option<&'a Secret<String>>>) -> Self {
        self.add(list.into(), Scope::Operate)
    }

    /// Has a layer of the program decide: who passes it may operate, unless it put a [`Scope`] into
    /// the extensions of the request. With tokens as well, a request needs both. Called again, the
    /// layer is further inside.
    ///
    /// The layer must answer by itself whom it refuses; one that lets everybody pass lets everybody
    /// operate.
    #[must_use]
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Endpoint> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let outer = self.layer.take();
        self.layer = Some(Arc::new(move |router: Router| {
            let router = match &outer {
                Some(outer) => outer(router),
                None => router,
            };
            router.layer(layer.clone())
        }));
        self
    }

    /// Asks this of the principal that the layer has found, such as
    /// `AuthRequirement::authenticated().role("admin")`. It stands in the record of each route, and
    /// the router checks it. A guard with a layer needs one where the application
    /// [asks for it](Router::require_auth_policy).
    #[must_use]
    pub fn require(mut self, requirement: AuthRequirement) -> Self {
        self.requirement = Some(requirement);
        self
    }

    /// Lets everybody operate who reaches the address. For a machine that nobody else can reach; it
    /// is a warning in the log at each build.
    #[must_use]
    pub fn allow_everybody(mut self) -> Self {
        self.everybody = true;
        self
    }

    /// What is wrong with it: each token that is too short, too long, or cannot stand in a header,
    /// and too many of them. No text shows a token. The component that uses the guard tells them at
    /// build.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::new();
        for problem in &self.problems {
            problems.push(Problem::new(problem.clone()));
        }
        if self.tokens.len() > MAX_TOKENS {
            problems.push(Problem::new(format!(
                "the guard of the operator endpoints takes at most {MAX_TOKENS} tokens at a time"
            )));
        }
        problems
    }

    /// Whether nobody can pass.
    pub fn denies_everybody(&self) -> bool {
        self.tokens.is_empty() && self.layer.is_none() && !self.everybody
    }

    /// Whether a request needs something to pass.
    pub fn is_required(&self) -> bool {
        !self.everybody || !self.tokens.is_empty() || self.layer.is_some()
    }

    pub(crate) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    fn add(mut self, list: Option<&Secret<String>>, scope: Scope) -> Self {
        let list = list.map_or("", |list| list.expose().as_str());
        let parts = list
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        for (place, part) in parts.enumerate() {
            match Token::new(part, scope) {
                Ok(token) => self.tokens.push(token),
                Err(fault) => {
                    let (kind, key) = match scope {
                        Scope::Read => ("read", "OPS_READ_TOKEN"),
                        Scope::Operate => ("operate", "OPS_TOKEN"),
                    };
                    let number = place + 1;
                    self.problems.push(format!(
                        "{kind} token {number} (of `{key}`, or what the program gave) {fault}"
                    ));
                }
            }
        }
        self
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("tokens", &self.tokens.len())
            .field("layer", &self.layer.is_some())
            .field("everybody", &self.everybody)
            .finish_non_exhaustive()
    }
}
