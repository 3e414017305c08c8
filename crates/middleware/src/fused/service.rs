use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use plumego_contract::{Request, RequestContext, Response};
use plumego_router::{Endpoint, EndpointFuture};
use plumego_stdx::Shards;
use tokio::time::Instant;
use tower_service::Service;

use super::FusedLayer;
use super::future::{FusedFuture, Marks, Running, State, Waiting};
use super::headers::Prepared;
use crate::concurrency_limit::{Gate, Slot};
use crate::cors::is_preflight;
use crate::debug_errors::Teller;
use crate::rate_limit::is_operational;
use crate::timeout::TimeoutLayer;
use crate::{recover, security_headers};

/// The service of [`FusedLayer`].
#[derive(Debug, Clone)]
pub struct FusedService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shards<Shared>>,
}

/// What the services and the futures of one layer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) layers: FusedLayer,
    pub(super) prepared: Option<Prepared>,
    /// Whether nothing is around these layers.
    pub(super) is_outermost: bool,
}

impl Shared {
    /// As many as there are, so that no two processors count references in the same place.
    pub(super) fn shards(layers: &FusedLayer, is_outermost: bool) -> Shards<Self> {
        Shards::new(|| Self {
            is_outermost,
            prepared: Prepared::new(layers),
            layers: layers.clone(),
        })
    }
}

impl<S> Service<Request> for FusedService<S>
where
    S: Service<Request, Response = Response> + Clone,
{
    type Response = Response;
    type Error = S::Error;
    type Future = FusedFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mut context = RequestContext::of(&mut request);
        let shared = self.shared.here();
        let mut future = FusedFuture::new(shared, &mut request, &mut context);
        begin(
            shared,
            &mut future,
            Tower(&mut self.inner),
            request,
            &context,
        );
        future
    }
}

/// What lies below the layers, before it is asked.
pub(super) trait Rest<S: Service<Request>> {
    /// Asks it.
    fn call(&mut self, request: Request, context: &mut RequestContext) -> S::Future;

    /// The time. When nothing can have waited before, it is that of the request.
    fn now(&self, context: &RequestContext) -> Instant;

    /// What can be asked later, and the request in a form that it takes.
    fn keep(&mut self, request: Request, context: &RequestContext) -> (S, Request);
}

/// Any service.
struct Tower<'a, S>(&'a mut S);

impl<S: Service<Request> + Clone> Rest<S> for Tower<'_, S> {
    fn call(&mut self, mut request: Request, context: &mut RequestContext) -> S::Future {
        context.clone().put_into(request.extensions_mut());
        self.0.call(request)
    }

    fn now(&self, _: &RequestContext) -> Instant {
        Instant::now()
    }

    /// The service that said it was ready; a clone need not be.
    fn keep(&mut self, mut request: Request, context: &RequestContext) -> (S, Request) {
        context.clone().put_into(request.extensions_mut());
        let clone = self.0.clone();
        (std::mem::replace(self.0, clone), request)
    }
}

/// An end of the router, which needs no context in the extensions.
pub(super) struct Straight<'a>(pub(super) &'a Endpoint);

impl Rest<Endpoint> for Straight<'_> {
    fn call(&mut self, request: Request, context: &mut RequestContext) -> EndpointFuture {
        self.0.run(request, context)
    }

    fn now(&self, context: &RequestContext) -> Instant {
        context.started()
    }

    fn keep(&mut self, mut request: Request, context: &RequestContext) -> (Endpoint, Request) {
        context.clone().put_into(request.extensions_mut());
        (self.0.clone(), request)
    }
}

/// Everything that comes before the work.
pub(super) fn begin<S: Service<Request>>(
    shared: &Shared,
    future: &mut FusedFuture<S>,
    mut rest: impl Rest<S>,
    mut request: Request,
    context: &RequestContext,
) {
    let FusedFuture { state, marks } = future;
    let mut way = Way {
        layers: &shared.layers,
        rest: &mut rest,
        request: &mut request,
        state,
    };
    let is_observed = marks.exchange.is_some();
    let _current = is_observed.then(|| context.trace().enter());
    way.below_observe(marks);
}

/// A request on its way through the layers. It stays in one place until the work begins, as does
/// the state that it leads to: each move of either costs every request.
struct Way<'a, S: Service<Request>, R> {
    layers: &'a FusedLayer,
    rest: &'a mut R,
    request: &'a mut Request,
    state: &'a mut State<S, S::Future>,
}

impl<S: Service<Request>, R: Rest<S>> Way<'_, S, R> {
    fn answered(&mut self, response: Response) {
        *self.state = State::answered(response);
    }

    /// What answers before the work begins, and what marks every answer.
    fn below_observe(&mut self, marks: &mut Marks) {
        let layers = self.layers;
        if let Some(layer) = &layers.debug_errors {
            let teller = Teller::of(layer, &marks.context, self.request.headers());
            marks.teller = teller.map(Box::new);
        }
        if let Some(layer) = &layers.security_headers {
            marks.said.secure = security_headers::is_secure(&marks.context);
            marks.said.nonce = security_headers::nonce(&layer.policy);
            if let Some(nonce) = marks.said.nonce {
                self.request.extensions_mut().insert(nonce);
            }
        }
        // The predicate of CORS is code of the program. Below, where the work is, a panic is caught
        // once more, so that pages of other origins can read what it becomes.
        if layers.recover.is_none() || layers.cors.is_none() {
            return self.below_security(marks);
        }
        let rest = || self.below_security(marks);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(rest)) {
            marks.said.by_cors = false;
            self.answered(recover::answer(&*panic, &marks.context));
        }
    }

    fn below_security(&mut self, marks: &mut Marks) {
        let layers = self.layers;
        if let Some(layer) = &layers.cors {
            let headers = self.request.headers();
            if is_preflight(self.request) {
                let response = layer.policy.preflight(headers);
                return self.answered(response);
            }
            marks.said.origin = layer.policy.allowed(headers);
            marks.said.by_cors = true;
        }
        if let Some(layer) = &layers.abuse_guard {
            let guard = layer.shared();
            let now = self.rest.now(&marks.context);
            match guard.check(&marks.context, self.request, now) {
                Some(decision) if !decision.allowed => {
                    return self.answered(guard.refuse(&marks.context, &decision));
                }
                decision => marks.said.decision = decision,
            }
        }
        if layers.recover.is_none() {
            return self.work(&mut marks.context);
        }
        // What is left of the service after a panic is dropped with it: the service is a clone made
        // for this request, so a broken invariant reaches nobody else.
        let work = || self.work(&mut marks.context);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            self.answered(recover::answer(&*panic, &marks.context));
        }
    }

    /// Begins the work, or waits for its turn.
    fn work(&mut self, context: &mut RequestContext) {
        let layers = self.layers;
        if let Some(layer) = layers.body_limit
            && let Err(response) = layer.limit(self.request, context)
        {
            return self.answered(*response);
        }
        if let Some(layer) = layers.body_deadline
            && self.request.body().is_stream()
        {
            let body = std::mem::take(self.request.body_mut());
            *self.request.body_mut() = layer.config.watch(body, context);
        }
        let timeout = layers.timeout;
        let Some(layer) = &layers.concurrency_limit else {
            return self.start(context, timeout, None);
        };
        if is_operational(context) {
            return self.start(context, timeout, None);
        }
        if let Some(slot) = Gate::enter(&layer.gate) {
            return self.start(context, timeout, Some(slot));
        }
        match Gate::wait(layer.gate.here().clone()) {
            Err(error) => self.answered(error.respond(context)),
            Ok(turn) => {
                let request = std::mem::take(self.request);
                let (service, request) = self.rest.keep(request, context);
                let turn = Box::pin(turn);
                *self.state = State::Waiting {
                    waiting: Some(Box::new(Waiting {
                        turn,
                        service,
                        request,
                    })),
                };
            }
        }
    }

    fn start(
        &mut self,
        context: &mut RequestContext,
        timeout: Option<TimeoutLayer>,
        mut slot: Option<Slot>,
    ) {
        if let Some(slot) = &mut slot {
            slot.follow(self.request, context);
        }
        let bound = timeout.and_then(|layer| layer.bound(context));
        let future = self.rest.call(std::mem::take(self.request), context);
        *self.state = Running::state(future, bound, slot);
    }
}
