//! The engine's way: hyper, for everything.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use plumego_contract::Response;
use tokio::io::{AsyncRead, AsyncWrite};

use super::is_said_goodbye;
use crate::server::Shared;
use crate::server::connection::{Ended, Guard, close};
use crate::server::flow::Flow;
use crate::server::io::TimedIo;
use crate::server::registry::Entry;
use crate::server::request::{Answer, Tracked, answer_incoming};
use crate::server::watch::Phase;

/// Serves a connection until it ends. `ready` is the answer to its first request, which was asked
/// already.
pub(super) async fn serve<T>(
    shared: &Arc<Shared>,
    io: TimedIo<T>,
    entry: &Arc<Entry>,
    guard: &mut Guard<'_>,
    ready: Option<Box<Response<Tracked>>>,
) -> Ended
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (ready, home) = (Cell::new(ready), entry.clone());
    let service = service_fn(move |request| match ready.take() {
        Some(response) => Answer::ready(response),
        None => answer_incoming(Flow::new(home.clone(), None), request),
    });
    let mut engine = builder(shared).serve_connection(TokioIo::new(io), service);
    let mut told = false;
    let ended = poll_fn(|cx| {
        guard.register(cx);
        loop {
            if let Poll::Ready(ended) = engine.poll_without_shutdown(cx) {
                return Poll::Ready(ended.map_or_else(Ended::Engine, |()| Ended::Done));
            }
            // Told while it writes an answer that is the last, it would throw away what is left.
            let hears = matches!(entry.watch.phase(), Phase::Idle | Phase::Handling);
            if told || !hears || !guard.is_dismissed(cx) {
                return guard.poll(cx);
            }
            told = true;
            Pin::new(&mut engine).graceful_shutdown();
        }
    })
    .await;
    let refused = matches!(&ended, Ended::Engine(error) if error.is_parse());
    let unread = matches!(ended, Ended::Done) && !entry.watch.is_request_body_done();
    if refused || is_said_goodbye(&ended) {
        let io = engine.into_parts().io.into_inner();
        close(io, refused || unread, shared).await;
    }
    ended
}

fn builder(shared: &Shared) -> http1::Builder {
    let max = shared.tuning.max_header_bytes;
    let mut builder = http1::Builder::new();
    builder
        .max_header_size(max)
        // The buffer must hold a whole head; the engine asks for 8 KiB at least.
        .max_buf_size(max.saturating_add(1).max(MIN_BUFFER))
        // The engine would read before it polls the handler, into a buffer of its own, as the
        // request holds the other one. `TimedIo` looks afterwards, when there is need to.
        .half_close(true);
    builder
}

/// The engine's own default for its buffers.
const MIN_BUFFER: usize = 8192 + 4096 * 100;
