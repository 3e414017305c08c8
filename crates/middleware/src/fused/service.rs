use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use plumego_contract::{Request, RequestContext, Response};
use tower_service::Service;

use super::FusedLayer;
use super::future::{FusedFuture, Marks, Running, State, Waiting};
use super::headers::Prepared;
use crate::cors::is_preflight;
use crate::debug_errors::Teller;
use crate::observe::count;
use crate::rate_limit::is_operational;
use crate::{recover, security_headers};

/// The service of [`FusedLayer`].
#[derive(Debug, Clone)]
pub struct FusedService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

/// What the services and the futures of one layer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) layers: FusedLayer,
    pub(super) prepared: Option<Prepared>,
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
        let context = RequestContext::of(&mut request);
        let mut marks = Marks::new(Arc::clone(&self.shared), context);
        let layers = &self.shared.layers;
        if let Some(layer) = &layers.request_id {
            marks.id = Some(layer.identify(&marks.context, &mut request));
        }
        if let Some(layer) = &layers.observe {
            let mut exchange = layer.begin(&request, marks.context.clone());
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = count(body, &mut exchange);
            marks.exchange = Some(exchange);
        }
        let state = {
            let exchange = marks.exchange.as_ref();
            let _current = exchange.map(|exchange| exchange.context().trace().enter());
            self.below_observe(request, &mut marks)
        };
        FusedFuture { state, marks }
    }
}

impl<S> FusedService<S>
where
    S: Service<Request, Response = Response> + Clone,
{
    /// What answers before the work begins, and what marks every answer.
    fn below_observe(&mut self, mut request: Request, marks: &mut Marks) -> State<S, S::Future> {
        let layers = &self.shared.layers;
        if let Some(layer) = &layers.debug_errors {
            let teller = Teller::of(layer, &marks.context, request.headers());
            marks.teller = teller.map(Box::new);
        }
        if let Some(layer) = &layers.security_headers {
            marks.said.secure = security_headers::is_secure(&marks.context);
            marks.said.nonce = security_headers::nonce(&layer.policy);
            if let Some(nonce) = marks.said.nonce {
                request.extensions_mut().insert(nonce);
            }
        }
        // The predicate of CORS is code of the program. Below, where the work is, a panic is caught
        // once more, so that pages of other origins can read what it becomes.
        if layers.recover.is_none() || layers.cors.is_none() {
            return self.below_security(request, marks);
        }
        let rest = || self.below_security(request, marks);
        catch_unwind(AssertUnwindSafe(rest)).unwrap_or_else(|panic| {
            marks.said.by_cors = false;
            State::answered(recover::answer(&*panic, &marks.context))
        })
    }

    fn below_security(&mut self, request: Request, marks: &mut Marks) -> State<S, S::Future> {
        let layers = &self.shared.layers;
        if let Some(layer) = &layers.cors {
            if is_preflight(&request) {
                return State::answered(layer.policy.preflight(request.headers()));
            }
            marks.said.origin = layer.policy.allowed(request.headers());
            marks.said.by_cors = true;
        }
        if let Some(layer) = &layers.abuse_guard {
            let guard = layer.shared();
            match guard.check(&marks.context, &request) {
                Some(decision) if !decision.allowed => {
                    return State::answered(guard.refuse(&marks.context, &decision));
                }
                decision => marks.said.decision = decision,
            }
        }
        if layers.recover.is_none() {
            return self.work(request, &marks.context);
        }
        // What is left of the service after a panic is dropped with it: the service is a clone made
        // for this request, so a broken invariant reaches nobody else.
        let work = || self.work(request, &marks.context);
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| State::answered(recover::answer(&*panic, &marks.context)))
    }

    /// Begins the work, or waits for its turn.
    fn work(&mut self, mut request: Request, context: &RequestContext) -> State<S, S::Future> {
        let layers = &self.shared.layers;
        if let Some(layer) = layers.body_limit
            && let Err(response) = layer.limit(&mut request, context)
        {
            return State::answered(*response);
        }
        if let Some(layer) = layers.body_deadline
            && request.body().is_stream()
        {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = layer.config.watch(body, context);
        }
        let timeout = layers.timeout;
        let Some(layer) = &layers.concurrency_limit else {
            return Running::begin(&mut self.inner, request, context, timeout, None);
        };
        if is_operational(context) {
            return Running::begin(&mut self.inner, request, context, timeout, None);
        }
        if let Some(slot) = layer.gate.enter() {
            return Running::begin(&mut self.inner, request, context, timeout, Some(slot));
        }
        match Arc::clone(&layer.gate).wait() {
            Err(error) => State::answered(error.respond(context)),
            Ok(turn) => State::Waiting {
                waiting: Some(Box::new(Waiting {
                    turn: Box::pin(turn),
                    service: self.take_ready(),
                    request,
                })),
            },
        }
    }

    /// The inner service that said it was ready; a clone need not be.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }
}
