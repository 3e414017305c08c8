//! When a request is sent again.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use plumego_stdx::{Backoff, Timestamp};

/// The most attempts that can be asked for.
pub const MAX_ATTEMPTS: u32 = 10;

/// When a request is sent again, and after how long.
///
/// | | default |
/// | --- | --- |
/// | attempts, with the first | 3; at most [`MAX_ATTEMPTS`] |
/// | wait before the next | full jitter over 200 ms, then 400 ms …, at most 5 s |
/// | `Retry-After` (seconds or a date) | honoured up to 10 s; if it asks for more, the answer is given back |
/// | sent again after | an error of the connection, 429, 502, 503, 504 |
///
/// Sent again are requests whose method is idempotent (RFC 9110, section 9.2.2) or that were
/// declared so ([`RequestBuilder::idempotent`](crate::RequestBuilder::idempotent)). Any other only
/// when no connection came about, because the server saw nothing then. A body that is a stream
/// cannot be sent twice: such a request has one attempt. No wait goes beyond the timeout of the
/// whole. When the attempts are used up, the last answer or error is the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    backoff: Backoff,
    max_retry_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(5)),
            max_retry_after: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// One attempt: for those who try again in their own way, such as a durable queue.
    pub fn off() -> Self {
        Self::attempts(1)
    }

    /// So many attempts, with the first; from 1 to [`MAX_ATTEMPTS`], others are brought there.
    pub fn attempts(attempts: u32) -> Self {
        Self {
            attempts: attempts.clamp(1, MAX_ATTEMPTS),
            ..Self::default()
        }
    }

    /// The waits between attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The longest `Retry-After` that is waited for.
    #[must_use]
    pub const fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// Whether another attempt is left after so many that failed.
    pub(crate) const fn is_left(&self, failed: u32) -> bool {
        failed < self.attempts
    }

    /// The wait after so many attempts that failed without an answer.
    pub(crate) fn wait(&self, failed: u32, seed: u64) -> Duration {
        self.backoff.delay(failed, seed)
    }

    /// The wait after this answer; `None` when it is to be given back.
    pub(crate) fn wait_after(
        &self,
        (status, headers): (StatusCode, &HeaderMap),
        failed: u32,
        seed: u64,
    ) -> Option<Duration> {
        if !matches!(status.as_u16(), 429 | 502 | 503 | 504) {
            return None;
        }
        let wait = self.wait(failed, seed);
        match retry_after(headers, Timestamp::now()) {
            Some(asked) if asked > self.max_retry_after => None,
            Some(asked) => Some(asked.max(wait)),
            None => Some(wait),
        }
    }
}

/// RFC 9110, section 9.2.2.
pub(crate) fn is_idempotent(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ]
    .contains(method)
}

/// RFC 9110, section 10.2.3; `None` when it is missing or makes no sense.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large for 64 bits is a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now.to_system_time()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<Duration>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        let now = Timestamp::from_unix_nanos(784_111_777 * 1_000_000_000);
        assert_eq!(retry_after(&headers, now), expected, "{value:?}");
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        check("120", Some(Duration::from_mins(2)));
        check(" 0 ", Some(Duration::ZERO));
        check(
            "99999999999999999999999",
            Some(Duration::from_secs(u64::MAX)),
        );
        check(
            "Sun, 06 Nov 1994 08:49:47 GMT",
            Some(Duration::from_secs(10)),
        );
        check("Sun, 06 Nov 1994 08:49:27 GMT", Some(Duration::ZERO));
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn a_wait_is_asked_for_by_some_answers_alone() {
        let retry = Retry::default();
        let none = HeaderMap::new();
        for status in [200, 301, 400, 404, 408, 409, 500, 501] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(retry.wait_after((status, &none), 1, 0), None, "{status}");
        }
        for status in [429, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(
                retry.wait_after((status, &none), 1, 0).is_some(),
                "{status}"
            );
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        let waited = retry.wait_after((busy, &headers), 1, 0);
        assert_eq!(waited, Some(Duration::from_secs(10)));
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("11"));
        assert_eq!(retry.wait_after((busy, &headers), 1, 0), None);
    }
}
