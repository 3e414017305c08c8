//! Accepting connections, never more than are allowed at once.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use plumego_contract::Connection;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
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
/// How long the backlogs are emptied at most: clients may come as fast as they are taken, and the
/// time of the drain is for those that are open.
const LAST_CALL_TOTAL: Duration = Duration::from_millis(500);
/// The most that are closed and counted after these.
const MAX_LAST_DROPS: usize = 64 * 1024;
/// The most bytes of an answer that wait in the system to be sent.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_UNSENT: u32 = 16 * 1024;
/// The least time between two lines about refused connections.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Accepts until told to stop, then takes what waits in the backlogs and closes the listeners.
///
/// A permit is taken before a connection is: beyond the most that may be open, clients wait in the
/// backlog of the system. When the listeners close there is nothing left to wait for: then those
/// that wait are taken all the same.
pub(crate) async fn run(shared: Arc<Shared>, listeners: Vec<Bound>, stop: CancellationToken) {
    listeners.iter().for_each(bound_unsent);
    let mut round = Round { listeners, next: 0 };
    let mut backoff = MIN_BACKOFF;
    let mut refusals = Refusals::default();
    loop {
        let Some(permit) = stop.run_until_cancelled(permit(&shared)).await else {
            break;
        };
        let accepted = stop
            .run_until_cancelled(poll_fn(|cx| round.poll_accept(cx)))
            .await;
        match accepted {
            None => break,
            Some(Ok(accepted)) => {
                backoff = MIN_BACKOFF;
                spawn(&shared, &mut refusals, accepted, permit);
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
    if shared.handed_over.load(Ordering::Acquire) {
        round.listeners.into_iter().for_each(Bound::leave);
        return;
    }
    for listener in &mut round.listeners {
        listener.unlist();
    }
    last_call(&shared, &mut round, &mut refusals).await;
}

/// Takes what waits in the backlogs: the system has answered these clients already, and a closed
/// listener would reset them.
///
/// Those beyond the most that may be open are taken too. They cannot wait for a place, and the idle
/// ones give theirs back at once. What is still left is closed, and said.
async fn last_call(shared: &Arc<Shared>, round: &mut Round, refusals: &mut Refusals) {
    let mut dropped: u64 = 0;
    let end = Instant::now() + LAST_CALL_TOTAL;
    for at in 0..MAX_LAST_ACCEPTS + MAX_LAST_DROPS {
        if Instant::now() >= end {
            break;
        }
        let waiting = poll_fn(|cx| round.poll_accept(cx));
        match tokio::time::timeout(LAST_CALL, waiting).await {
            Ok(Ok(accepted)) if at < MAX_LAST_ACCEPTS => {
                let permit = shared.permits.clone().try_acquire_owned().ok();
                spawn(shared, refusals, accepted, permit);
            }
            Ok(Ok(_)) => {
                shared.metrics.opened.inc();
                shared.metrics.refused_closing.inc();
                dropped += 1;
            }
            Ok(Err(error)) if is_of_the_connection(&error) => {}
            Ok(Err(error)) => {
                shared.metrics.accept_errors.inc();
                tracing::warn!(%error, "cannot accept the connections that still wait");
                break;
            }
            Err(_) => break,
        }
    }
    if dropped > 0 {
        tracing::warn!(
            dropped,
            "connections were closed without an answer: more of them waited than are taken when \
             the listeners close"
        );
    }
}

/// What a connection may keep in the system that is not yet on its way, so that clients that do not
/// read cost little there, and so that one that reads slowly is seen to: a ping of HTTP/2 waits
/// behind it, and an answer can stand still for as long as it takes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(listener: &Bound) {
    if let Bound::Tcp(listener) = listener {
        // The connections inherit it. A system that knows nothing of it goes without.
        let _ = SockRef::from(listener).set_tcp_notsent_lowat(MAX_UNSENT);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &Bound) {}

async fn permit(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = shared.permits.clone().try_acquire_owned() {
        return Some(permit);
    }
    shared.metrics.waited.inc();
    tracing::debug!("the most connections are open; others wait");
    // The semaphore is never closed.
    shared.permits.clone().acquire_owned().await.ok()
}

/// Serves a connection, unless its client has as many as it may have: then it is closed without a
/// word. What it speaks is not known before it does, and an answer would cost the server more than
/// the next attempt costs the client.
fn spawn(
    shared: &Arc<Shared>,
    refusals: &mut Refusals,
    (stream, connection): (Stream, Connection),
    permit: Option<OwnedSemaphorePermit>,
) {
    shared.metrics.opened.inc();
    let Some(admitted) = shared.peers.admit(connection.peer) else {
        shared.metrics.refused_per_ip.inc();
        refusals.note(connection.peer);
        return;
    };
    // Tracked by what is held, which is dropped at the end: nothing more is polled each time.
    let active = shared.metrics.active.track();
    let held = (shared.tracker.token(), active, admitted, permit);
    if let Some(tls) = shared.tls_of(&connection)
        && stream.is_open(&connection)
    {
        let run = tls.run(shared.clone(), stream, connection);
        tokio::spawn(async move {
            run.await;
            drop(held);
        });
        return;
    }
    tokio::spawn(connection::run(shared.clone(), stream, connection, held));
}

/// Says that connections are refused, but not for each of them.
#[derive(Default)]
struct Refusals {
    said: Option<Instant>,
    unsaid: u64,
}

impl Refusals {
    fn note(&mut self, peer: Option<SocketAddr>) {
        if let Some(count) = self.due() {
            tracing::warn!(
                ?peer,
                count,
                "connections are refused: their client has as many as it may have"
            );
        }
    }

    /// How many there were since the last line, when it is time for one.
    fn due(&mut self) -> Option<u64> {
        self.unsaid += 1;
        if self.said.is_some_and(|said| said.elapsed() < SAY_EVERY) {
            return None;
        }
        self.said = Some(Instant::now());
        Some(std::mem::take(&mut self.unsaid))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_refusals_are_one_line() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.due(), Some(1));
        for _ in 0..1000 {
            assert_eq!(refusals.due(), None);
        }
        tokio::time::advance(SAY_EVERY).await;
        assert_eq!(refusals.due(), Some(1001));
        assert_eq!(refusals.due(), None);
    }
}
