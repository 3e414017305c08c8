use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRAILER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{
    Body, BoxError, Error, NoHandler, Request, RequestContext, Response, codes,
};
use tower_service::Service;

use super::{ConditionalLayer, ErasedCurrentState};
use plumego_contract::conditional::{EntityTag, Validators, Verdict, evaluate, has_conditions};

/// Headers of the body, which a 304 does not have (RFC 9110, section 15.4.5).
const OF_THE_BODY: [HeaderName; 8] = [
    ACCEPT_RANGES,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    TRAILER,
    TRANSFER_ENCODING,
];

/// The service of [`ConditionalLayer`].
#[derive(Debug, Clone)]
pub struct ConditionalService<S> {
    pub(super) inner: S,
    pub(super) config: ConditionalLayer,
}

impl<S, B, R> Service<http::Request<B>> for ConditionalService<S>
where
    S: Service<Request, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ConditionalFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        let asks = has_conditions(request.headers());
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read {
            let after = After {
                asked: asks.then(|| Asked::of(&mut request)),
                tags_up_to: self.config.tags_up_to,
            };
            let future = self.inner.call(request);
            return ConditionalFuture::reading(future, after);
        }
        let state = self.config.state.clone();
        match state.filter(|_| asks && is_judged(&request)) {
            None => ConditionalFuture::reading(self.inner.call(request), After::default()),
            Some(state) => {
                // The service that said it is ready is the one to call (tower's contract).
                let fresh = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, fresh);
                ConditionalFuture::checking(Box::pin(checked(state, inner, request)))
            }
        }
    }
}

/// Whether conditions can change the answer: not of methods that are about no state, nor where no
/// handler would run (RFC 9110, section 13.2.1).
fn is_judged(request: &Request) -> bool {
    let is_about_state = !matches!(
        *request.method(),
        Method::OPTIONS | Method::TRACE | Method::CONNECT
    );
    is_about_state && request.extensions().get::<NoHandler>().is_none()
}

/// Asks for the present state first, and lets the request through when its conditions hold.
async fn checked<S, R>(
    state: Arc<dyn ErasedCurrentState>,
    mut inner: S,
    mut request: Request,
) -> Result<Response, S::Error>
where
    S: Service<Request, Response = http::Response<R>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let context = RequestContext::of(&mut request);
    let (parts, body) = request.into_parts();
    let current = match (*state).current_erased(&parts).await {
        Ok(current) => current,
        Err(error) => return Ok(error.respond(&context)),
    };
    match evaluate(&parts.method, &parts.headers, current.as_ref()) {
        Verdict::Proceed => {
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(response.map(Body::new))
        }
        _ => Ok(failed(&context, current.and_then(|current| current.tag))),
    }
}

fn failed(context: &RequestContext, tag: Option<EntityTag>) -> Response {
    let error = Error::new(codes::PRECONDITION_FAILED)
        .with_detail("The resource is not in the state that the request asks for.");
    let error = match tag.and_then(|tag| tag.to_value()) {
        Some(tag) => error.with_header(ETAG, tag),
        None => error,
    };
    error.respond(context)
}

/// The conditions of a request whose response is held against them.
struct Asked {
    context: RequestContext,
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    fn of(request: &mut Request) -> Self {
        Self {
            context: RequestContext::of(request),
            method: request.method().clone(),
            headers: request.headers().clone(),
        }
    }
}

/// What is to be done with a response.
#[derive(Default)]
struct After {
    asked: Option<Asked>,
    tags_up_to: Option<usize>,
}

impl After {
    fn apply(self, mut response: Response) -> Response {
        if !response.status().is_success() {
            return response;
        }
        if let Some(max) = self.tags_up_to {
            tag(&mut response, max);
        }
        let Some(asked) = self.asked else {
            return response;
        };
        let current = Validators::of(response.headers());
        match evaluate(&asked.method, &asked.headers, Some(&current)) {
            Verdict::Proceed => response,
            Verdict::NotModified => not_modified(response),
            Verdict::Failed => failed(&asked.context, current.tag),
        }
    }
}

/// Gives a body in memory its tag, where it has none.
fn tag(response: &mut Response, max_bytes: usize) {
    let headers = response.headers();
    if response.status() != StatusCode::OK || headers.contains_key(ETAG) || no_store(headers) {
        return;
    }
    let whole = response.body().as_bytes();
    let Some(bytes) = whole.filter(|bytes| !bytes.is_empty() && bytes.len() <= max_bytes) else {
        return;
    };
    if let Some(value) = EntityTag::of_bytes(bytes).to_value() {
        response.headers_mut().insert(ETAG, value);
    }
}

fn no_store(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

fn not_modified(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    for name in &OF_THE_BODY {
        parts.headers.remove(name);
    }
    if parts.headers.contains_key(ETAG) {
        parts.headers.remove(LAST_MODIFIED);
    }
    Response::from_parts(parts, Body::empty())
}

type BoxFuture<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

pin_project! {
    /// The future of [`ConditionalService`].
    pub struct ConditionalFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, E> {
        Reading { #[pin] future: F, after: Option<After> },
        Checking { future: BoxFuture<E> },
    }
}

impl<F, E> ConditionalFuture<F, E> {
    fn reading(future: F, after: After) -> Self {
        let after = Some(after);
        Self {
            state: State::Reading { future, after },
        }
    }

    fn checking(future: BoxFuture<E>) -> Self {
        Self {
            state: State::Checking { future },
        }
    }
}

impl<F, R, E> Future for ConditionalFuture<F, E>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Reading { future, after } => {
                let result = ready!(future.poll(cx)).map(|response| response.map(Body::new));
                let after = after.take().unwrap_or_default();
                Poll::Ready(result.map(|response| after.apply(response)))
            }
            StateProj::Checking { future } => future.as_mut().poll(cx),
        }
    }
}
