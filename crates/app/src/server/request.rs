//! One request: from the engine to the router, and its response back.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use plumego_contract::{
    Body, BoxError, Connection, Error, IntoResponse as _, Request, RequestContext, Response,
    Streaming,
};

use super::Shared;
use super::body::RequestBody;
use super::flow::Flow;

/// A response that is being made.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What answers the requests of a server.
pub(crate) trait Dispatcher: Send + Sync + 'static {
    /// Looks up what the request is for and begins to answer it.
    fn dispatch(&self, connection: Connection, request: Request) -> (RequestContext, Pending);
}

impl<F> Dispatcher for F
where
    F: Fn(Connection, Request) -> (RequestContext, Pending) + Send + Sync + 'static,
{
    fn dispatch(&self, connection: Connection, request: Request) -> (RequestContext, Pending) {
        self(connection, request)
    }
}

/// Hands a request of the engine to the dispatcher.
pub(crate) fn answer(shared: &Arc<Shared>, flow: Flow, request: http::Request<Incoming>) -> Answer {
    let (parts, incoming) = request.into_parts();
    let has_body = !incoming.is_end_stream();
    flow.request(has_body);
    let body = if has_body {
        Body::new(RequestBody::new(incoming, shared, flow.clone()))
    } else {
        Body::empty()
    };
    let http1 = parts.version <= http::Version::HTTP_11;
    let connection = flow.connection();
    let request = Request::from_parts(parts, body);
    let dispatch = || shared.dispatcher.dispatch(connection, request);
    let (context, response) = match catch_unwind(AssertUnwindSafe(dispatch)) {
        Ok(dispatched) => dispatched,
        Err(panic) => return Answer::panicked(shared, flow, panic.as_ref()),
    };
    let open = Open::new(flow, context);
    Answer {
        shared: shared.clone(),
        pending: Some((response, open)),
        failed: None,
        http1,
    }
}

/// A request that is open, in the books of its connection, until this is dropped.
///
/// Dropping it is the end of the response: sent, or given up.
pub(crate) struct Open {
    flow: Flow,
    context: RequestContext,
    id: u64,
}

impl Open {
    fn new(flow: Flow, context: RequestContext) -> Self {
        let id = flow.entry.open_request(&context);
        Self { flow, context, id }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.flow.response_done();
        self.flow.entry.close_request(self.id);
        if self.context.has_after_response() {
            self.context.end_response();
        }
    }
}

/// The future of a response. The engine drops it when the client goes away.
pub(crate) struct Answer {
    shared: Arc<Shared>,
    pending: Option<(Pending, Open)>,
    failed: Option<Response<Tracked>>,
    http1: bool,
}

impl Answer {
    /// The dispatcher itself panicked: there is no context to speak of.
    fn panicked(shared: &Arc<Shared>, flow: Flow, panic: &(dyn Any + Send)) -> Self {
        note_panic(shared, panic, None);
        let response = Error::internal("the dispatcher panicked").into_response();
        flow.respond(false);
        Self {
            shared: shared.clone(),
            pending: None,
            failed: Some(response.map(|body| Tracked {
                body,
                open: None,
                flow: Some(flow),
            })),
            http1: false,
        }
    }
}

impl Future for Answer {
    type Output = Result<Response<Tracked>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(response) = this.failed.take() {
            return Poll::Ready(Ok(response));
        }
        let Some((pending, open)) = &mut this.pending else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| pending.as_mut().poll(cx)));
        let mut response = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => {
                note_panic(&this.shared, panic.as_ref(), Some(&open.context));
                Error::internal("a panic that no layer caught").respond(&open.context)
            }
        };
        // The future is dropped with `pending`, before the response is sent.
        let open = this.pending.take().map(|(_, open)| open);
        if this.http1 && this.shared.is_draining() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let flow = open.as_ref().map(|open| open.flow.clone());
        if let Some(flow) = &flow {
            flow.respond(Streaming::marks(&response));
        }
        Poll::Ready(Ok(response.map(|body| Tracked { body, open, flow })))
    }
}

/// The client is gone, or the connection was cut: the handler is dropped, or runs on by itself.
impl Drop for Answer {
    fn drop(&mut self) {
        let Some((pending, open)) = self.pending.take() else {
            return;
        };
        let cancels = open
            .context
            .route()
            .is_none_or(|route| route.on_disconnect.cancels(open.context.method()));
        if cancels {
            drop(pending);
            return;
        }
        let shared = self.shared.clone();
        self.shared.metrics.finished_alone.inc();
        self.shared.finishing.spawn(async move {
            let caught = Caught { pending };
            let caught = shared.abandon.run_until_cancelled(caught).await;
            if let Some(Err(panic)) = caught {
                note_panic(&shared, panic.as_ref(), Some(&open.context));
            }
            drop(open);
        });
    }
}

/// A handler without a client; its response goes nowhere.
struct Caught {
    pending: Pending,
}

impl Future for Caught {
    type Output = Result<(), Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pending = self.pending.as_mut();
        match catch_unwind(AssertUnwindSafe(|| pending.poll(cx))) {
            Ok(poll) => poll.map(|_| Ok(())),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

fn note_panic(shared: &Shared, panic: &(dyn Any + Send), context: Option<&RequestContext>) {
    shared.metrics.panics.inc();
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    let route = context
        .and_then(RequestContext::route)
        .map(|route| route.pattern.as_str());
    tracing::error!(panic = message, route, "a panic reached the server");
}

/// The body of a response, which tells when it is over.
pub(crate) struct Tracked {
    body: Body,
    open: Option<Open>,
    flow: Option<Flow>,
}

impl Tracked {
    fn end(&mut self) {
        self.open = None;
        if let Some(flow) = self.flow.take() {
            flow.response_done();
        }
    }
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let body = Pin::new(&mut this.body);
        let frame = match catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx))) {
            Ok(poll) => ready!(poll),
            Err(panic) => {
                if let Some(open) = &this.open {
                    note_panic(&open.flow.shared, panic.as_ref(), Some(&open.context));
                }
                this.body = Body::empty();
                Some(Err("the response body panicked".into()))
            }
        };
        match &frame {
            Some(Ok(_)) => {
                if let Some(flow) = &this.flow {
                    flow.moved();
                }
            }
            Some(Err(_)) | None => this.end(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.end();
    }
}
