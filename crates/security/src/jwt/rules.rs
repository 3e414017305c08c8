//! What a token must say to be taken.

use std::time::Duration;

use plumego_stdx::Timestamp;

use super::compact::{Header, sign, verify_signature};
use super::keys::check_key_id;
use super::{Claims, FindKey, KeyError, SigningKey, TokenError, TokenErrorKind};

/// How far two clocks may differ, unless chosen otherwise.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);
/// How far two clocks may differ at most.
const MAX_LEEWAY: Duration = Duration::from_mins(5);

/// What a token must say to be taken: who issued it, for whom, of what kind it is, and how old it
/// may be. None of the four has a default.
///
/// `exp` and `iat` must be there and are always checked, `nbf` whenever it is there, each with the
/// same leeway. A token is good before `exp` plus the leeway, and not at it.
///
/// ```
/// use std::time::Duration;
/// use plumego_security::jwt::{Algorithm, Claims, Rules, SigningKey, TokenErrorKind, sign_claims};
/// use plumego_stdx::Timestamp;
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let rules = Rules::new("https://id.example", "orders", "at+jwt", Duration::from_secs(900));
/// let now = Timestamp::now();
/// let end = now.saturating_add(Duration::from_secs(900));
///
/// let claims = Claims::new("https://id.example", "orders", "ada", now, end);
/// let token = sign_claims(&key, "2026-11", "at+jwt", &claims)?;
/// assert_eq!(rules.verify(&token, key.verifying_key(), now)?.subject, "ada");
///
/// let late = end.saturating_add(Duration::from_secs(60));
/// let refused = rules.verify(&token, key.verifying_key(), late).unwrap_err();
/// assert_eq!(refused.kind(), TokenErrorKind::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    issuer: String,
    audience: String,
    token_type: String,
    max_age: Duration,
    leeway: Duration,
}

impl Rules {
    /// Takes tokens of this issuer for this audience and of this type, that were issued no longer
    /// ago than `max_age`.
    ///
    /// `token_type` is the `typ` of the header: `at+jwt` for access tokens (RFC 9068), `JWT` for
    /// issuers that distinguish no types. It is compared as a media type: without regard to case,
    /// and with or without `application/` before it.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        token_type: impl Into<String>,
        max_age: Duration,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            token_type: token_type.into(),
            max_age,
            leeway: DEFAULT_LEEWAY,
        }
    }

    /// How far the clocks of issuer and verifier may differ. Default: 5 s. More than 300 s is taken
    /// for 300 s.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(MAX_LEEWAY);
        self
    }

    /// Who must have issued a token.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// For whom a token must be.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Of what kind a token must be.
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// How long after `exp` a token is refused at last.
    pub fn tolerated(&self) -> Duration {
        self.leeway
    }

    /// The claims of a token whose signature fits one of these keys and that says what it must.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(
        &self,
        token: &str,
        keys: &(impl FindKey + ?Sized),
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let (header, payload) = verify_signature(token, keys)?;
        self.check_type(&header)?;
        let claims = Claims::read(&payload)?;
        self.check(&claims, now)?;
        Ok(claims)
    }

    fn check_type(&self, header: &Header) -> Result<(), TokenError> {
        let bare = |name: &str| {
            let lower = name.to_ascii_lowercase();
            lower
                .strip_prefix("application/")
                .map_or(lower.clone(), str::to_owned)
        };
        let there = header.token_type.as_deref().map(bare);
        if there == Some(bare(&self.token_type)) {
            Ok(())
        } else {
            Err(TokenErrorKind::WrongType.into())
        }
    }

    fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
        let ahead = now.saturating_add(self.leeway);
        let oldest = claims
            .issued_at
            .saturating_add(self.max_age)
            .saturating_add(self.leeway);
        let wrong = if claims.issuer != self.issuer {
            TokenErrorKind::WrongIssuer
        } else if !claims.audience.contains(&self.audience) {
            TokenErrorKind::WrongAudience
        } else if claims.expires_at.saturating_add(self.leeway) <= now {
            TokenErrorKind::Expired
        } else if claims.issued_at > ahead || claims.not_before.is_some_and(|from| from > ahead) {
            TokenErrorKind::NotYetValid
        } else if oldest < now {
            TokenErrorKind::TooOld
        } else {
            return Ok(());
        };
        Err(wrong.into())
    }
}

/// Signs these claims as a token of this type. `key_id` is the name of the key, by which a verifier
/// finds it.
///
/// # Errors
/// When the name is empty or longer than 256 bytes, or the operating system gives no randomness.
pub fn sign_claims(
    key: &SigningKey,
    key_id: &str,
    token_type: &str,
    claims: &Claims,
) -> Result<String, KeyError> {
    check_key_id(key_id)?;
    sign(key, Some(key_id), token_type, claims.to_json().as_bytes())
}
