//! One erased service, and layers around it.

use std::any::TypeId;
use std::convert::Infallible;
use std::fmt;
use std::future::{poll_fn, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::Handler;
use crate::guard::Guard;

/// A response that is being made, on the heap.
pub type BoxResponse = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The end of a route, or everything below a layer: a service of one type, cheap to clone.
///
/// It is always ready and never fails: an error is a response already. A call costs one boxed
/// future. Layers are given to a router as `Layer<Endpoint>`.
#[derive(Clone)]
pub struct Endpoint(Arc<dyn Erased>);

/// The response that an [`Endpoint`] is working on.
#[must_use = "futures do nothing unless polled"]
pub struct EndpointFuture(BoxResponse);

/// A stack of layers that is one layer, and is given what other layers look for: the context of the
/// request, before anybody else has it, and the rest of the way by reference. For guards
/// around every route, which need neither be cloned nor search.
pub trait ContextLayer: Send + Sync + 'static {
    /// Answers the request, by `next` where it may pass.
    fn call(&self, next: &Endpoint, request: Request, context: &mut RequestContext) -> BoxResponse;
}

trait Erased: Send + Sync {
    /// The context is that of the request, which need not have it in its extensions.
    fn call(&self, request: Request, context: &mut RequestContext) -> BoxResponse;
}

impl Endpoint {
    /// The end of a route.
    pub fn handler<H, T>(handler: H) -> Self
    where
        H: Handler<T>,
        T: 'static,
    {
        Self(Arc::new(HandlerEnd {
            handler,
            arguments: PhantomData,
        }))
    }

    /// Any tower service. Its body is brought to [`Body`]; its error is answered as
    /// [`Error::from_boxed`] says.
    pub fn service<S, B>(service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(ServiceEnd(service)))
    }

    /// An endpoint that only those reach whom the guard lets through.
    pub(crate) fn guarded(guard: Guard, inner: Self) -> Self {
        Self(Arc::new(GuardedEnd { guard, inner }))
    }

    /// Answers a request whose context is this one. It comes into the extensions for those that
    /// look for it there.
    pub fn run(&self, request: Request, context: &mut RequestContext) -> EndpointFuture {
        EndpointFuture(self.0.call(request, context))
    }

    pub(crate) fn begin(&self, request: Request, context: &mut RequestContext) -> BoxResponse {
        self.0.call(request, context)
    }
}

impl Service<Request> for Endpoint {
    type Response = Response;
    type Error = Infallible;
    type Future = EndpointFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> EndpointFuture {
        let mut context = RequestContext::of(&mut request);
        self.run(request, &mut context)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}

impl Future for EndpointFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for EndpointFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointFuture")
    }
}

struct HandlerEnd<H, T> {
    handler: H,
    arguments: PhantomData<fn() -> T>,
}

impl<H: Handler<T>, T: 'static> Erased for HandlerEnd<H, T> {
    fn call(&self, request: Request, context: &mut RequestContext) -> BoxResponse {
        Box::pin(self.handler.clone().call(request, context.clone()))
    }
}

struct GuardedEnd {
    guard: Guard,
    inner: Endpoint,
}

impl Erased for GuardedEnd {
    fn call(&self, request: Request, context: &mut RequestContext) -> BoxResponse {
        match self.guard.refuse(&request, context) {
            Some(refusal) => Box::pin(ready(refusal)),
            None => self.inner.begin(request, context),
        }
    }
}

struct ServiceEnd<S>(S);

impl<S, B> Erased for ServiceEnd<S>
where
    S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, mut request: Request, context: &mut RequestContext) -> BoxResponse {
        let mut service = self.0.clone();
        // Only an error needs the context afterwards; most services have none to give.
        let fails = TypeId::of::<S::Error>() != TypeId::of::<Infallible>();
        let cx = fails.then(|| context.clone());
        context.clone().put_into(request.extensions_mut());
        // Called at once where it can be, so that a layer knows of a request whose client goes away
        // before the first poll.
        if let Poll::Ready(Ok(())) = service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            return Box::pin(Finish {
                future: service.call(request),
                cx,
            });
        }
        Box::pin(async move {
            if let Err(error) = poll_fn(|task| service.poll_ready(task)).await {
                return answer(Error::from_boxed(error.into()), cx.as_ref());
            }
            finish(service.call(request).await, cx.as_ref())
        })
    }
}

pin_project! {
    /// The future of a service whose answers are brought to ours. No `async` block: that would move
    /// the future once more for every request.
    struct Finish<F> {
        #[pin]
        future: F,
        cx: Option<RequestContext>,
    }
}

impl<F, B, E> Future for Finish<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let result = std::task::ready!(this.future.poll(cx));
        Poll::Ready(finish(result, this.cx.as_ref()))
    }
}

fn finish<B, E>(result: Result<http::Response<B>, E>, cx: Option<&RequestContext>) -> Response
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    match result {
        Ok(response) => response.map(Body::new),
        Err(error) => answer(Error::from_boxed(error.into()), cx),
    }
}

fn answer(error: Error, cx: Option<&RequestContext>) -> Response {
    use plumego_contract::IntoResponse as _;
    match cx {
        Some(cx) => error.respond(cx),
        None => error.into_response(),
    }
}

/// A layer that is given the context, with what lies below it.
struct ContextEnd<L> {
    layer: Arc<L>,
    next: Endpoint,
}

impl<L: ContextLayer> Erased for ContextEnd<L> {
    fn call(&self, request: Request, context: &mut RequestContext) -> BoxResponse {
        self.layer.call(&self.next, request, context)
    }
}

/// A layer, with the names it shows in the chain of a route.
#[derive(Clone)]
pub(crate) struct LayerEntry {
    pub(crate) names: Arc<[&'static str]>,
    apply: Arc<dyn Fn(Endpoint) -> Endpoint + Send + Sync>,
}

impl LayerEntry {
    pub(crate) fn new<L, B>(names: Arc<[&'static str]>, layer: L) -> Self
    where
        L: Layer<Endpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            names,
            apply: Arc::new(move |inner| Endpoint::service(layer.layer(inner))),
        }
    }

    pub(crate) fn with_context<L: ContextLayer>(names: Arc<[&'static str]>, layer: L) -> Self {
        let layer = Arc::new(layer);
        Self {
            names,
            apply: Arc::new(move |next| {
                let layer = Arc::clone(&layer);
                Endpoint(Arc::new(ContextEnd { layer, next }))
            }),
        }
    }
}

/// The endpoint with layers around it, the first of them outermost.
pub(crate) fn compose<'a>(
    layers: impl DoubleEndedIterator<Item = &'a LayerEntry>,
    end: Endpoint,
) -> Endpoint {
    layers.rev().fold(end, |inner, layer| (layer.apply)(inner))
}

/// The name of a layer's type without its path and its generic arguments.
pub(crate) fn short_name<L>() -> &'static str {
    let full = std::any::type_name::<L>();
    let plain = full.split_once('<').map_or(full, |(plain, _)| plain);
    match plain.rsplit_once("::") {
        Some((_, last)) if !last.starts_with('{') => last,
        _ => full,
    }
}
