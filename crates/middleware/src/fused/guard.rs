use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use plumego_contract::{Request, RequestContext, Response};
use plumego_router::{ContextLayer, Endpoint};
use plumego_stdx::Shards;

use super::service::{Shared, Straight, begin};
use super::{FusedFuture, FusedLayer};

/// A [`FusedLayer`] as a [`ContextLayer`] of a router: the same work with less of a way to it.
#[derive(Debug)]
pub struct FusedGuard {
    shared: Shards<Shared>,
}

pin_project! {
    /// The future of [`FusedGuard`].
    pub struct GuardedFuture {
        #[pin]
        inner: FusedFuture<Endpoint>,
    }
}

impl FusedGuard {
    /// The guard of a router that has nothing around it: no layer sees an answer after this one. So
    /// the headers that are always the same may be left to the server, which writes them cheaper
    /// (see [`LateFields`](plumego_contract::LateFields)).
    pub fn outermost(layers: &FusedLayer) -> Self {
        Self {
            shared: Shared::shards(layers, true),
        }
    }
}

impl From<FusedLayer> for FusedGuard {
    fn from(layers: FusedLayer) -> Self {
        Self {
            shared: Shared::shards(&layers, false),
        }
    }
}

impl ContextLayer for FusedGuard {
    type Future = GuardedFuture;

    fn call(
        &self,
        next: &Endpoint,
        request: Request,
        context: &mut RequestContext,
    ) -> GuardedFuture {
        GuardedFuture {
            inner: begin(self.shared.here(), Straight(next), request, context),
        }
    }
}

impl Future for GuardedFuture {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.project().inner.poll(cx).map(|Ok(response)| response)
    }
}
