use std::time::Duration;

use http::HeaderValue;

const YEAR: Duration = Duration::from_hours(365 * 24);

/// `Strict-Transport-Security` (RFC 6797): browsers use nothing but `https` for this host.
///
/// Hard to take back: browsers keep it for `max_age` after the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hsts {
    max_age: Duration,
    subdomains: bool,
    preload: bool,
}

impl Hsts {
    /// For one year, this host alone.
    pub const fn one_year() -> Self {
        Self {
            max_age: YEAR,
            subdomains: false,
            preload: false,
        }
    }

    /// For another time; zero tells browsers to forget it. Whole seconds count.
    #[must_use]
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// For every subdomain too.
    #[must_use]
    pub const fn include_subdomains(mut self) -> Self {
        self.subdomains = true;
        self
    }

    /// Asks to be built into browsers. That needs the subdomains and at least a year, so both are
    /// sent, whatever else was said, and takes months to undo.
    #[must_use]
    pub const fn preload(mut self) -> Self {
        self.subdomains = true;
        self.preload = true;
        self
    }

    pub(super) fn value(self) -> HeaderValue {
        let least = if self.preload { YEAR } else { Duration::ZERO };
        let mut text = format!("max-age={}", self.max_age.max(least).as_secs());
        if self.subdomains {
            text.push_str("; includeSubDomains");
        }
        if self.preload {
            text.push_str("; preload");
        }
        // Digits and the words above are valid in a header.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("max-age=31536000"))
    }
}
