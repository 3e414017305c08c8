//! The body of an answer: counted, timed, and the end of an exchange.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::Connection;
use crate::error::{Error, Kind, Stage};
use crate::gate::Place;
use crate::metrics::Measure;
use crate::pool::Pool;
use crate::upload::UploadGuard;
use crate::url::Origin;

/// What an exchange holds until its answer ends.
pub(crate) struct Lease {
    origin: Origin,
    pool: Arc<Pool>,
    /// Gone when the pool has it back.
    connection: Option<Connection>,
    upload: UploadGuard,
    /// Given back when the rest is gone.
    _place: Place,
}

impl Lease {
    pub(crate) const fn new(
        origin: Origin,
        pool: Arc<Pool>,
        connection: Connection,
        upload: UploadGuard,
        place: Place,
    ) -> Self {
        Self {
            origin,
            pool,
            connection: Some(connection),
            upload,
            _place: place,
        }
    }

    /// The answer is over: the connection may serve the next request.
    pub(crate) fn end(mut self) {
        self.upload.disarm();
        if let Some(connection) = self.connection.take() {
            self.pool.put(self.origin.clone(), connection);
        }
    }

    /// The answer broke off: nobody knows whether the other side is still there.
    fn spoil(&self) {
        if let Some(connection) = &self.connection {
            self.pool.evict(connection);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The rest of the request may stand still for as long as the connection lives.
        if self.upload.is_unfinished() {
            self.spoil();
        }
    }
}

/// The body of an answer as it comes in.
pub(crate) struct Download {
    inner: Incoming,
    left: u64,
    limit: u64,
    timer: Pin<Box<Sleep>>,
    timeout: Duration,
    client: &'static str,
    origin: Origin,
    /// Gone when the body is over.
    lease: Option<Lease>,
    measure: Option<Measure>,
}

/// The bounds of one download.
#[derive(Clone, Copy)]
pub(crate) struct DownloadLimits {
    pub(crate) max_bytes: u64,
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
}

impl Download {
    /// Fails at once when the answer announces more than it may bring.
    pub(crate) fn new(
        inner: Incoming,
        lease: Lease,
        client: &'static str,
        limits: DownloadLimits,
        measure: Measure,
    ) -> Result<Self, Error> {
        let mut body = Self {
            left: limits.max_bytes,
            limit: limits.max_bytes,
            timer: Box::pin(sleep_until(limits.deadline)),
            timeout: limits.timeout,
            client,
            origin: lease.origin.clone(),
            lease: Some(lease),
            measure: Some(measure),
            inner,
        };
        if body.inner.size_hint().lower() > limits.max_bytes {
            return Err(body.fail(Kind::TooLarge(limits.max_bytes)));
        }
        if body.inner.is_end_stream() {
            body.end();
        }
        Ok(body)
    }

    fn end(&mut self) {
        self.measure = None;
        if let Some(lease) = self.lease.take() {
            lease.end();
        }
    }

    /// Gives everything up; the connection is closed.
    fn fail(&mut self, kind: Kind) -> Error {
        let error = Error::new(self.client, Some(self.origin.clone()), kind);
        if let Some(mut measure) = self.measure.take() {
            measure.set(error.outcome());
        }
        if let Some(lease) = self.lease.take() {
            lease.spoil();
        }
        error
    }

    fn count(&mut self, data: &Bytes) -> Result<(), Error> {
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        if let Some(connection) = self.lease.as_ref().and_then(|it| it.connection.as_ref()) {
            connection.used(length);
        }
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.fail(Kind::TooLarge(self.limit))),
        }
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.lease.is_none() {
            return Poll::Ready(None);
        }
        // Frames without data cost nothing of the size, so the clock is asked for each.
        let frame = if Instant::now() < this.timer.deadline() {
            Pin::new(&mut this.inner).poll_frame(cx)
        } else {
            Poll::Pending
        };
        let Poll::Ready(frame) = frame else {
            ready!(this.timer.as_mut().poll(cx));
            let kind = Kind::Timeout(Stage::Whole, this.timeout);
            return Poll::Ready(Some(Err(this.fail(kind))));
        };
        match frame {
            None => {
                this.end();
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                let failed = this.fail(Kind::Body).with_source(error);
                Poll::Ready(Some(Err(failed)))
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref()
                    && let Err(error) = this.count(data)
                {
                    return Poll::Ready(Some(Err(error)));
                }
                if this.inner.is_end_stream() {
                    this.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
