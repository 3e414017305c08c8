//! What is known of a request beside its bytes.

mod adjust;
mod app;
mod connection;
mod home;
mod id;
mod late;
mod params;
mod proxy;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
pub use self::home::ConnectionContext;
pub use self::id::RequestId;
pub use self::late::LateFields;
pub use self::params::Params;
pub use self::proxy::{
    Client, ForwardedHeader, ParseForwardedHeaderError, ParseTrustedProxiesError, TrustedProxies,
};
use crate::{Error, RouteInfo, RouteTimeout};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// So many headers are looked through one by one.
const FEW_HEADERS: usize = 12;

/// The deadline of a request that has none.
const NEVER: u64 = u64::MAX;

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
    home: Arc<ConnectionContext>,
    client: Client,
    method: Method,
    uri: Uri,
    /// The `Host`, unless it is the one that the connection remembers.
    host: Option<HeaderValue>,
    has_usual_host: bool,
    /// Its place among the routes of the application.
    route: Option<usize>,
    params: Params,
    /// The one that came in, or was made beforehand.
    trace: Option<TraceContext>,
    /// Made when somebody asks: without log and trace header nobody does.
    late_trace: OnceLock<TraceContext>,
    started: Instant,
    /// Nanoseconds after the start; [`NEVER`] for no deadline.
    deadline: AtomicU64,
    request_id: Option<RequestId>,
    late_request_id: OnceLock<RequestId>,
    error: OnceLock<(&'static str, Option<Box<str>>)>,
    error_reports: AtomicBool,
    late_fields: OnceLock<Box<dyn LateFields>>,
    after: AfterResponse,
}

/// The tasks that wait for the end of the response.
#[derive(Default)]
struct AfterResponse {
    tasks: Mutex<AfterState>,
    /// Whether there ever was one, and whether the response has ended. Read without the lock.
    any: AtomicBool,
    ended: AtomicBool,
}

#[derive(Default)]
struct AfterState {
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
        let place = route.as_ref().map(|_| 0);
        let routes = route.into_iter().collect();
        let home = ConnectionContext::new(app, connection, routes);
        let head = (&parts.method, &parts.uri, &parts.headers);
        Self::make(Arc::new(home), head, place, params)
    }

    /// The same for a router, which knows the connection and the place of the route among its own.
    pub fn of_route<B>(
        home: &Arc<ConnectionContext>,
        request: &http::Request<B>,
        route: Option<usize>,
        params: Params,
    ) -> Self {
        let head = (request.method(), request.uri(), request.headers());
        Self::make(Arc::clone(home), head, route, params)
    }

    fn make(
        home: Arc<ConnectionContext>,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        route: Option<usize>,
        params: Params,
    ) -> Self {
        let started = Instant::now();
        let app = home.app();
        let time = match home.route(route).and_then(|route| route.timeout) {
            Some(RouteTimeout::After(time)) => Some(time),
            Some(RouteTimeout::Never) => None,
            None => app.request_time(),
        };
        let deadline = time.map_or(NEVER, nanos);
        let host = host(headers);
        let has_usual_host = host.is_some_and(|host| home.remembers_host(host));
        Self(Arc::new(Inner {
            client: app.trusted_proxies.resolve(home.connection(), headers),
            trace: match &app.tracer {
                None => incoming_trace(headers),
                Some(tracer) => Some(decided_trace(headers, tracer)),
            },
            home,
            method: method.clone(),
            uri: uri.clone(),
            host: host.filter(|_| !has_usual_host).cloned(),
            has_usual_host,
            route,
            params,
            started,
            late_trace: OnceLock::new(),
            deadline: AtomicU64::new(deadline),
            request_id: None,
            late_request_id: OnceLock::new(),
            error: OnceLock::new(),
            error_reports: AtomicBool::new(false),
            late_fields: OnceLock::new(),
            after: AfterResponse::default(),
        }))
    }

    /// The context in these extensions, if a router or a layer put one there.
    pub fn get(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Self>()
    }

    /// Puts it where [`RequestContext::get`] finds it, unless there is one.
    pub fn put_into(self, extensions: &mut Extensions) {
        if Self::get(extensions).is_none() {
            extensions.insert(self);
        }
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
        let home = ConnectionContext::new(Arc::default(), connection, Arc::default());
        let context = Self::of_route(&Arc::new(home), request, None, Params::new());
        request.extensions_mut().insert(context.clone());
        context
    }

    /// What every request of the application shares.
    pub fn app(&self) -> &Arc<AppContext> {
        self.0.home.app()
    }

    /// The connection as the server saw it.
    pub fn connection(&self) -> &Connection {
        self.0.home.connection()
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
        let usual = self.0.has_usual_host;
        let usual = usual.then(|| self.0.home.usual_host()).flatten();
        let header = || self.0.host.as_ref().or(usual)?.to_str().ok();
        self.0.client.host.as_deref().or_else(own).or_else(header)
    }

    /// The route that matched.
    pub fn route(&self) -> Option<&Arc<RouteInfo>> {
        self.0.home.route(self.0.route)
    }

    /// The decoded parameters of the route, in the order of its pattern.
    pub fn params(&self) -> &Params {
        &self.0.params
    }

    /// The decoded parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        let route = self.route()?;
        let index = route
            .parameters
            .iter()
            .position(|parameter| parameter == name)?;
        self.0.params.value(index)
    }

    /// The W3C trace context: the incoming trace continued, or a new one.
    pub fn trace(&self) -> &TraceContext {
        let late = || self.0.late_trace.get_or_init(TraceContext::new_root);
        self.0.trace.as_ref().unwrap_or_else(late)
    }

    /// When the request's head was complete.
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// When the answer should be there; `None` for no deadline.
    pub fn deadline(&self) -> Option<Instant> {
        match self.0.deadline.load(Ordering::Relaxed) {
            NEVER => None,
            after => self.0.started.checked_add(Duration::from_nanos(after)),
        }
    }

    /// Brings the deadline forward. A later one than there is changes nothing.
    pub fn limit_deadline(&self, at: Instant) {
        let after = nanos(at.saturating_duration_since(self.0.started));
        let deadline = &self.0.deadline;
        if after < deadline.load(Ordering::Relaxed) {
            deadline.fetch_min(after, Ordering::Relaxed);
        }
    }

    /// The time left, zero when the deadline is over; `None` for no deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline()
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// The id of the request, once the layer for it has run.
    pub fn request_id(&self) -> Option<&RequestId> {
        let late = || self.0.late_request_id.get();
        self.0.request_id.as_ref().or_else(late)
    }

    /// Sets the id of the request; the first one stays.
    pub fn set_request_id(&self, id: RequestId) {
        if self.0.request_id.is_none() {
            let _ = self.0.late_request_id.set(id);
        }
    }

    /// Gives a context that nobody else holds yet its trace, and its id, at once: cheaper than when
    /// somebody asks. One that is shared gets the id all the same.
    pub fn prepare(&mut self, id: Option<RequestId>, traced: bool) {
        let Some(inner) = Arc::get_mut(&mut self.0) else {
            if let Some(id) = id {
                self.set_request_id(id);
            }
            return;
        };
        if traced && inner.late_trace.get().is_none() {
            inner.trace.get_or_insert_with(TraceContext::new_root);
        }
        if inner.late_request_id.get().is_none() {
            inner.request_id = inner.request_id.take().or(id);
        }
    }

    /// Whether the server adds [`LateFields`] to the answer, and has none yet.
    pub fn takes_late_fields(&self) -> bool {
        self.0.home.takes_late_fields() && self.0.late_fields.get().is_none()
    }

    /// Leaves fields for the answer to the server, which [takes](Self::takes_late_fields) them.
    /// The first ones stay.
    pub fn leave_fields(&self, fields: impl LateFields) {
        let _ = self.0.late_fields.set(Box::new(fields));
    }

    /// Writes the fields that were left for the answer, each as a line of HTTP/1.1.
    pub fn write_late_fields(&self, out: &mut Vec<u8>) {
        if let Some(late) = self.0.late_fields.get() {
            late.write_lines(self, out);
        }
    }

    /// Puts the fields that were left for the answer into its map.
    pub fn add_late_fields(&self, headers: &mut HeaderMap) {
        if let Some(late) = self.0.late_fields.get() {
            late.add_to(self, headers);
        }
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
            .unwrap_or_else(|| self.app().body_limit())
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
        let Some(spawn) = &self.app().tasks else {
            return Err(Error::unavailable(
                "tasks after the response need an application",
            ));
        };
        let after = &self.0.after;
        if after.ended.load(Ordering::Acquire) {
            return if spawn.spawn_task(name, Box::pin(task)) {
                Ok(())
            } else {
                Err(Error::unavailable("the application takes no more tasks"))
            };
        }
        let mut state = after.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if state.tasks.len() >= MAX_AFTER_RESPONSE_TASKS {
            return Err(Error::unavailable("the request left too many tasks behind"));
        }
        state.tasks.push((name, Box::pin(task)));
        after.any.store(true, Ordering::Release);
        Ok(())
    }

    /// Hands the waiting tasks to the application; later ones start at once. For the server, when
    /// the response has ended, with or without tasks.
    pub fn end_response(&self) {
        self.0.end_response();
    }
}

impl Inner {
    fn end_response(&self) {
        self.after.ended.store(true, Ordering::Release);
        if self.after.any.load(Ordering::Acquire) {
            let state = self.after.tasks.lock();
            let tasks = std::mem::take(&mut state.unwrap_or_else(PoisonError::into_inner).tasks);
            self.spawn(tasks);
        }
    }

    fn spawn(&self, tasks: Vec<(&'static str, BoxTask)>) {
        let Some(spawn) = &self.home.app().tasks else {
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
fn decided_trace(headers: &HeaderMap, tracer: &Arc<dyn Tracer>) -> TraceContext {
    let trace = incoming_trace(headers).unwrap_or_else(TraceContext::new_root);
    let sampled = tracer.sample(&trace);
    trace.with_sampled(sampled)
}

/// A task that came while the response ended was seen by neither side; it runs now.
impl Drop for Inner {
    fn drop(&mut self) {
        if *self.after.any.get_mut() && *self.after.ended.get_mut() {
            let tasks = self.after.tasks.get_mut();
            let tasks = std::mem::take(&mut tasks.unwrap_or_else(PoisonError::into_inner).tasks);
            self.spawn(tasks);
        }
    }
}

/// A time of 584 years or more is none.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// The first `Host`, which comes first as a rule.
fn host(headers: &HeaderMap) -> Option<&HeaderValue> {
    let (name, value) = headers.iter().next()?;
    if name == header::HOST {
        return Some(value);
    }
    headers.get(header::HOST)
}

/// The trace of the caller, when the request names one.
fn incoming_trace(headers: &HeaderMap) -> Option<TraceContext> {
    // Comparing a few names costs less than the hash of this one.
    let there = if headers.len() <= FEW_HEADERS {
        headers.keys().any(|name| name == TRACEPARENT)
    } else {
        headers.contains_key(TRACEPARENT)
    };
    if !there {
        return None;
    }
    let parents = headers.get_all(TRACEPARENT);
    let states = headers.get_all(TRACESTATE);
    Some(TraceContext::from_header_values(parents, states))
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("method", &self.0.method)
            .field("uri", &self.0.uri)
            .field("route", &self.route().map(|route| &route.pattern))
            .finish_non_exhaustive()
    }
}
