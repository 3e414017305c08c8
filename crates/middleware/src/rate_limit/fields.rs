//! The headers of draft-ietf-httpapi-ratelimit-headers-11, structured fields (RFC 9651), and the
//! customary ones.

use std::io::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_security::limit::{Decision, Quota};
use plumego_stdx::Timestamp;

use super::{RateLimitError, RateLimitHeaders};

/// The one of [`RateLimitHeaders::Standard`] that differs from answer to answer.
pub(crate) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const MAX_NAME_BYTES: usize = 64;
/// The name in quotes, and two numbers.
const MAX_ITEM_BYTES: usize = MAX_NAME_BYTES + 2 + 2 * (3 + 20);

/// The headers of one policy, as far as they are known beforehand.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    headers: RateLimitHeaders,
    /// What the policy below says.
    quota: Quota,
    policy: HeaderValue,
    /// The name in quotes.
    item: Box<[u8]>,
}

impl Fields {
    pub(super) fn new(
        name: &str,
        quota: &Quota,
        headers: RateLimitHeaders,
    ) -> Result<Self, RateLimitError> {
        let fits = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
            return Err(RateLimitError::name(name));
        }
        let item: Box<[u8]> = format!("\"{name}\"").into_bytes().into();
        Ok(Self {
            headers,
            quota: *quota,
            policy: policy(&item, quota).ok_or_else(|| RateLimitError::name(name))?,
            item,
        })
    }

    /// Adds them. Where there are some of another limit already, these are further lines of the
    /// same lists.
    pub(super) fn add(&self, headers: &mut HeaderMap, decision: &Decision, quota: Quota) {
        if self.headers == RateLimitHeaders::Off {
            return;
        }
        headers.append(RATELIMIT_POLICY, self.policy(quota));
        headers.append(RATELIMIT, self.limit(decision, &quota));
        if self.headers == RateLimitHeaders::WithCustomary {
            let reset = Timestamp::now().saturating_add(decision.reset_after);
            // Rounded up, as all that says when to come again.
            let nanos = Duration::from_nanos(reset.unix_nanos().unsigned_abs());
            headers.insert(X_RATELIMIT_LIMIT, decision.limit.into());
            headers.insert(X_RATELIMIT_REMAINING, decision.remaining.into());
            headers.insert(X_RATELIMIT_RESET, whole_seconds(nanos).into());
        }
    }

    /// The value of `RateLimit-Policy`.
    pub(super) fn policy(&self, quota: Quota) -> HeaderValue {
        self.changed_policy(quota)
            .unwrap_or_else(|| self.policy.clone())
    }

    /// The value of `RateLimit-Policy`, when the quota is another one than at first.
    pub(super) fn changed_policy(&self, quota: Quota) -> Option<HeaderValue> {
        (quota != self.quota)
            .then(|| policy(&self.item, &quota))
            .flatten()
    }

    /// The same as it goes out.
    pub(super) fn put_policy(&self, quota: Quota, put: impl FnOnce(&[u8])) {
        let changed = self.changed_policy(quota);
        put(changed.as_ref().unwrap_or(&self.policy).as_bytes());
    }

    /// Which headers are added.
    pub(super) fn kind(&self) -> RateLimitHeaders {
        self.headers
    }

    /// The value of `RateLimit`.
    pub(super) fn limit(&self, decision: &Decision, quota: &Quota) -> HeaderValue {
        // Put together on the stack, so that the value is one allocation of its own size.
        let mut text = [0; MAX_ITEM_BYTES];
        let mut room = text.as_mut_slice();
        // There is room for all of it.
        self.put_limit(decision, quota, |part| drop(room.write_all(part)));
        let used = MAX_ITEM_BYTES - room.len();
        let text = text.get(..used).unwrap_or_default();
        // Digits, the name and the signs between them are valid in a header.
        HeaderValue::from_bytes(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The same in parts.
    pub(super) fn put_limit(&self, decision: &Decision, quota: &Quota, mut put: impl FnMut(&[u8])) {
        let (left, window) = left(decision, quota);
        let mut number = itoa::Buffer::new();
        put(&self.item);
        put(b";r=");
        put(number.format(left).as_bytes());
        put(b";t=");
        put(number.format(window).as_bytes());
    }
}

/// `"name";q=200;w=2`.
fn policy(item: &[u8], quota: &Quota) -> Option<HeaderValue> {
    let window = whole_seconds(quota.refill_time()).max(1);
    let most = earned_in_a_second(quota).unwrap_or(quota.burst());
    let mut text = item.to_vec();
    text.extend_from_slice(format!(";q={most};w={window}").as_bytes());
    HeaderValue::from_bytes(text.as_ref()).ok()
}

/// How much is left, and for how long.
fn left(decision: &Decision, quota: &Quota) -> (u64, u64) {
    match (earned_in_a_second(quota), decision.remaining) {
        (Some(most), _) if decision.allowed => (most, 1),
        (Some(_), _) => (0, 1),
        (None, 0) => (0, whole_seconds(decision.retry_after)),
        (None, left) => (left, whole_seconds(decision.reset_after)),
    }
}

/// The requests that a second lets in, for a quota that is full again in less: that one is told by
/// the second.
fn earned_in_a_second(quota: &Quota) -> Option<u64> {
    if quota.refill_time() >= Duration::from_secs(1) {
        return None;
    }
    let interval = quota.interval().as_nanos().max(1);
    u64::try_from(1_000_000_000 / interval).ok()
}

/// In seconds, rounded up.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(name: &str, quota: Quota) -> Result<Fields, RateLimitError> {
        Fields::new(name, &quota, RateLimitHeaders::Standard)
    }

    fn check(name: &str, quota: Quota, policy: &str) -> Fields {
        let fields = standard(name, quota).unwrap();
        assert_eq!(fields.policy, policy);
        fields
    }

    fn per(count: u64, seconds: u64, burst: u64) -> Quota {
        Quota::new(count, Duration::from_secs(seconds), burst).unwrap()
    }

    /// The examples of the draft, sections 3, 3.2 and 4.2, that speak of requests and name no
    /// partition.
    #[test]
    fn the_examples_of_the_draft() {
        check("burst", per(100, 60, 100), "\"burst\";q=100;w=60");
        check("daily", per(1000, 86_400, 1000), "\"daily\";q=1000;w=86400");
        check("default", per(100, 10, 100), "\"default\";q=100;w=10");
        check("permin", per(50, 60, 50), "\"permin\";q=50;w=60");
        check("perhr", per(1000, 3600, 1000), "\"perhr\";q=1000;w=3600");

        // An available quota of 50 units and an effective window of 30 seconds.
        let quota = per(100, 60, 100);
        let fields = check("default", quota, "\"default\";q=100;w=60");
        let limiter = plumego_security::limit::Limiter::new(quota);
        let last = (0..50).map(|_| limiter.check(0)).last().unwrap();
        assert_eq!(fields.limit(&last, &quota), "\"default\";r=50;t=30");
    }

    #[test]
    fn a_quota_that_is_full_again_within_a_second_is_told_by_the_second() {
        for (rate, burst, told) in [
            (1_000_000, 1, "1000000"),
            (1_000, 1, "1000"),
            (1_000, 999, "1000"),
            (10, 5, "10"),
            (3, 2, "2"),
        ] {
            let quota = Quota::per_second(rate, burst).unwrap();
            let fields = check("fast", quota, &format!("\"fast\";q={told};w=1"));
            let limiter = plumego_security::limit::Limiter::new(quota);
            let first = limiter.check(0);
            assert_eq!(
                fields.limit(&first, &quota),
                format!("\"fast\";r={told};t=1")
            );
            let refused = (0..burst).map(|_| limiter.check(0)).last().unwrap();
            assert!(!refused.allowed);
            assert_eq!(fields.limit(&refused, &quota), "\"fast\";r=0;t=1");
        }
        check("even", per(1_000, 1, 1_000), "\"even\";q=1000;w=1");
    }

    /// A client that does as it is told gets all of its quota, and no refusal.
    #[test]
    fn who_obeys_the_policy_gets_the_rate() {
        let quota = Quota::per_second(1_000, 1).unwrap();
        let fields = check("fast", quota, "\"fast\";q=1000;w=1");
        let limiter = plumego_security::limit::Limiter::new(quota);
        for request in 0..5_000 {
            let decision = limiter.check(request * 1_000_000);
            assert!(decision.allowed);
            assert_eq!(fields.limit(&decision, &quota), "\"fast\";r=1000;t=1");
        }
    }

    #[test]
    fn both_fields_are_further_lines_where_another_limit_spoke_already() {
        let mut headers = HeaderMap::new();
        for name in ["permin", "perhr"] {
            let quota = per(50, 60, 50);
            let decision = plumego_security::limit::Limiter::new(quota).check(0);
            let fields = standard(name, quota).unwrap();
            fields.add(&mut headers, &decision, quota);
        }
        let lines = |name: &str| -> Vec<_> { headers.get_all(name).iter().cloned().collect() };
        assert_eq!(
            lines("ratelimit-policy"),
            ["\"permin\";q=50;w=60", "\"perhr\";q=50;w=60"]
        );
        assert_eq!(
            lines("ratelimit"),
            ["\"permin\";r=49;t=2", "\"perhr\";r=49;t=2"]
        );
    }

    #[test]
    fn a_name_that_breaks_the_field_is_refused() {
        for name in ["", "a\"b", "a\\b", "a\r\nb", "caf\u{e9}", &"x".repeat(65)] {
            let error = standard(name, Quota::default()).unwrap_err().to_string();
            assert!(error.contains("1 to 64 visible ASCII"), "{error}");
        }
    }
}
