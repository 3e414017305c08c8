use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method, header};
use plumego_contract::{Problem, Problems};

use super::CorsLayer;
use super::policy::{Names, OriginRules, Policy};
use crate::origin;

pub(super) type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The choices of a [`CorsLayer`]. See the [module](super).
#[derive(Clone)]
pub struct CorsConfig {
    any_origin: bool,
    origins: Vec<String>,
    predicate: Option<Predicate>,
    methods: Names<Method>,
    headers: Names<HeaderName>,
    expose: Vec<HeaderName>,
    max_age: Duration,
    credentials: bool,
    private_network: bool,
}

impl CorsConfig {
    fn new() -> Self {
        Self {
            any_origin: false,
            origins: Vec::new(),
            predicate: None,
            methods: Names::List(vec![
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ]),
            headers: Names::List(vec![
                header::ACCEPT,
                header::ACCEPT_LANGUAGE,
                header::CONTENT_LANGUAGE,
                header::CONTENT_TYPE,
                header::AUTHORIZATION,
            ]),
            expose: Vec::new(),
            max_age: Duration::from_mins(10),
            credentials: false,
            private_network: false,
        }
    }

    /// Every origin, without credentials.
    pub fn any_origin() -> Self {
        Self {
            any_origin: true,
            ..Self::new()
        }
    }

    /// These origins: `https://app.example.com`, with a port where it is not the default one, or
    /// `https://*.example.com` for every name below `example.com`, at any depth, but not
    /// `example.com` itself. Held against what the browser sends, byte by byte. A whole top-level
    /// domain is refused; of those below which others register (`co.uk`, `github.io`) the layer
    /// knows nothing.
    pub fn origins<I>(origins: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        Self {
            origins: origins.into_iter().map(Into::into).collect(),
            ..Self::new()
        }
    }

    /// The origins that the function says yes to. It gets what the client sent, which may be
    /// `null` or no origin at all.
    pub fn origins_if(predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            predicate: Some(Arc::new(predicate)),
            ..Self::new()
        }
    }

    /// Allows these methods instead of the default ones.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = Names::List(methods.into_iter().collect());
        self
    }

    /// Allows every method.
    #[must_use]
    pub fn any_method(mut self) -> Self {
        self.methods = Names::Any;
        self
    }

    /// Allows these request headers instead of the default ones.
    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.headers = Names::List(headers.into_iter().collect());
        self
    }

    /// Allows every request header.
    #[must_use]
    pub fn any_header(mut self) -> Self {
        self.headers = Names::Any;
        self
    }

    /// Lets pages read these response headers, beside the few that Fetch lets them read anyway.
    #[must_use]
    pub fn expose(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.expose = headers.into_iter().collect();
        self
    }

    /// How long a browser keeps the answer to a preflight, in whole seconds. Browsers cut it to
    /// two hours or a day. Zero: it asks each time.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Lets pages send cookies and read the answers to them.
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Lets pages from the public network reach this server in a private one (Private Network
    /// Access).
    #[must_use]
    pub fn private_network(mut self) -> Self {
        self.private_network = true;
        self
    }

    /// The layer.
    ///
    /// # Errors
    /// All that is wrong: credentials or the private network for every origin, no origin at all, an
    /// origin that cannot be read, `null`, no method, `*` where it would not mean every header.
    pub fn build(self) -> Result<CorsLayer, Problems> {
        let mut problems = Problems::new();
        if self.any_origin && self.credentials {
            problems.push(Problem::new(
                "CORS: every origin with credentials would let any site read what its visitors \
                 see here: list the origins",
            ));
        }
        if self.any_origin && self.private_network {
            problems.push(Problem::new(
                "CORS: every origin and the private network would let any site into it: list the \
                 origins",
            ));
        }
        if self.methods.is_empty_list() {
            problems.push(Problem::new(
                "CORS: the list of methods is empty, so no preflight would pass: list them, or \
                 leave the default",
            ));
        }
        let star = |name: &HeaderName| name.as_str() == "*";
        if self.credentials && self.expose.iter().any(star) {
            problems.push(Problem::new(
                "CORS: with credentials `*` exposes a header of that name alone: list the headers",
            ));
        }
        if self.headers.list().iter().any(star) {
            problems.push(Problem::new(
                "CORS: `*` in the list of request headers: say `any_header()`",
            ));
        }
        let origins = self.origin_rules(&mut problems);
        problems.into_result(CorsLayer {
            policy: Arc::new(self.policy(origins)),
        })
    }

    fn origin_rules(&self, problems: &mut Problems) -> OriginRules {
        if self.any_origin {
            return OriginRules::Any;
        }
        if let Some(predicate) = &self.predicate {
            return OriginRules::If(Arc::clone(predicate));
        }
        if self.origins.is_empty() {
            problems.push(Problem::new(
                "CORS: no origin is allowed: list at least one",
            ));
        }
        let mut exact = Vec::new();
        let mut below = Vec::new();
        for text in &self.origins {
            let read = if text.eq_ignore_ascii_case("null") {
                Err("is every sandboxed page there is, so it cannot be allowed")
            } else if text.contains('*') {
                origin::wildcard(text).map(|pair| below.push(pair))
            } else {
                origin::normalize(text).map(|origin| exact.push(origin))
            };
            if let Err(why) = read {
                problems.push(Problem::new(format!("CORS: origin `{text}` {why}")));
            }
        }
        OriginRules::List { exact, below }
    }

    fn policy(self, origins: OriginRules) -> Policy {
        Policy::new(
            origins,
            self.methods,
            self.headers,
            &self.expose,
            self.max_age,
            self.credentials,
            self.private_network,
        )
    }

    /// The layer of a choice that cannot be wrong.
    pub(super) fn public() -> CorsLayer {
        CorsLayer {
            policy: Arc::new(Self::any_origin().policy(OriginRules::Any)),
        }
    }
}

impl fmt::Debug for CorsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsConfig")
            .field("any_origin", &self.any_origin)
            .field("origins", &self.origins)
            .field("methods", &self.methods)
            .field("headers", &self.headers)
            .field("expose", &self.expose)
            .field("max_age", &self.max_age)
            .field("credentials", &self.credentials)
            .field("private_network", &self.private_network)
            .finish_non_exhaustive()
    }
}
