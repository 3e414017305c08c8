use std::time::Duration;

use plumego_contract::{Problem, Problems};

/// The longest a family of tokens may live.
const MAX_SESSION: Duration = Duration::from_hours(24 * 400);
/// The most sessions that one subject may be given.
pub(super) const MAX_SESSIONS_PER_SUBJECT: usize = 1000;

/// How tokens are made and for how long they are good.
///
/// ```
/// use std::time::Duration;
/// use plumego_identity::tokens::TokenConfig;
///
/// let mut config = TokenConfig::new("https://id.example", "orders");
/// assert_eq!(config.access_ttl, Duration::from_secs(900));
/// config.access_ttl = Duration::ZERO;
/// assert!(config.check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenConfig {
    /// `iss`: who issues the tokens, by custom a URL. No default.
    pub issuer: String,
    /// `aud`: for whom they are. No default.
    pub audience: String,
    /// How long an access token is good. Default: 15 minutes.
    pub access_ttl: Duration,
    /// How long a refresh token is good, and so how long a client may be away. Default: 7 days.
    pub refresh_ttl: Duration,
    /// How long a family of tokens may live, however often it is refreshed. Default: 30 days, at
    /// most 400.
    pub session_ttl: Duration,
    /// How many sessions one subject has at the same time. A sign-in beyond that ends the oldest.
    /// Default: 100, at most 1000.
    pub sessions_per_subject: usize,
    /// How far the clocks of the instances may differ. Default: 5 s, at most 300 s.
    pub leeway: Duration,
}

impl TokenConfig {
    /// The defaults for this issuer and audience.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            access_ttl: Duration::from_mins(15),
            refresh_ttl: Duration::from_hours(24 * 7),
            session_ttl: Duration::from_hours(24 * 30),
            sessions_per_subject: 100,
            leeway: Duration::from_secs(5),
        }
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// All that is wrong: an empty issuer or audience, an access token that outlives its refresh
    /// token, a refresh token that outlives its family, a time of zero, or one beyond its bound.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let mut expect = |right: bool, text: &str| {
            if !right {
                problems.push(Problem::new(text));
            }
        };
        expect(
            !self.issuer.is_empty(),
            "tokens need an issuer: set `issuer`",
        );
        expect(
            !self.audience.is_empty(),
            "tokens need an audience: set `audience`",
        );
        let whole = Duration::from_secs(1);
        expect(
            self.access_ttl >= whole,
            "`access_ttl` is shorter than a second",
        );
        expect(
            self.access_ttl <= self.refresh_ttl,
            "`access_ttl` is longer than `refresh_ttl`: a refresh token outlives its access token",
        );
        expect(
            self.refresh_ttl <= self.session_ttl,
            "`refresh_ttl` is longer than `session_ttl`: a session outlives its refresh tokens",
        );
        expect(
            self.session_ttl <= MAX_SESSION,
            "`session_ttl` is longer than 400 days",
        );
        expect(
            (1..=MAX_SESSIONS_PER_SUBJECT).contains(&self.sessions_per_subject),
            "`sessions_per_subject` is not between 1 and 1000",
        );
        expect(
            self.leeway <= Duration::from_mins(5),
            "`leeway` is longer than 300 s",
        );
        problems.into_result(())
    }
}
