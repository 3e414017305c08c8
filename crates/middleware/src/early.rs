//! The future of a layer that either answers at once or lets the request through.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Response};

pin_project! {
    /// The service below at work, or an answer that was there at once.
    pub struct EarlyFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F },
        Answered { response: Option<Response> },
    }
}

impl<F> EarlyFuture<F> {
    pub(crate) fn run(future: F) -> Self {
        Self {
            state: State::Running { future },
        }
    }

    pub(crate) fn answer(response: Response) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
        }
    }
}

impl<F, R, E> Future for EarlyFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Running { future } => {
                future.poll(cx).map_ok(|response| response.map(Body::new))
            }
            StateProj::Answered { response } => {
                Poll::Ready(Ok(response.take().unwrap_or_default()))
            }
        }
    }
}
