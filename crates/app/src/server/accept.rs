//! Accepting connections, never more than are allowed at once.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use plumego_contract::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::connection;
use super::listener::{Bound, Stream};

/// The first wait after a failure to accept; it doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::from_millis(5);
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// How long a listener that closes is asked for one more connection: the runtime may not have
/// heard of it yet.
const LAST_CALL: Duration = Duration::from_millis(10);
/// The most connections taken from the backlogs when the listeners close.
const MAX_LAST_ACCEPTS: usize = 4096;

/// Accepts until told to stop, then takes what waits in the backlogs and closes the listeners.
///
/// A permit is taken before a connection is: beyond the most that may be open, clients wait in the
/// backlog of the system.
pub(crate) async fn run(shared: Arc<Shared>, listeners: Vec<Bound>, stop: CancellationToken) {
    let mut round = Round { listeners, next: 0 };
    let mut backoff = MIN_BACKOFF;
    loop {
        let Some(permit) = stop.run_until_cancelled(permit(&shared)).await else {
            break;
        };
        let accepted = stop
            .run_until_cancelled(poll_fn(|cx| round.poll_accept(cx)))
            .await;
        match accepted {
            None => break,
            Some(Ok((stream, connection))) => {
                backoff = MIN_BACKOFF;
                spawn(&shared, stream, connection, permit);
            }
            Some(Err(error)) => {
                drop(permit);
                if is_of_the_connection(&error) {
                    continue;
                }
                shared.metrics.accept_errors.inc();
                tracing::warn!(%error, wait = ?backoff, "cannot accept connections");
                let wait = tokio::time::sleep(backoff);
                if stop.run_until_cancelled(wait).await.is_none() {
                    break;
                }
                backoff = (backoff * 2).min(MAX_BACKOFF);
            }
        }
    }
    // The system has answered these clients already; a closed listener would reset them.
    for _ in 0..MAX_LAST_ACCEPTS {
        let Ok(permit) = shared.permits.clone().try_acquire_owned() else {
            break;
        };
        let waiting = poll_fn(|cx| round.poll_accept(cx));
        match tokio::time::timeout(LAST_CALL, waiting).await {
            Ok(Ok((stream, connection))) => spawn(&shared, stream, connection, Some(permit)),
            Ok(Err(error)) if is_of_the_connection(&error) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
}

async fn permit(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = shared.permits.clone().try_acquire_owned() {
        return Some(permit);
    }
    shared.metrics.waited.inc();
    tracing::debug!("the most connections are open; others wait");
    // The semaphore is never closed.
    shared.permits.clone().acquire_owned().await.ok()
}

fn spawn(
    shared: &Arc<Shared>,
    stream: Stream,
    connection: Connection,
    permit: Option<OwnedSemaphorePermit>,
) {
    shared.metrics.opened.inc();
    let active = shared.metrics.active.track();
    let run = connection::run(shared.clone(), stream, connection);
    shared.tracker.spawn(async move {
        run.await;
        drop((active, permit));
    });
}

/// Failures that end one connection and say nothing about the next.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// All listeners in turn, so that a busy one does not starve the others.
struct Round {
    listeners: Vec<Bound>,
    next: usize,
}

impl Round {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Connection)>> {
        let count = self.listeners.len();
        for turn in 0..count {
            let at = (self.next + turn) % count;
            let Some(listener) = self.listeners.get_mut(at) else {
                continue;
            };
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                self.next = (at + 1) % count;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}
