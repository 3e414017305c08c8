use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use plumego_contract::{Request, RequestContext, Response};
use plumego_router::{BoxResponse, ContextLayer, Endpoint};
use plumego_stdx::Shards;

use super::service::{Shared, Straight, begin};
use super::{FusedFuture, FusedLayer};

/// A [`FusedLayer`] as a [`ContextLayer`] of a router: the same work with less of a way to it.
#[derive(Debug)]
pub struct FusedGuard {
    shared: Shards<Shared>,
}

pin_project! {
    struct GuardedFuture {
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
    fn call(
        &self,
        next: &Endpoint,
        mut request: Request,
        context: &mut RequestContext,
    ) -> BoxResponse {
        let shared = self.shared.here();
        // Where it stays: it is moved no more.
        let mut future = Box::new(GuardedFuture {
            inner: FusedFuture::new(shared, &mut request, context),
        });
        begin(shared, &mut future.inner, Straight(next), request, context);
        Box::into_pin(future)
    }
}

impl Future for GuardedFuture {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.project().inner.poll(cx).map(|Ok(response)| response)
    }
}
