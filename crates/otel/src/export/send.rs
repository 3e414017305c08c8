//! One message to the collector, until it is taken or lost.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use plumego_client::{Client, Response, Retry, Trusted, Url};
use plumego_stdx::{Backoff, Timestamp, random};
use prost::Message;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::config::Compression;
use crate::stats::{Attempt, Stats};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);
const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
/// More of what a collector says is not logged.
const SAID_BYTES_MAX: usize = 256;

/// When everything has to be over; `None` while the application runs.
pub(crate) type Closing = watch::Receiver<Option<Instant>>;

/// Sends what belongs to one signal, one message at a time.
pub(crate) struct Sender {
    pub(crate) client: Client<Trusted>,
    pub(crate) url: Url,
    pub(crate) signal: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) compression: Compression,
    pub(crate) attempts: u32,
    pub(crate) stats: Stats,
    pub(crate) closing: Closing,
    /// Whether the last message was lost, and the log says so.
    pub(crate) is_failing: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Taken, but for so many of its items.
    Taken {
        rejected: u64,
    },
    Lost,
}

/// Why an attempt failed.
enum Failed {
    /// Another one may do better, after this time at least when the collector named one.
    ForNow(Option<Duration>, String),
    ForGood(String),
}

impl Sender {
    /// Sends the message; `rejected` reads the number of refused items out of the answer, and why.
    ///
    /// # Cancel safety
    /// Dropping it loses the message.
    pub(crate) async fn send<A>(
        &mut self,
        message: &impl Message,
        rejected: impl Fn(A) -> (i64, String),
    ) -> Sent
    where
        A: Message + Default,
    {
        let body = self.encode(message);
        let mut closing = self.closing.clone();
        let outcome = tokio::select! {
            biased;
            outcome = self.deliver(body) => outcome,
            () = over(&mut closing) => Err("the application ended first".to_owned()),
        };
        match outcome {
            Ok(answer) => {
                let (count, why) = A::decode(answer).map(rejected).unwrap_or_default();
                let count = u64::try_from(count).unwrap_or_default();
                self.note_taken(count, &why);
                Sent::Taken { rejected: count }
            }
            Err(why) => {
                self.note_lost(&why);
                Sent::Lost
            }
        }
    }

    /// Whether the application is ending.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.borrow().is_some()
    }

    fn encode(&self, message: &impl Message) -> Bytes {
        let plain = message.encode_to_vec();
        match self.compression {
            Compression::None => plain.into(),
            Compression::Gzip => {
                let mut coder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                // Writing to a vector does not fail.
                let _ = coder.write_all(&plain);
                coder.finish().unwrap_or_default().into()
            }
        }
    }

    /// The body of the answer, after as many attempts as it takes and there are.
    async fn deliver(&mut self, body: Bytes) -> Result<Bytes, String> {
        let seed = u64::from_ne_bytes(random::id());
        let mut failed = 0;
        loop {
            let is_last = self.is_closing();
            let (wait, why) = match self.attempt(body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::ForGood(why)) => (None, why),
                Err(Failed::ForNow(asked, why)) => {
                    failed += 1;
                    (Some(wait(failed, seed, asked)), why)
                }
            };
            self.stats.attempt(self.signal, Attempt::Failed);
            let Some(wait) = wait.filter(|_| failed < self.attempts && !is_last) else {
                return Err(why);
            };
            // The end of the application cuts the wait, and there is one more attempt.
            let mut closing = self.closing.clone();
            tokio::select! {
                () = sleep(wait) => {}
                () = begun(&mut closing) => {}
            }
        }
    }

    async fn attempt(&self, body: Bytes) -> Result<Bytes, Failed> {
        let mut request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .max_response_bytes(u64::MAX)
            .retry(Retry::off())
            .no_trace();
        if self.compression == Compression::Gzip {
            request = request.header(CONTENT_ENCODING, GZIP);
        }
        let response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) if error.is_refused() || error.is_misuse() => {
                return Err(Failed::ForGood(with_causes(&error)));
            }
            Err(error) => return Err(Failed::ForNow(None, with_causes(&error))),
        };
        let status = response.status();
        if status.is_success() {
            // It was taken, whatever becomes of the answer: also of one that nobody reads.
            let answer = response.into_body().into_bytes(ANSWER_BYTES_MAX).await;
            return Ok(answer.unwrap_or_default());
        }
        let why = format!("the collector answered {status}");
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Failed::ForNow(retry_after(&response), why),
            _ => Failed::ForGood(why),
        })
    }

    fn note_taken(&mut self, rejected: u64, why: &str) {
        let attempt = if rejected > 0 {
            Attempt::Partial
        } else {
            Attempt::Ok
        };
        self.stats.attempt(self.signal, attempt);
        if std::mem::take(&mut self.is_failing) {
            tracing::info!(signal = self.signal, "telemetry is exported again");
        }
        if rejected > 0 || !why.is_empty() {
            let end = why.floor_char_boundary(SAID_BYTES_MAX);
            let said = why.get(..end).unwrap_or(why);
            tracing::warn!(
                signal = self.signal,
                rejected,
                said,
                "the collector did not take all of it"
            );
        }
    }

    /// One line when it begins, not one for each message.
    fn note_lost(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(
                signal = self.signal,
                why,
                "telemetry is not exported; what was to be sent is dropped and counted"
            );
        }
    }
}

/// Why the collector was not reached: the certificate, the address, the name.
fn with_causes(error: &plumego_client::Error) -> String {
    format!("{error:?}")
}

/// What the collector asked for, or half to all of the backoff: spread, and never at once.
fn wait(failed: u32, seed: u64, asked: Option<Duration>) -> Duration {
    let spread = (WAITS.ceiling(failed) + WAITS.delay(failed, seed)) / 2;
    asked.map_or(spread, |asked| asked.min(RETRY_AFTER_MAX))
}

/// Seconds, or a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let now = Timestamp::now().to_system_time();
    Some(date.duration_since(now).unwrap_or_default())
}

/// Waits until the application is ending.
pub(super) async fn begun(closing: &mut Closing) {
    if closing.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until the application has to have ended.
async fn over(closing: &mut Closing) {
    let deadline = closing
        .wait_for(Option::is_some)
        .await
        .ok()
        .and_then(|it| *it);
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
