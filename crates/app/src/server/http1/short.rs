//! The short way of a request that came whole.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BufMut as _;
use http::Method;
use plumego_contract::Response;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::head::{Missing, find};
use super::wire::write;
use crate::server::Shared;
use crate::server::connection::{Ended, Guard};
use crate::server::flow::Flow;
use crate::server::io::TimedIo;
use crate::server::registry::Entry;
use crate::server::request::{Answer, Tracked, answer};
use crate::server::watch::Phase;

/// The longest request that goes this way. The engine reads as much at once, so that it has the
/// whole of one that it is given with its answer.
const MAX_REQUEST: usize = 8 * 1024;
/// What is kept for the next answer.
const MAX_KEPT: usize = 4 * 1024;

/// What the engine goes on with.
pub(super) struct Handed {
    /// The bytes of the request that is the engine's, and all that came after it.
    pub(super) unread: Vec<u8>,
    /// The answer to it, when it has been asked.
    pub(super) answer: Option<Box<Response<Tracked>>>,
}

impl Handed {
    /// A request that nobody has answered.
    fn to_ask(unread: Vec<u8>) -> Self {
        Self {
            unread,
            answer: None,
        }
    }
}

/// Serves the requests of a connection for as long as they are of the plain kind.
pub(super) async fn serve<T>(
    io: &mut TimedIo<T>,
    shared: &Shared,
    entry: &Arc<Entry>,
    guard: &mut Guard<'_>,
) -> Result<Handed, Ended>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let max = shared.tuning.max_header_bytes;
    let mut unread = Vec::new();
    let mut out = Vec::new();
    loop {
        let (request, length) = match find(&unread, max) {
            Ok(found) => found,
            Err(Missing::Part) if unread.len() < MAX_REQUEST => {
                if more(io, &mut unread, entry, guard).await? > 0 {
                    continue;
                }
                return given_up(unread);
            }
            Err(Missing::Part | Missing::Other) => return Ok(Handed::to_ask(unread)),
        };
        let is_head = request.method() == Method::HEAD;
        let mut asked = answer(Flow::new(entry.clone(), None), request, false);
        let answered = poll_fn(|cx| poll_answer(io, &mut asked, &mut out, is_head, cx));
        let answer = guard.hold(answered).await?.map_err(Ended::Io)?;
        if answer.is_some() {
            return Ok(Handed { unread, answer });
        }
        unread.drain(..length);
        if !unread.is_empty() {
            entry.watch.read();
        }
        send(io, &out, guard).await?;
        out.clear();
        out.shrink_to(MAX_KEPT);
    }
}

/// The client sends no more. What there is of a request is for the engine to refuse.
fn given_up(unread: Vec<u8>) -> Result<Handed, Ended> {
    if unread.is_empty() {
        return Err(Ended::Done);
    }
    Ok(Handed::to_ask(unread))
}

/// Reads what comes next. 0 is the end.
async fn more<T>(
    io: &mut TimedIo<T>,
    unread: &mut Vec<u8>,
    entry: &Entry,
    guard: &mut Guard<'_>,
) -> Result<usize, Ended>
where
    T: AsyncRead + Unpin,
{
    let is_idle = unread.is_empty();
    let left = MAX_REQUEST.saturating_sub(unread.len());
    unread.reserve(left);
    let mut room = unread.limit(left);
    let mut read = pin!(io.read_buf(&mut room));
    let read = poll_fn(|cx| {
        guard.register(cx);
        if let Poll::Ready(read) = read.as_mut().poll(cx) {
            return Poll::Ready(Ok(read));
        }
        if entry.watch.phase() != Phase::Head && guard.is_dismissed(cx) {
            return Poll::Ready(Err(Ended::Done));
        }
        guard.poll(cx).map(Err)
    });
    match read.await? {
        Ok(count) => Ok(count),
        // Nothing is lost that anybody waits for.
        Err(_) if is_idle => Ok(0),
        Err(error) => Err(Ended::Io(error)),
    }
}

/// Ready when the answer is written to `out`, or there for the engine to send, or its client gone.
fn poll_answer<T>(
    io: &mut TimedIo<T>,
    asked: &mut Answer,
    out: &mut Vec<u8>,
    is_head: bool,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Option<Box<Response<Tracked>>>>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    if let Poll::Ready(Ok(response)) = Pin::new(asked).poll(cx) {
        if write(out, &response, is_head) {
            return Poll::Ready(Ok(None));
        }
        let (mut parts, body) = response.into_parts();
        if let Some(context) = body.context() {
            context.add_late_fields(&mut parts.headers);
        }
        let response = Response::from_parts(parts, body);
        return Poll::Ready(Ok(Some(Box::new(response))));
    }
    match Pin::new(io).poll_flush(cx) {
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        _ => Poll::Pending,
    }
}

/// Writes all of it.
async fn send<T>(io: &mut TimedIo<T>, bytes: &[u8], guard: &mut Guard<'_>) -> Result<(), Ended>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let sent = async {
        io.write_all(bytes).await?;
        io.flush().await
    };
    guard.hold(sent).await?.map_err(Ended::Io)
}
