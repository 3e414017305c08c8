//! The choices in the form that a request is held against.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use plumego_contract::Response;

use super::config::Predicate;
use crate::{origin, vary};

/// Of the headers a preflight asks for, this many are looked at.
pub const MAX_REQUESTED_HEADERS: usize = 64;

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// Some names, or whatever is asked for.
#[derive(Debug, Clone)]
pub(super) enum Names<T> {
    List(Vec<T>),
    Any,
}

impl<T> Names<T> {
    pub(super) fn list(&self) -> &[T] {
        match self {
            Self::List(list) => list,
            Self::Any => &[],
        }
    }

    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self, Self::List(list) if list.is_empty())
    }
}

pub(super) enum OriginRules {
    Any,
    If(Predicate),
    List {
        exact: Vec<String>,
        /// What stands before and after the name of a subdomain.
        below: Vec<(String, String)>,
    },
}

impl OriginRules {
    /// Whether the origin is one of the names as it stands, as that of most requests is.
    fn lists(&self, origin: &HeaderValue) -> bool {
        matches!(self, Self::List { exact, .. } if exact.iter().any(|there| origin == there))
    }

    fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::If(predicate) => predicate(origin),
            Self::List { exact, below } => {
                exact.iter().any(|there| there == origin)
                    || below.iter().any(|(before, after)| {
                        origin
                            .strip_prefix(before.as_str())
                            .and_then(|rest| rest.strip_suffix(after.as_str()))
                            .is_some_and(origin::is_labels)
                    })
            }
        }
    }
}

pub(crate) struct Policy {
    origins: OriginRules,
    methods: Names<HeaderValue>,
    headers: Names<HeaderName>,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
    credentials: bool,
    private_network: bool,
}

impl Policy {
    pub(super) fn new(
        origins: OriginRules,
        methods: Names<Method>,
        headers: Names<HeaderName>,
        expose: &[HeaderName],
        max_age: Duration,
        credentials: bool,
        private_network: bool,
    ) -> Self {
        let methods = match methods {
            Names::List(list) => Names::List(
                joined(list.iter().map(Method::as_str))
                    .into_iter()
                    .collect(),
            ),
            Names::Any => Names::Any,
        };
        Self {
            origins,
            methods,
            headers,
            expose: joined(expose.iter().map(HeaderName::as_str)),
            max_age: HeaderValue::from(max_age.as_secs()),
            credentials,
            private_network,
        }
    }

    /// What `Access-Control-Allow-Origin` says to this request; `None` when it says nothing.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        // Most requests have no header twice.
        let may_repeat = headers.len() > headers.keys_len();
        if may_repeat && headers.get_all(ORIGIN).iter().nth(1).is_some() {
            return None;
        }
        if !self.origins.lists(origin) && !self.origins.allow(origin.to_str().ok()?) {
            return None;
        }
        Some(match self.origins {
            OriginRules::Any => HeaderValue::from_static("*"),
            _ => origin.clone(),
        })
    }

    /// The answer to a preflight.
    pub(crate) fn preflight(&self, request: &HeaderMap) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        vary::add(
            headers,
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        );
        if self.private_network {
            vary::add(headers, "Access-Control-Request-Private-Network");
        }
        let Some(origin) = self.allowed(request) else {
            return response;
        };
        self.allow(headers, origin);
        if let Some(methods) = self.allowed_methods(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(names) = self.allowed_headers(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        if self.private_network && request.get(REQUEST_PRIVATE_NETWORK) == Some(&TRUE) {
            headers.insert(ALLOW_PRIVATE_NETWORK, TRUE);
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        response
    }

    /// What any answer says; `origin` is what [`Policy::allowed`] gave.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        vary::add(headers, "Origin");
        let Some(origin) = origin else { return };
        self.allow(headers, origin);
        if let Some(expose) = &self.expose {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    fn allow(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
    }

    fn allowed_methods(&self, request: &HeaderMap) -> Option<HeaderValue> {
        match &self.methods {
            Names::List(list) => list.first().cloned(),
            // `*` is a method name when credentials are sent, so what was asked for is repeated.
            Names::Any => {
                let asked = request.get(ACCESS_CONTROL_REQUEST_METHOD)?;
                let method = Method::from_bytes(asked.as_bytes()).ok()?;
                HeaderValue::from_str(method.as_str()).ok()
            }
        }
    }

    /// Of the headers that were asked for, those that are allowed.
    fn allowed_headers(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let lines = request.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let asked = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .take(MAX_REQUESTED_HEADERS)
            .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
            .filter(|name| match &self.headers {
                Names::List(list) => list.contains(name),
                Names::Any => true,
            });
        let asked: Vec<HeaderName> = asked.collect();
        joined(asked.iter().map(HeaderName::as_str))
    }
}

/// A list as a header has it; `None` for an empty one.
fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Option<HeaderValue> {
    let list = names.collect::<Vec<_>>().join(", ");
    if list.is_empty() {
        return None;
    }
    HeaderValue::from_str(&list).ok()
}
