//! Layers that are there or not, without a box.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use plumego_contract::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

/// The outer layer around the inner one.
#[derive(Clone)]
pub(super) struct Stack<O, I>(pub(super) O, pub(super) I);

impl<S, O, I> Layer<S> for Stack<O, I>
where
    I: Layer<S>,
    O: Layer<I::Service>,
{
    type Service = O::Service;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(self.1.layer(inner))
    }
}

/// A layer, or nothing.
#[derive(Clone)]
pub(super) struct Maybe<L>(pub(super) Option<L>);

impl<S, L: Layer<S>> Layer<S> for Maybe<L> {
    type Service = MaybeService<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        match &self.0 {
            Some(layer) => MaybeService::On(layer.layer(inner)),
            None => MaybeService::Off(inner),
        }
    }
}

/// The service of a [`Maybe`].
#[derive(Clone)]
pub(super) enum MaybeService<A, B> {
    On(A),
    Off(B),
}

impl<A, B> Service<Request> for MaybeService<A, B>
where
    A: Service<Request, Response = Response>,
    B: Service<Request, Response = Response, Error = A::Error>,
{
    type Response = Response;
    type Error = A::Error;
    type Future = MaybeFuture<A::Future, B::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), A::Error>> {
        match self {
            Self::On(service) => service.poll_ready(cx),
            Self::Off(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self {
            Self::On(service) => MaybeFuture::On {
                future: service.call(request),
            },
            Self::Off(service) => MaybeFuture::Off {
                future: service.call(request),
            },
        }
    }
}

pin_project! {
    /// The future of a [`MaybeService`].
    #[project = MaybeProj]
    pub(super) enum MaybeFuture<A, B> {
        On { #[pin] future: A },
        Off { #[pin] future: B },
    }
}

impl<A, B> Future for MaybeFuture<A, B>
where
    A: Future,
    B: Future<Output = A::Output>,
{
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        match self.project() {
            MaybeProj::On { future } => future.poll(cx),
            MaybeProj::Off { future } => future.poll(cx),
        }
    }
}
