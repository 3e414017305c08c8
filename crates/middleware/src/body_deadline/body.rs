use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError, Error, codes};
use tokio::time::{Instant, Sleep, sleep_until};

use super::BodyDeadlineConfig;

/// A body that ends with `408 body_timeout` when it comes too slowly.
pub(super) struct DeadlineBody {
    inner: Body,
    config: BodyDeadlineConfig,
    /// The time that may still be spent on waiting; `None` where there is no minimum.
    budget: Option<Duration>,
    ends_at: Option<Instant>,
    waits_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl DeadlineBody {
    pub(super) fn new(inner: Body, config: BodyDeadlineConfig, started: Instant) -> Self {
        Self {
            inner,
            config,
            budget: config.min_bytes_per_second.map(|_| config.grace),
            ends_at: config.total.and_then(|total| started.checked_add(total)),
            waits_since: None,
            timer: None,
            over: false,
        }
    }

    /// Takes the wait that is over off the budget, and what these bytes are worth onto it.
    fn arrived(&mut self, bytes: usize) {
        let waited = self.waits_since.take().map(|since| since.elapsed());
        let (Some(budget), Some(rate)) = (&mut self.budget, self.config.min_bytes_per_second)
        else {
            return;
        };
        let left = budget.saturating_sub(waited.unwrap_or_default());
        let nanos = bytes as u128 * 1_000_000_000 / u128::from(rate.get());
        let earned = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        *budget = left.saturating_add(earned).min(self.config.grace);
    }

    /// When the wait that is on must be over.
    fn due(&mut self) -> Option<Instant> {
        let since = *self.waits_since.get_or_insert_with(Instant::now);
        let spent = self.budget.and_then(|budget| since.checked_add(budget));
        match (spent, self.ends_at) {
            (Some(spent), Some(end)) => Some(spent.min(end)),
            (spent, end) => spent.or(end),
        }
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due() else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }

    fn timed_out(&self) -> Error {
        let total_is_over = self.ends_at.is_some_and(|end| Instant::now() >= end);
        let detail = match (self.config.min_bytes_per_second, self.config.total) {
            (_, Some(total)) if total_is_over => {
                format!("The body was not complete within {total:?}.")
            }
            (Some(rate), _) => format!(
                "The body came more slowly than {rate} bytes a second, or paused for longer than \
                 {:?}.",
                self.config.grace
            ),
            _ => "The body came too slowly.".to_owned(),
        };
        Error::new(codes::BODY_TIMEOUT).with_detail(detail)
    }
}

impl HttpBody for DeadlineBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            let data = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            this.arrived(data);
            return Poll::Ready(frame);
        }
        if this.poll_wait(cx).is_pending() {
            return Poll::Pending;
        }
        this.over = true;
        this.timer = None;
        let error = this.timed_out();
        this.inner = Body::empty();
        Poll::Ready(Some(Err(Box::new(error))))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
