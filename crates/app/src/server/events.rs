//! Streams of events, which would go on for ever: they end when the server drains.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::Body as _;
use plumego_contract::Response;

use super::Shared;

/// When clients are told to come back: between this and three times as long.
const COME_BACK: Duration = Duration::from_millis(500);

/// Watches a stream of events. Its clients come back by themselves, to another instance, when it
/// ends.
pub(super) struct Events {
    shared: Arc<Shared>,
    ending: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The last bytes that went out.
    tail: [u8; 4],
    /// Whether a hint may be written: not into coded bytes, and not over that of the program.
    may_hint: bool,
}

impl Events {
    /// `None` when it is something else.
    pub(super) fn of(response: &Response, shared: &Arc<Shared>) -> Option<Self> {
        // Most answers are whole: their headers need no look.
        let is_endless = response.body().size_hint().exact().is_none();
        if !is_endless {
            return None;
        }
        let headers = response.headers();
        let kind = headers.get(CONTENT_TYPE)?;
        if !kind.as_bytes().starts_with(b"text/event-stream") {
            return None;
        }
        let (begins, theirs) = (shared.drain_begins(), shared.clone());
        Some(Self {
            shared: shared.clone(),
            ending: Box::pin(async move {
                begins.await;
                tokio::time::sleep_until(theirs.turns.next()).await;
            }),
            tail: *b"\n\n\n\n",
            may_hint: !headers.contains_key(CONTENT_ENCODING),
        })
    }

    /// Notes what goes out.
    pub(super) fn note(&mut self, data: &[u8]) {
        if !self.may_hint {
            return;
        }
        let mut lines = data.split(|byte| matches!(byte, b'\n' | b'\r'));
        if lines.any(|line| line.starts_with(b"retry:")) {
            self.may_hint = false;
        }
        let kept = data.len().min(self.tail.len());
        self.tail.rotate_left(kept);
        let (_, from) = data.split_at(data.len() - kept);
        let at = self.tail.len() - kept;
        self.tail.split_at_mut(at).1.copy_from_slice(from);
    }

    /// Ready when the stream must end, with what is to be sent before: when to come back, each
    /// client at another time. Nothing after half an event, which the client throws away.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        std::task::ready!(self.ending.as_mut().poll(cx));
        let is_whole = self.tail.ends_with(b"\n\n")
            || self.tail.ends_with(b"\r\r")
            || self.tail.ends_with(b"\r\n\r\n");
        let hint = (self.may_hint && is_whole).then(|| {
            let after = COME_BACK + self.shared.turns.fraction_of(COME_BACK * 2);
            Bytes::from(format!("retry: {}\n\n", after.as_millis()))
        });
        Poll::Ready(hint)
    }
}
