use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use plumego_contract::Problems;
use plumego_contract::auth::{
    AuthError, AuthErrorKind, Authenticator, Principal, RefreshManager, Tokens, claims,
};
use plumego_security::jwt::Rules;
use plumego_stdx::{Secret, Timestamp};

use super::{
    ErasedRefreshStore, ErasedRevocationStore, FamilySessions, RefreshStore, RevocationStore,
    TokenConfig,
};
use crate::ring::KeyRing;

/// The type of our access tokens (RFC 9068).
const ACCESS: &str = "at+jwt";
/// The type of our refresh tokens. They are for the issuer alone.
const REFRESH: &str = "rt+jwt";

/// Where the time comes from.
pub(super) type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Issues tokens, verifies them, exchanges them, takes them back. See the [module](super).
///
/// A clone is the same service.
#[derive(Clone)]
pub struct TokenService {
    pub(super) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) config: TokenConfig,
    pub(super) ring: KeyRing,
    pub(super) families: Arc<dyn ErasedRefreshStore>,
    pub(super) revocations: Arc<dyn ErasedRevocationStore>,
    pub(super) access: Rules,
    pub(super) refresh: Rules,
    pub(super) now: Now,
}

impl TokenService {
    /// A service that signs with this ring.
    ///
    /// # Errors
    /// All that [`TokenConfig::check`] finds.
    pub fn new(
        config: TokenConfig,
        ring: KeyRing,
        families: impl RefreshStore,
        revocations: impl RevocationStore,
    ) -> Result<Self, Problems> {
        config.check()?;
        let access = Rules::new(&config.issuer, &config.audience, ACCESS, config.access_ttl);
        let refresh = Rules::new(&config.issuer, &config.issuer, REFRESH, config.refresh_ttl);
        Ok(Self {
            inner: Arc::new(Inner {
                access: access.leeway(config.leeway),
                refresh: refresh.leeway(config.leeway),
                config,
                ring,
                families: Arc::new(families),
                revocations: Arc::new(revocations),
                now: Arc::new(Timestamp::now),
            }),
        })
    }

    /// Takes the time from another clock than the system's.
    #[must_use]
    pub fn clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let mut inner = Inner::clone(&self.inner);
        inner.now = Arc::new(now);
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The settings.
    pub fn config(&self) -> &TokenConfig {
        &self.inner.config
    }

    /// The keys that sign.
    pub fn ring(&self) -> &KeyRing {
        &self.inner.ring
    }

    /// The sessions behind the tokens, for a layer that checks sessions and for whoever lists them.
    pub fn sessions(&self) -> FamilySessions {
        FamilySessions::new(self.clone())
    }

    /// Whose this access token is. What [`Authenticator::authenticate`] asks, without a request.
    ///
    /// # Errors
    /// `InvalidToken`, `TokenExpired`; `SessionRevoked` when it or its session was taken back;
    /// `VersionMismatch`; `Outage`.
    pub async fn verify(&self, access_token: &str) -> Result<Principal, AuthError> {
        let inner = &*self.inner;
        let now = (inner.now)();
        let claims = inner
            .access
            .verify(access_token, &inner.ring.at(now), now)?;
        let (Some(token), Some(session)) = (&claims.token_id, &claims.session_id) else {
            return Err(AuthError::invalid_token());
        };
        let asked = [token.as_str(), session.as_str()];
        let standing = inner
            .revocations
            .standing_erased(&asked, &claims.subject)
            .await?;
        if standing.revoked {
            return Err(AuthError::new(AuthErrorKind::SessionRevoked));
        }
        if claims.token_version.unwrap_or_default() != standing.version {
            return Err(AuthError::new(AuthErrorKind::VersionMismatch));
        }
        Ok(claims.principal())
    }

    /// Takes back the one access token that this principal came with. Its session stays.
    ///
    /// # Errors
    /// `InvalidToken` when the principal did not come with a token of ours; `Outage`.
    pub async fn revoke(&self, principal: &Principal) -> Result<(), AuthError> {
        self.inner.revoke_id(self.own(principal, "jti")?).await
    }

    /// Ends the session that this principal came with: its family of tokens, and every access token
    /// of it, at once. What a sign-out asks that holds an access token.
    ///
    /// # Errors
    /// `InvalidToken` when the principal did not come with a token of ours; `Outage`.
    pub async fn end_session_of(&self, principal: &Principal) -> Result<(), AuthError> {
        let session = self.own(principal, claims::SESSION_ID)?;
        self.end_session(session, "signed out").await
    }

    /// Ends a session: its family of tokens, and every access token of it, at once. One that is
    /// gone or ended already is no error.
    ///
    /// # Errors
    /// `Outage`. Nothing may be done then, or half of it: ask again.
    pub async fn end_session(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        self.inner.end_family(id, reason).await
    }

    /// Takes back every token of a subject: raises its version, ends its sessions, and gives the
    /// new version. For a changed password, or an account that is closed.
    ///
    /// # Errors
    /// `Outage`. Nothing may be done then, or half of it: ask again.
    pub async fn withdraw(&self, subject: &str) -> Result<u64, AuthError> {
        let inner = &*self.inner;
        // Every token is dead with the first write, the sessions behind them with the others.
        let version = inner.revocations.raise_version_erased(subject).await?;
        inner.close_families_before(subject, version).await?;
        Ok(version)
    }

    /// What a token of ours says by that name. One of another issuer may name a session too, and
    /// that is not its to end.
    fn own<'a>(&self, principal: &'a Principal, name: &str) -> Result<&'a str, AuthError> {
        let ours = principal.claim("iss") == Some(&self.inner.config.issuer);
        let claim = principal.claim(name).filter(|_| ours);
        claim.ok_or(AuthError::invalid_token())
    }
}

/// Takes access tokens from `Authorization: Bearer` alone, never from the URL, a form or a cookie.
impl Authenticator for TokenService {
    async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
        self.verify(bearer(&parts.headers)?).await
    }
}

impl RefreshManager for TokenService {
    async fn issue(&self, principal: &Principal) -> Result<Tokens, AuthError> {
        self.inner.begin_family(principal).await
    }

    async fn refresh(&self, refresh_token: &Secret<String>) -> Result<Tokens, AuthError> {
        self.inner.exchange(refresh_token.expose()).await
    }

    async fn sign_out(&self, refresh_token: &Secret<String>) -> Result<(), AuthError> {
        let now = (self.inner.now)();
        let link = self.inner.read_refresh(refresh_token.expose(), now)?;
        self.inner.end_family(&link.family, "signed out").await
    }
}

impl fmt::Debug for TokenService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenService")
            .field("config", &self.inner.config)
            .field("ring", &self.inner.ring)
            .finish_non_exhaustive()
    }
}

/// The token of the one header that may carry it (RFC 6750, section 2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(AuthError::unauthenticated()),
        (Some(value), None) => value.to_str().map_err(|_| AuthError::invalid_token())?,
        _ => return Err(AuthError::invalid_token()),
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim_matches(' '))
        }
        // Another scheme, or `Bearer` and nothing: no credentials for us.
        _ => Err(AuthError::unauthenticated()),
    }
}
