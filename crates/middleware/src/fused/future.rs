use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use plumego_contract::{Error, Request, RequestContext, Response};
use plumego_stdx::Shard;
use tower_service::Service;

use super::headers::{Late, Said};
use super::service::Shared;
use crate::concurrency_limit::Slot;
use crate::debug_errors::Teller;
use crate::observe::{Exchange, count};
use crate::recover;
use crate::timeout::Bound;

pin_project! {
    /// The future of [`FusedService`](super::FusedService).
    pub struct FusedFuture<S: Service<Request>> {
        #[pin]
        pub(super) state: State<S, S::Future>,
        pub(super) marks: Marks,
    }
}

pin_project! {
    #[project = StateProj]
    pub(super) enum State<S, F> {
        Running { #[pin] running: Running<F> },
        Waiting { waiting: Option<Box<Waiting<S>>> },
        Answered { response: Option<Response> },
    }
}

pin_project! {
    /// The service at work, for as long as it may.
    pub(super) struct Running<F> {
        #[pin]
        future: F,
        bound: Option<Bound>,
        slot: Option<Slot>,
    }
}

type Turn = Pin<Box<dyn Future<Output = Result<Slot, Error>> + Send>>;

/// All that is kept of a request while it waits.
pub(super) struct Waiting<S> {
    pub(super) turn: Turn,
    pub(super) service: S,
    pub(super) request: Request,
}

/// What the answer is to carry, and the record that is made of it.
pub(super) struct Marks {
    pub(super) shared: Shard<Shared>,
    pub(super) context: RequestContext,
    pub(super) exchange: Option<Exchange>,
    pub(super) teller: Option<Box<Teller>>,
    pub(super) said: Said,
}

impl<S: Service<Request>> FusedFuture<S> {
    /// That of a request which has not begun: only what tells it apart is known.
    pub(super) fn new(
        shared: &Shard<Shared>,
        request: &mut Request,
        context: &mut RequestContext,
    ) -> Self {
        let layers = &shared.layers;
        let id = layers.request_id.as_ref();
        let id = id.map(|layer| layer.identify(request));
        context.prepare(id.clone(), layers.observe.is_some());
        let said = Said {
            id,
            ..Said::default()
        };
        let exchange = layers.observe.as_ref().map(|layer| {
            let mut exchange = layer.begin(request);
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = count(body, &mut exchange);
            exchange
        });
        Self {
            state: State::Answered { response: None },
            marks: Marks {
                shared: shared.clone(),
                context: context.clone(),
                exchange,
                teller: None,
                said,
            },
        }
    }
}

impl<S, F> State<S, F> {
    pub(super) fn answered(response: Response) -> Self {
        Self::Answered {
            response: Some(response),
        }
    }
}

impl<F> Running<F> {
    pub(super) fn state<S>(future: F, bound: Option<Bound>, slot: Option<Slot>) -> State<S, F> {
        State::Running {
            running: Self {
                future,
                bound,
                slot,
            },
        }
    }
}

impl<S> Future for FusedFuture<S>
where
    S: Service<Request, Response = Response>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = {
            let context = this.marks.exchange.is_some().then_some(&this.marks.context);
            let _current = context.map(|context| context.trace().enter());
            ready!(guarded(this.state, this.marks, cx))
        };
        if let Ok(response) = &mut result {
            this.marks.put_on(response);
        }
        Poll::Ready(result)
    }
}

/// The work, with its panics caught where that is asked for.
fn guarded<S>(
    state: Pin<&mut State<S, S::Future>>,
    marks: &Marks,
    cx: &mut Context<'_>,
) -> Poll<Result<Response, S::Error>>
where
    S: Service<Request, Response = Response>,
{
    if marks.shared.layers.recover.is_none() {
        return work(state, marks, cx);
    }
    let context = &marks.context;
    // Written where it is returned: the less an answer is moved, the better.
    let mut polled = Poll::Pending;
    let worked = catch_unwind(AssertUnwindSafe(|| polled = work(state, marks, cx)));
    if let Err(panic) = worked {
        return Poll::Ready(Ok(recover::answer(&*panic, context)));
    }
    if let Poll::Ready(Ok(response)) = &mut polled
        && response.body().is_stream()
    {
        *response = recover::follow(std::mem::take(response), context);
    }
    polled
}

fn work<S>(
    mut state: Pin<&mut State<S, S::Future>>,
    marks: &Marks,
    cx: &mut Context<'_>,
) -> Poll<Result<Response, S::Error>>
where
    S: Service<Request, Response = Response>,
{
    let context = &marks.context;
    loop {
        let next = match state.as_mut().project() {
            StateProj::Running { running } => {
                let running = running.project();
                let polled = running.future.poll(cx);
                if polled.is_ready() {
                    drop(running.slot.take());
                    return polled;
                }
                let Some(bound) = running.bound else {
                    return Poll::Pending;
                };
                ready!(bound.poll(cx));
                State::answered(bound.error().respond(context))
            }
            StateProj::Answered { response } => {
                return Poll::Ready(Ok(response.take().unwrap_or_default()));
            }
            StateProj::Waiting { waiting } => {
                let Some(there) = waiting else {
                    return Poll::Pending;
                };
                let slot = ready!(there.turn.as_mut().poll(cx));
                let Some(there) = waiting.take() else {
                    return Poll::Pending;
                };
                (*there).go_on(slot, marks)
            }
        };
        // What a handler held is free before its client hears that the time is over.
        state.set(next);
    }
}

impl<S: Service<Request>> Waiting<S> {
    /// The state that follows once the wait is over.
    fn go_on(self, slot: Result<Slot, Error>, marks: &Marks) -> State<S, S::Future> {
        let Self {
            mut service,
            mut request,
            ..
        } = self;
        let context = &marks.context;
        match slot {
            Ok(mut slot) => {
                slot.follow(&mut request, context);
                let timeout = marks.shared.layers.timeout;
                let bound = timeout.and_then(|layer| layer.bound(context));
                Running::state(service.call(request), bound, Some(slot))
            }
            Err(error) => State::answered(error.respond(context)),
        }
    }
}

impl Marks {
    /// The answer as it leaves the outermost layer.
    fn put_on(&mut self, response: &mut Response) {
        let Shared {
            layers, prepared, ..
        } = &*self.shared;
        let context = &self.context;
        let said = std::mem::take(&mut self.said);
        let headers = response.headers_mut();
        let ready = prepared
            .as_ref()
            .and_then(|prepared| prepared.of(layers, headers, &said));
        if let Some(ready) = ready {
            // Those of a guard that is around all others: nobody looks at them before they go.
            if self.shared.is_outermost && context.takes_late_fields() {
                let shared = self.shared.clone();
                context.leave_fields(Late { shared, said });
            } else {
                let own = std::mem::take(headers);
                *headers = ready.fill(own, layers, said, context.trace());
            }
        } else {
            layers.mark(response, &said);
            if let Some(teller) = self.teller.take() {
                *response = teller.tell(std::mem::take(response));
            }
            layers.tell_apart(response.headers_mut(), &said, context.trace());
        }
        if let (Some(observe), Some(exchange)) = (&layers.observe, self.exchange.take()) {
            observe.end(response, exchange, &self.context);
        }
    }
}

/// A request that is given up has its record too.
impl Drop for Marks {
    fn drop(&mut self) {
        if let (Some(exchange), Some(observe)) = (&mut self.exchange, &self.shared.layers.observe) {
            observe.abandon(exchange, &self.context);
        }
    }
}
