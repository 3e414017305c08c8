//! Sending: redirects around attempts around one exchange.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::response::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body::Body as _;
use hyper::body::Incoming;
use plumego_contract::Body;
use plumego_stdx::random;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::client::Inner;
use crate::connection::{Connection, MAX_HEADERS, NotSent};
use crate::download::{Download, DownloadLimits, Lease};
use crate::error::{Error, Kind, Stage};
use crate::gate::Full;
use crate::metrics::Measure;
use crate::pool::Pool;
use crate::redirect;
use crate::request::OWN_HEADERS;
use crate::response::Response;
use crate::retry::{Retry, is_idempotent};
use crate::upload::{Progress, Upload, UploadGuard};
use crate::url::{Origin, Scheme, Url};

/// No exchange takes longer.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_hours(24);

/// What is to be sent, and how.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) upload: Upload,
    timeout: Duration,
    max_response_bytes: u64,
    retry: Retry,
    idempotent: bool,
}

/// A head, and all that is needed to read what follows.
struct Answer {
    head: Parts,
    body: Incoming,
    lease: Lease,
}

impl Answer {
    /// Not to be read: its connection serves the next request when there is nothing to read.
    fn discard(self) {
        if self.body.is_end_stream() {
            self.lease.end();
        }
    }
}

impl Call {
    pub(crate) async fn new(method: Method, url: Url, headers: HeaderMap, body: Body) -> Self {
        Self {
            method,
            url,
            headers,
            upload: Upload::new(body).await,
            timeout: MAX_TIMEOUT,
            max_response_bytes: 0,
            retry: Retry::off(),
            idempotent: false,
        }
    }

    pub(crate) fn limits(mut self, timeout: Duration, max_response_bytes: u64) -> Self {
        self.timeout = timeout.min(MAX_TIMEOUT);
        self.max_response_bytes = max_response_bytes;
        self
    }

    pub(crate) const fn retry(mut self, retry: Retry, idempotent: bool) -> Self {
        self.retry = retry;
        self.idempotent = idempotent;
        self
    }

    /// Whether the other server may see it twice.
    fn may_repeat(&self) -> bool {
        self.idempotent || is_idempotent(&self.method)
    }

    /// The request as a connection takes it.
    fn request(&self, http2: bool, body: Body, user_agent: &HeaderValue) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        for own in &OWN_HEADERS {
            headers.remove(own);
        }
        if !headers.contains_key(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, user_agent.clone());
        }
        if http2 {
            *request.uri_mut() = absolute(&self.url);
        } else {
            if let Ok(host) = HeaderValue::try_from(self.url.origin().authority()) {
                headers.insert(header::HOST, host);
            }
            *request.uri_mut() = Uri::from(self.url.target().clone());
        }
        request
    }
}

/// The pseudo-header fields of HTTP/2 are taken from there.
fn absolute(url: &Url) -> Uri {
    let scheme = match url.scheme() {
        Scheme::Http => http::uri::Scheme::HTTP,
        Scheme::Https => http::uri::Scheme::HTTPS,
    };
    Uri::builder()
        .scheme(scheme)
        .authority(url.origin().authority())
        .path_and_query(url.target().clone())
        .build()
        .unwrap_or_else(|_| Uri::from(url.target().clone()))
}

/// A connection on which no answer has come yet. Given up like this it is not used again, since
/// nobody knows whether the other side is still there.
struct Doubtful<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Doubtful<'_> {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            self.pool.evict(connection);
        }
    }
}

/// The outcome, or `None` when nothing moved for so long.
async fn patient<T>(
    sent: impl Future<Output = T>,
    progress: &Progress,
    patience: Duration,
) -> Option<T> {
    let mut sent = pin!(sent);
    let mut timer = pin!(sleep_until(progress.last() + patience));
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = sent.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        while timer.as_mut().poll(cx).is_ready() {
            let due = progress.last() + patience;
            if due <= Instant::now() {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    })
    .await
}

impl Inner {
    /// Sends a call; the measure ends with the body of the answer.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        mut call: Call,
        mut measure: Measure,
    ) -> Result<Response, Error> {
        let deadline = Instant::now() + call.timeout;
        let outcome = match timeout_at(deadline, self.follow(&mut call, deadline)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.error(&call.url, Kind::Timeout(Stage::Whole, call.timeout))),
        };
        let answer = outcome.inspect_err(|error| {
            measure.set(error.outcome());
            if error.is_refused() {
                tracing::warn!(
                    client = self.name(),
                    "an outbound request was refused: {error}"
                );
            }
        })?;
        measure.answered(answer.head.status);
        let limits = DownloadLimits {
            max_bytes: call.max_response_bytes,
            deadline,
            timeout: call.timeout,
        };
        let body = Download::new(answer.body, answer.lease, self.name(), limits, measure)?;
        Ok(Response::new(self.name(), call.url, answer.head, body))
    }

    /// Follows redirects; each hop is checked as the first one was.
    async fn follow(self: &Arc<Self>, call: &mut Call, deadline: Instant) -> Result<Answer, Error> {
        let mut hops = 0;
        loop {
            self.policy
                .check_url(&call.url)
                .map_err(|refusal| self.error(&call.url, Kind::Refused(refusal)))?;
            let answer = self.attempts(call, deadline).await?;
            if self.limits.max_redirects == 0 || !redirect::is_one(answer.head.status) {
                return Ok(answer);
            }
            let followed = redirect::follow(call, &answer.head, hops, self.limits.max_redirects);
            followed.map_err(|error| self.error(&call.url, Kind::Redirect(error)))?;
            answer.discard();
            hops += 1;
        }
    }

    async fn attempts(
        self: &Arc<Self>,
        call: &mut Call,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let seed = u64::from_ne_bytes(random::id());
        let mut failed = 0;
        loop {
            let outcome = self.attempt(call).await;
            failed += 1;
            let wait = match &outcome {
                _ if !call.retry.is_left(failed) || !call.upload.is_replayable() => None,
                Ok(answer) if call.may_repeat() => {
                    let head = (answer.head.status, &answer.head.headers);
                    call.retry.wait_after(head, failed, seed)
                }
                Err(error) if error.is_busy() || !error.is_retryable() => None,
                Err(error) if error.is_connect() || call.may_repeat() => {
                    Some(call.retry.wait(failed, seed))
                }
                Ok(_) | Err(_) => None,
            };
            match wait {
                Some(wait) if deadline - Instant::now() > wait => {
                    // Its connection and its place are free while this one waits.
                    if let Ok(answer) = outcome {
                        answer.discard();
                    }
                    sleep(wait).await;
                    self.metrics.retried();
                }
                _ => return outcome,
            }
        }
    }

    async fn attempt(self: &Arc<Self>, call: &mut Call) -> Result<Answer, Error> {
        let origin = call.url.origin().clone();
        let place = self
            .gate
            .enter(&origin)
            .await
            .map_err(|Full| self.error(&call.url, Kind::Busy))?;
        let progress = Progress::new();
        let upload = UploadGuard::new(progress.clone());
        let mut unsent: Option<Body> = None;
        loop {
            let (connection, reused) = match self.pool.take(&origin).await {
                Some(connection) => (connection, true),
                None => (self.open(&origin).await?, false),
            };
            progress.restart();
            let body = match unsent.take() {
                Some(body) => body,
                None => call.upload.body(&progress).unwrap_or_default(),
            };
            let request = call.request(connection.is_http2(), body, &self.user_agent);
            match self.send_one(connection, request, &progress).await {
                Some(Ok((response, _))) if response.headers().len() > MAX_HEADERS => {
                    let error = self.error(&call.url, Kind::Exchange);
                    return Err(error.with_source("the answer has more than 100 header fields"));
                }
                Some(Ok((response, connection))) => {
                    let (head, body) = response.into_parts();
                    let pool = Arc::clone(&self.pool);
                    let lease = Lease::new(origin, pool, connection, upload, place);
                    return Ok(Answer { head, body, lease });
                }
                // The server closed it while it waited: nothing was sent.
                Some(Err(NotSent {
                    request: Some(request),
                    ..
                })) if reused => unsent = Some(request.into_body()),
                Some(Err(NotSent { error, .. })) => {
                    return Err(self.error(&call.url, Kind::Exchange).with_source(error));
                }
                None => {
                    let kind = Kind::Timeout(Stage::FirstByte, self.limits.first_byte_timeout);
                    return Err(self.error(&call.url, kind));
                }
            }
        }
    }

    /// `None` when the head of the answer took too long: counted from the last piece of the body
    /// that the connection asked for.
    async fn send_one(
        &self,
        connection: Connection,
        request: Request<Body>,
        progress: &Progress,
    ) -> Option<Result<(http::Response<Incoming>, Connection), NotSent>> {
        let mut doubtful = Doubtful {
            pool: &self.pool,
            connection: Some(connection),
        };
        let sent = doubtful.connection.as_mut()?.send(request);
        match patient(sent, progress, self.limits.first_byte_timeout).await? {
            Ok(response) => Some(Ok((response, doubtful.connection.take()?))),
            Err(not_sent) => Some(Err(not_sent)),
        }
    }

    async fn open(&self, origin: &Origin) -> Result<Connection, Error> {
        let connected = self.connector.connect(origin).await?;
        let opened = Connection::open(connected).await;
        let connection = opened.map_err(|error| {
            Error::new(self.name(), Some(origin.clone()), Kind::Connect).with_source(error)
        })?;
        self.metrics.connected();
        if let Some(shared) = connection.share() {
            self.pool.put(origin.clone(), shared);
        }
        Ok(connection)
    }

    pub(crate) fn error(&self, url: &Url, kind: Kind) -> Error {
        Error::new(self.name(), Some(url.origin().clone()), kind)
    }
}
