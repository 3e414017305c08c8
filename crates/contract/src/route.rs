//! The record of a route: one value that serves traffic, the route list, metrics and logs.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use http::Method;
use plumego_stdx::Limit;

use crate::auth::AuthRequirement;

/// The methods a route answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Methods {
    /// One method, standard or custom.
    One(Method),
    /// Whatever method comes.
    Any,
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(method) => f.write_str(method.as_str()),
            Self::Any => f.write_str("ANY"),
        }
    }
}

/// Marks a request for `OPTIONS` that the router answers itself, for a path that has routes: it is
/// in the extensions of the request, and no handler of the application runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutomaticOptions;

/// What happens to a handler whose client goes away before the response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDisconnect {
    /// Safe methods (RFC 9110, section 9.2.1) are cancelled, all others run to the end.
    #[default]
    ByMethod,
    /// The handler's future is dropped.
    Cancel,
    /// The handler runs to the end, within the drain budget when the server stops.
    Finish,
}

impl OnDisconnect {
    /// Whether the handler of a request with this method is dropped.
    pub fn cancels(self, method: &Method) -> bool {
        match self {
            Self::ByMethod => method.is_safe(),
            Self::Cancel => true,
            Self::Finish => false,
        }
    }
}

/// How long a route may take to answer, when it is not as long as the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteTimeout {
    /// This long, from the end of the request's head to the start of the response.
    After(Duration),
    /// As long as it likes.
    Never,
}

impl From<Duration> for RouteTimeout {
    fn from(time: Duration) -> Self {
        Self::After(time)
    }
}

/// All that is known of a route once the router is frozen.
///
/// Shared by every request of the route; never changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The place of the route in the frozen table, `0..routes.len()`.
    pub index: usize,
    /// The methods it answers.
    pub methods: Methods,
    /// The pattern with the prefixes of its groups, in the canonical form `/users/{id}`.
    pub pattern: String,
    /// The parameter names, left to right.
    pub parameters: Vec<String>,
    /// The host it is bound to, or `None` for every host.
    pub host: Option<String>,
    /// The name for reverse URLs.
    pub name: Option<String>,
    /// Free labels, such as those of an OpenAPI document.
    pub tags: Vec<String>,
    /// One line for people.
    pub description: Option<String>,
    /// Whether clients should move away from it.
    pub deprecated: bool,
    /// The layers around the handler, outermost first, by their type names.
    pub layers: Vec<&'static str>,
    /// The largest request body in bytes; `None` takes the application's.
    pub max_body_bytes: Option<Limit>,
    /// What happens when the client goes away.
    pub on_disconnect: OnDisconnect,
    /// How long it may take to answer; `None` takes the application's time.
    pub timeout: Option<RouteTimeout>,
    /// Whether it is a probe of the operator (health, metrics), which limits let pass.
    pub operational: bool,
    /// What it asks of those who call it, with what its groups ask; `None` when nothing was said.
    pub auth: Option<AuthRequirement>,
    /// Where it was registered.
    pub location: &'static Location<'static>,
}

impl RouteInfo {
    /// A record with nothing but the essentials; everything else is at its default.
    #[track_caller]
    pub fn new(methods: Methods, pattern: impl Into<String>) -> Self {
        Self {
            index: 0,
            methods,
            pattern: pattern.into(),
            parameters: Vec::new(),
            host: None,
            name: None,
            tags: Vec::new(),
            description: None,
            deprecated: false,
            layers: Vec::new(),
            max_body_bytes: None,
            on_disconnect: OnDisconnect::default(),
            timeout: None,
            operational: false,
            auth: None,
            location: Location::caller(),
        }
    }
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{} {host}{}", self.methods, self.pattern)
        } else {
            write!(f, "{} {}", self.methods, self.pattern)
        }
    }
}

/// In the extensions of a request: the router answers it itself, and no handler runs.
///
/// So it is with 404, 405, a redirect to the other form of a path, the automatic answer to OPTIONS,
/// and a malformed request. For layers that must not act for a request that nobody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHandler;
