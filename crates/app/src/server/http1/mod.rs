//! A connection by HTTP/1.1.
//!
//! A request that came whole, with an answer that lies in memory, goes the *short way*: its head is
//! read by the parser that the engine uses (httparse), and the answer is written in one piece.
//! Everything else is the engine's (hyper): what is malformed, bodies that come in pieces, streams,
//! upgrades, `Expect`, `Connection: close`, HTTP/1.0. It gets the bytes as they came, and keeps the
//! connection from then on; so there is one judge of framing.

mod date;
mod engine;
mod head;
mod short;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use self::short::Handed;
use super::Shared;
use super::connection::{Ended, Guard, close};
use super::io::TimedIo;
use super::registry::Entry;
use super::watch::Expired;

/// Serves a connection by HTTP/1.1 until it ends.
pub(super) async fn serve<T>(
    shared: &Arc<Shared>,
    mut io: TimedIo<T>,
    entry: &Arc<Entry>,
    guard: &mut Guard<'_>,
) -> Ended
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    entry.home.take_late_fields(true);
    let left = short::serve(&mut io, shared, entry, guard).await;
    entry.home.take_late_fields(false);
    match left {
        Err(ended) => {
            if is_said_goodbye(&ended) {
                close(io, false, shared).await;
            }
            ended
        }
        Ok(Handed { unread, answer }) => {
            io.give_back(unread);
            // In a box: most connections never have one.
            Box::pin(engine::serve(shared, io, entry, guard, answer)).await
        }
    }
}

/// A client of TLS that is idle, or has not asked yet, is told that this is no attack.
fn is_said_goodbye(ended: &Ended) -> bool {
    matches!(
        ended,
        Ended::Done | Ended::TimedOut(Expired::Idle | Expired::Header)
    )
}
