//! What is known of a request beside its bytes.

mod adjust;
mod app;
mod connection;
mod id;
mod params;
mod proxy;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use plumego_observe::trace::{TraceContext, Tracer};
use plumego_stdx::Limit;
use tokio::time::Instant;

pub use self::adjust::Adjust;
pub use self::app::{
    AppContext, BoxTask, JsonConfig, MultipartConfig, SpawnTask, StateMap, UnknownFields,
};
pub use self::connection::{Connection, UnixPeer};
pub use self::id::RequestId;
pub use self::params::Params;
pub use self::proxy::{
    Client, ForwardedHeader, ParseForwardedHeaderError, ParseTrustedProxiesError, TrustedProxies,
};
use crate::{Error, RouteInfo, RouteTimeout};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// So many headers are looked through one by one.
const FEW_HEADERS: usize = 12;

/// The most tasks that one request may leave behind.
pub const MAX_AFTER_RESPONSE_TASKS: usize = 16;

/// What is known of a request beside its bytes: its route and parameters, who asks, its ids, its
/// deadline, and what the application shares.
///
/// It is made once, when the route has been looked up, travels in the request's extensions, and is
/// cheap to clone. Every layer sees the same one.
#[derive(Clone)]
pub struct RequestContext(Arc<Inner>);

struct Inner {
    app: Arc<AppContext>,
    connection: Connection,
    client: Client,
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    route: Option<Arc<RouteInfo>>,
    params: Params,
    /// Made when somebody asks, unless one came in: without log and trace header nobody does.
    trace: OnceLock<TraceContext>,
    started: Instant,
    deadline: Mutex<Option<Instant>>,
    request_id: OnceLock<RequestId>,
    error: OnceLock<(&'static str, Option<Box<str>>)>,
    error_reports: AtomicBool,
    after: AfterResponse,
}

/// The tasks that wait for the end of the response.
#[derive(Default)]
struct AfterResponse {
    tasks: Mutex<AfterState>,
}

#[derive(Default)]
struct AfterState {
    ended: bool,
    tasks: Vec<(&'static str, BoxTask)>,
}

impl RequestContext {
    /// The context of a request for which no route was looked up.
    pub fn new(app: Arc<AppContext>, connection: Connection, parts: &Parts) -> Self {
        Self::routed(app, connection, parts, None, Params::new())
    }

    /// The context of a request whose route was looked up; `None` when none matched.
    pub fn routed(
        app: Arc<AppContext>,
        connection: Connection,
        parts: &Parts,
        route: Option<Arc<RouteInfo>>,
        params: Params,
    ) -> Self {
        Self::make(
            app,
            connection,
            (&parts.method, &parts.uri, &parts.headers),
            route,
            params,
        )
    }

    /// The same for a request that is not taken apart, as a router has it.
    pub fn of_route<B>(
        app: Arc<AppContext>,
        connection: Connection,
        request: &http::Request<B>,
        route: Option<Arc<RouteInfo>>,
        params: Params,
    ) -> Self {
        let head = (request.method(), request.uri(), request.headers());
        Self::make(app, connection, head, route, params)
    }

    fn make(
        app: Arc<AppContext>,
        connection: Connection,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        route: Option<Arc<RouteInfo>>,
        params: Params,
    ) -> Self {
        let started = Instant::now();
        let time = match route.as_ref().and_then(|route| route.timeout) {
            Some(RouteTimeout::After(time)) => Some(time),
            Some(RouteTimeout::Never) => None,
            None => app.request_time(),
        };
        let deadline = time.and_then(|time| started.checked_add(time));
        Self(Arc::new(Inner {
            client: app.trusted_proxies.resolve(&connection, headers),
            trace: match &app.tracer {
                None => incoming_trace(headers),
                Some(tracer) => decided_trace(headers, tracer),
            },
            app,
            connection,
            method: method.clone(),
            uri: uri.clone(),
            host: headers.get(header::HOST).cloned(),
            route,
            params,
            started,
            deadline: Mutex::new(deadline),
            request_id: OnceLock::new(),
            error: OnceLock::new(),
            error_reports: AtomicBool::new(false),
            after: AfterResponse::default(),
        }))
    }

    /// The context in these extensions, if a router or a layer put one there.
    pub fn get(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Self>()
    }

    /// The context of this request; a fresh one, without route, when nobody made one before. So our
    /// layers work in anybody's stack.
    pub fn of<B>(request: &mut http::Request<B>) -> Self {
        if let Some(context) = Self::get(request.extensions()) {
            return context.clone();
        }
        let connection = request
            .extensions()
            .get::<Connection>()
            .copied()
            .unwrap_or_default();
        let head = (request.method(), request.uri(), request.headers());
        let context = Self::make(Arc::default(), connection, head, None, Params::new());
        request.extensions_mut().insert(context.clone());
        context
    }

    /// What every request of the application shares.
    pub fn app(&self) -> &Arc<AppContext> {
        &self.0.app
    }

    /// The connection as the server saw it.
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// The client's address: the peer's, or the one that trusted proxies forwarded.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.0.client.ip
    }

    /// Who asks, after the forwarding headers of trusted proxies.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The method as it came in.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The target as it came in, before a mount took its prefix off.
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The raw path as it came in.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The host and port the client asked for: the one that trusted proxies forwarded, else the
    /// authority of the target (RFC 9112, section 3.2.2), else `Host`. A client may write anything
    /// there.
    pub fn host(&self) -> Option<&str> {
        let own = || self.0.uri.authority().map(http::uri::Authority::as_str);
        let header = || self.0.host.as_ref().and_then(|host| host.to_str().ok());
        self.0.client.host.as_deref().or_else(own).or_else(header)
    }

    /// The route that matched.
    pub fn route(&self) -> Option<&Arc<RouteInfo>> {
        self.0.route.as_ref()
    }

    /// The decoded parameters of the route, in the order of its pattern.
    pub fn params(&self) -> &Params {
        &self.0.params
    }

    /// The decoded parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        let route = self.0.route.as_ref()?;
        let index = route
            .parameters
            .iter()
            .position(|parameter| parameter == name)?;
        self.0.params.value(index)
    }

    /// The W3C trace context: the incoming trace continued, or a new one.
    pub fn trace(&self) -> &TraceContext {
        self.0.trace.get_or_init(TraceContext::new_root)
    }

    /// When the request's head was complete.
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// When the answer should be there; `None` for no deadline.
    pub fn deadline(&self) -> Option<Instant> {
        *self
            .0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the deadline forward. A later one than there is changes nothing.
    pub fn limit_deadline(&self, at: Instant) {
        let mut deadline = self
            .0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *deadline = Some(deadline.map_or(at, |there| there.min(at)));
    }

    /// The time left, zero when the deadline is over; `None` for no deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline()
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// The id of the request, once the layer for it has run.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.0.request_id.get()
    }

    /// Sets the id of the request; the first one stays.
    pub fn set_request_id(&self, id: RequestId) {
        let _ = self.0.request_id.set(id);
    }

    /// Notes the code of the error that is being answered; the first one stays.
    pub fn note_error(&self, code: &'static str) {
        self.note_failure(code, None);
    }

    /// The code of the error that was answered.
    pub fn error_code(&self) -> Option<&'static str> {
        self.0.error.get().map(|(code, _)| *code)
    }

    /// Why the server failed, for the log: never for the client.
    pub fn error_cause(&self) -> Option<&str> {
        self.0.error.get()?.1.as_deref()
    }

    pub(crate) fn note_failure(&self, code: &'static str, cause: Option<Box<str>>) {
        let _ = self.0.error.set((code, cause));
    }

    /// Asks that errors answered from now on carry an [`ErrorReport`](crate::ErrorReport) in the
    /// extensions of the response. For a layer that shows it to a developer.
    pub fn want_error_reports(&self) {
        self.0.error_reports.store(true, Ordering::Relaxed);
    }

    /// Whether a layer asked for reports.
    pub fn wants_error_reports(&self) -> bool {
        self.0.error_reports.load(Ordering::Relaxed)
    }

    /// The largest body an extractor reads: the route's limit, else the application's.
    pub fn max_body_bytes(&self) -> Limit {
        self.route()
            .and_then(|route| route.max_body_bytes)
            .unwrap_or_else(|| self.0.app.body_limit())
    }

    /// Runs a task once the response has been sent or given up, owned by the application.
    ///
    /// The task is lost when the process ends before it: what must not be lost belongs into a
    /// durable queue.
    ///
    /// # Errors
    /// `503 unavailable` outside of an application, while it stops, or beyond
    /// [`MAX_AFTER_RESPONSE_TASKS`].
    pub fn after_response<F>(&self, name: &'static str, task: F) -> Result<(), Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(spawn) = &self.0.app.tasks else {
            return Err(Error::unavailable(
                "tasks after the response need an application",
            ));
        };
        let after = &self.0.after;
        let mut state = after.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            drop(state);
            return if spawn.spawn_task(name, Box::pin(task)) {
                Ok(())
            } else {
                Err(Error::unavailable("the application takes no more tasks"))
            };
        }
        if state.tasks.len() >= MAX_AFTER_RESPONSE_TASKS {
            return Err(Error::unavailable("the request left too many tasks behind"));
        }
        state.tasks.push((name, Box::pin(task)));
        Ok(())
    }

    /// Hands the waiting tasks to the application; later ones start at once. For the server, when
    /// the response has ended, with or without tasks.
    pub fn end_response(&self) {
        let tasks = {
            let mut state = self
                .0
                .after
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            state.ended = true;
            std::mem::take(&mut state.tasks)
        };
        let Some(spawn) = &self.0.app.tasks else {
            return;
        };
        for (name, task) in tasks {
            if !spawn.spawn_task(name, task) {
                tracing::warn!(task = name, "a task after the response was refused");
            }
        }
    }
}

/// The trace with the decision of the tracer, which needs to know it at once.
fn decided_trace(headers: &HeaderMap, tracer: &Arc<dyn Tracer>) -> OnceLock<TraceContext> {
    let trace = incoming_trace(headers);
    let trace = trace.into_inner().unwrap_or_else(TraceContext::new_root);
    let sampled = tracer.sample(&trace);
    trace.with_sampled(sampled).into()
}

/// The trace of the caller, when the request names one; empty when there is no such header.
fn incoming_trace(headers: &HeaderMap) -> OnceLock<TraceContext> {
    // Comparing a few names costs less than the hash of this one.
    let there = if headers.len() <= FEW_HEADERS {
        headers.keys().any(|name| name == TRACEPARENT)
    } else {
        headers.contains_key(TRACEPARENT)
    };
    if !there {
        return OnceLock::new();
    }
    let parents = headers.get_all(TRACEPARENT);
    TraceContext::from_header_values(parents, headers.get_all(TRACESTATE)).into()
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("method", &self.0.method)
            .field("uri", &self.0.uri)
            .field("route", &self.0.route.as_ref().map(|route| &route.pattern))
            .finish_non_exhaustive()
    }
}
