//! One request: from the engine to the router, and its response back.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use plumego_contract::{
    Body, BoxError, Error, IntoResponse as _, RequestContext, Response, Streaming,
};

use super::Shared;
use plumego_router::ResponseFuture;

use super::body::RequestBody;
use super::events::Events;
use super::flow::Flow;

/// Hands a request of the engine to the router.
pub(crate) fn answer_incoming(flow: Flow, request: http::Request<Incoming>) -> Answer {
    let has_body = !request.body().is_end_stream();
    let request = request.map(|incoming| {
        if has_body {
            Body::new(RequestBody::new(incoming, flow.clone()))
        } else {
            Body::empty()
        }
    });
    answer(flow, request, has_body)
}

/// Hands a request to the router. `has_more` tells whether some of its body is still to come.
pub(crate) fn answer(flow: Flow, mut request: http::Request<Body>, has_more: bool) -> Answer {
    flow.request(has_more);
    if flow.entry.is_new() {
        let entry = &flow.entry;
        entry
            .shared
            .note_stranger(entry.connection(), request.headers());
    }
    let http1 = request.version() <= http::Version::HTTP_11;
    if let Some(certificate) = flow.entry.certificate.get() {
        request.extensions_mut().insert(certificate.clone());
    }
    let entry = &flow.entry;
    let dispatch = || {
        entry
            .shared
            .router_of(entry.connection())
            .dispatch_on(&entry.home, request)
    };
    match catch_unwind(AssertUnwindSafe(dispatch)) {
        Ok(dispatch) => Answer {
            pending: Some((dispatch.response, Open::new(flow, dispatch.context))),
            ready: None,
            http1,
        },
        Err(panic) => Answer::panicked(flow, panic.as_ref()),
    }
}

/// A request that is open, in the books of its connection, until this is dropped.
///
/// Dropping it is the end of the response: sent, or given up.
pub(crate) struct Open {
    flow: Flow,
    /// `None` when the router did not come to make one.
    context: Option<RequestContext>,
    id: u64,
}

impl Open {
    fn new(flow: Flow, context: RequestContext) -> Self {
        let id = flow.entry.open_request(&context, flow.is_stream());
        Self {
            flow,
            context: Some(context),
            id,
        }
    }

    /// Whether the handler is dropped when its client goes.
    fn cancels(&self) -> bool {
        let Some(context) = &self.context else {
            return true;
        };
        let route = context.route();
        route.is_none_or(|route| route.on_disconnect.cancels(context.method()))
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Response {
        note_panic(self.flow.shared(), panic, self.context.as_ref());
        let error = Error::internal("a panic that no layer caught");
        match &self.context {
            Some(context) => error.respond(context),
            None => error.into_response(),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.flow.response_done();
        let Some(context) = &self.context else {
            return;
        };
        self.flow.entry.close_request(self.id);
        context.end_response();
    }
}

/// The future of a response. The engine drops it when the client goes away.
pub(crate) struct Answer {
    pending: Option<(ResponseFuture, Open)>,
    /// In a box: this is moved with every request, and hardly ever there.
    ready: Option<Box<Response<Tracked>>>,
    http1: bool,
}

impl Answer {
    /// One that is there already.
    pub(crate) fn ready(response: Box<Response<Tracked>>) -> Self {
        Self {
            pending: None,
            ready: Some(response),
            http1: true,
        }
    }

    /// The router itself panicked: there is no context to speak of.
    fn panicked(flow: Flow, panic: &(dyn Any + Send)) -> Self {
        let open = Open {
            flow,
            context: None,
            id: 0,
        };
        let response = open.panicked(panic);
        open.flow.respond(false);
        let response = response.map(|body| Tracked::new(body, open, None));
        Self::ready(Box::new(response))
    }
}

impl Future for Answer {
    type Output = Result<Response<Tracked>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(response) = this.ready.take() {
            return Poll::Ready(Ok(*response));
        }
        let Some((pending, open)) = &mut this.pending else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(pending).poll(cx)));
        let mut response = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => open.panicked(panic.as_ref()),
        };
        if open.flow.is_stream() {
            open.flow.entry.stream_answered();
        }
        // The future of the handler ends here, before its response is sent.
        let Some((_, open)) = this.pending.take() else {
            return Poll::Pending;
        };
        if this.http1 && open.flow.shared().is_draining() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        open.flow.respond(Streaming::marks(&response));
        let events = Events::of(&response, open.flow.shared());
        Poll::Ready(Ok(response.map(|body| Tracked::new(body, open, events))))
    }
}

/// The client is gone, or the connection was cut: the handler is dropped, or runs on by itself.
impl Drop for Answer {
    fn drop(&mut self) {
        let Some((pending, open)) = self.pending.take() else {
            return;
        };
        let shared = open.flow.shared().clone();
        if open.flow.is_stream() {
            let most = shared.tuning.streams.resets;
            open.flow.entry.stream_given_up(most);
        }
        if open.cancels() || shared.is_cut() {
            return;
        }
        shared.metrics.finished_alone.inc();
        let alone = shared.list_alone(&open.flow.entry);
        let finishing = shared.finishing.clone();
        finishing.spawn("request without a client", async move {
            if let Err(panic) = (Caught { pending }).await {
                note_panic(&shared, panic.as_ref(), open.context.as_ref());
            }
            drop((open, alone));
        });
    }
}

/// A handler without a client; its response goes nowhere.
struct Caught {
    pending: ResponseFuture,
}

impl Future for Caught {
    type Output = Result<(), Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pending = Pin::new(&mut self.pending);
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

/// The most bytes of a body that go to the engine at once by HTTP/2.
const PIECE: usize = 64 * 1024;
/// The same for a stream by HTTP/1.1, of which the engine takes 16 ahead of a slow reader.
const HTTP1_PIECE: usize = 8 * 1024;

/// The body of a response, which tells when it is over.
pub(crate) struct Tracked {
    body: Body,
    open: Option<Open>,
    /// In a box, and none for a body in memory by HTTP/1.1: the engine moves this several times.
    pieces: Option<Box<Pieces>>,
}

/// How a body goes out that does not go out whole.
struct Pieces {
    /// What is left of a large piece.
    rest: Bytes,
    max: usize,
    /// Why the body failed, told to the engine once it has had its chance to write out what came
    /// before.
    failed: Option<BoxError>,
    /// When a stream of events ends early, because the server drains.
    events: Option<Events>,
}

impl Tracked {
    /// All of it, when that is in memory and goes out as it is.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        let goes_whole = self.pieces.is_none();
        self.body.as_bytes().filter(|_| goes_whole)
    }

    /// The context of its request, which has what its headers lack.
    pub(crate) fn context(&self) -> Option<&RequestContext> {
        self.open.as_ref()?.context.as_ref()
    }

    fn new(body: Body, open: Open, events: Option<Events>) -> Self {
        let max = match (open.flow.is_stream(), body.is_stream()) {
            (true, _) => Some(PIECE),
            (false, true) => Some(HTTP1_PIECE),
            // It is in memory already; the engine adds nothing to it.
            (false, false) => None,
        };
        let pieces = |max| {
            Box::new(Pieces {
                rest: Bytes::new(),
                max,
                failed: None,
                events,
            })
        };
        Self {
            body,
            open: Some(open),
            pieces: max.map(pieces),
        }
    }

    /// The next frame of the body itself.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = Pin::new(&mut self.body);
        match catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx))) {
            Ok(poll) => poll,
            Err(panic) => {
                if let Some(open) = &self.open {
                    note_panic(open.flow.shared(), panic.as_ref(), open.context.as_ref());
                }
                self.body = Body::empty();
                Poll::Ready(Some(Err("the response body panicked".into())))
            }
        }
    }

    fn poll_pieces(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(pieces) = &mut self.pieces else {
            return self.poll_body(cx);
        };
        if !pieces.rest.is_empty() {
            let rest = std::mem::take(&mut pieces.rest);
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        if let Some(error) = pieces.failed.take() {
            self.open = None;
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(events) = &mut pieces.events
            && let Poll::Ready(hint) = events.poll_end(cx)
        {
            pieces.events = None;
            self.body = Body::empty();
            if let Some(hint) = hint {
                return Poll::Ready(Some(Ok(Frame::data(hint))));
            }
        }
        let frame = ready!(self.poll_body(cx));
        let Some(pieces) = &mut self.pieces else {
            return Poll::Ready(frame);
        };
        match frame {
            Some(Err(error)) => {
                // The engine throws away what it has not written when a body fails.
                self.body = Body::empty();
                pieces.failed = Some(error);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            frame => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok());
                let data = data.and_then(Frame::data_ref);
                if let (Some(events), Some(data)) = (&mut pieces.events, data) {
                    events.note(data);
                }
                Poll::Ready(frame)
            }
        }
    }

    /// Notes that a frame goes out. A large one goes in pieces: the engine takes all of a piece at
    /// once, and what it took costs memory and is out of sight of the deadlines.
    fn piece(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let Some(Open { flow, .. }) = &self.open else {
            return frame;
        };
        match frame.into_data() {
            Ok(mut data) => {
                if let Some(pieces) = &mut self.pieces
                    && data.len() > pieces.max
                {
                    pieces.rest = data.split_off(pieces.max);
                }
                flow.wrote(data.len());
                Frame::data(data)
            }
            Err(frame) => {
                flow.moved();
                frame
            }
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
        match ready!(this.poll_pieces(cx)) {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(this.piece(frame)))),
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => {
                this.open = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let left = |pieces: &Pieces| !pieces.rest.is_empty() || pieces.failed.is_some();
        !self.pieces.as_deref().is_some_and(left) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.size_hint();
        let Some(pieces) = self.pieces.as_deref().filter(|it| !it.rest.is_empty()) else {
            return body;
        };
        let rest = pieces.rest.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
