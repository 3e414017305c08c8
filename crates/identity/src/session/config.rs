use std::time::Duration;

use plumego_contract::{Problem, Problems};

/// Whether the cookie goes along when another site leads here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when a link is followed.
    #[default]
    Lax,
}

/// How long sessions last, and what their cookie is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The name of the cookie behind `__Host-`. Default: `session`.
    pub cookie_name: String,
    /// Default: [`SameSite::Lax`].
    pub same_site: SameSite,
    /// A session without a request for so long is over. Default: 30 minutes; at least 1 minute.
    pub idle_timeout: Duration,
    /// A session is over so long after the sign-in, whatever happens. Default: 12 hours; at least
    /// the idle timeout.
    pub absolute_timeout: Duration,
    /// The last use is written at most so often. Default: 1 minute; less than the idle timeout.
    pub touch_interval: Duration,
    /// The most bytes of data, names and values together. Default: 4,096; at most 65,536.
    pub max_data_bytes: usize,
    /// The most sessions of one subject. Default: 50; 1 to 1,000. With one more, the one that was
    /// used longest ago ends.
    pub max_per_subject: usize,
    /// How long the store may take. Default: 5 s. Beyond it: `503 unavailable`.
    pub store_timeout: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            cookie_name: "session".to_owned(),
            same_site: SameSite::default(),
            idle_timeout: Duration::from_mins(30),
            absolute_timeout: Duration::from_hours(12),
            touch_interval: Duration::from_mins(1),
            max_data_bytes: 4096,
            max_per_subject: 50,
            store_timeout: Duration::from_secs(5),
        }
    }
}

impl SessionConfig {
    pub(super) fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(Problem::new(format!("sessions: {what}")));
            }
        };
        let name = &self.cookie_name;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        check(
            !name.is_empty() && name.len() <= 64 && name.bytes().all(fits),
            format!("cookie_name is {name:?}: expected 1 to 64 of A-Z a-z 0-9 - and _"),
        );
        let (idle, absolute) = (self.idle_timeout, self.absolute_timeout);
        check(
            idle >= Duration::from_mins(1) && absolute >= idle,
            format!(
                "idle_timeout is {idle:?} and absolute_timeout {absolute:?}: expected at least a \
                 minute, and the second not below the first"
            ),
        );
        check(
            absolute <= Duration::from_hours(24 * 400),
            format!("absolute_timeout is {absolute:?}: browsers keep a cookie for 400 days"),
        );
        check(
            self.touch_interval < idle,
            format!(
                "touch_interval is {:?}: expected less than idle_timeout",
                self.touch_interval
            ),
        );
        check(
            self.max_data_bytes <= 65_536,
            format!(
                "max_data_bytes is {}: expected at most 65536",
                self.max_data_bytes
            ),
        );
        check(
            (1..=1000).contains(&self.max_per_subject),
            format!(
                "max_per_subject is {}: expected 1 to 1000",
                self.max_per_subject
            ),
        );
        check(
            !self.store_timeout.is_zero(),
            "store_timeout is 0s: expected more".to_owned(),
        );
        problems.into_result(())
    }
}
