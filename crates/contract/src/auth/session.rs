//! A session: what stands behind a token and can be ended before it.

use std::collections::BTreeMap;
use std::fmt;

use http::request::Parts;
use plumego_stdx::{Timestamp, ct_eq};

use super::{AuthError, AuthErrorKind, Principal, claims};
use crate::{Error, FromParts};

/// Whether a session is still good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStatus {
    /// It is.
    #[default]
    Active,
    /// It was ended.
    Revoked,
    /// It is over.
    Expired,
}

/// What stands behind a token and can be ended before the token is over.
///
/// An extractor below the layer that checks sessions; `Option<Session>` is `None` without it.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// Its id: at least 128 bits of randomness (ASVS 5.0, 7.2.3).
    pub id: String,
    /// Whose it is.
    pub subject: String,
    /// The tenant it acts for.
    pub tenant: Option<String>,
    /// The version of the subject's tokens that are good.
    pub token_version: u64,
    /// The key that signed its tokens.
    pub key_id: Option<String>,
    /// The refresh token that is good now, or its hash.
    pub refresh_id: Option<String>,
    /// The one before it. Seen again, it was stolen.
    pub previous_refresh_id: Option<String>,
    /// When the refresh token is over.
    pub refresh_expires_at: Option<Timestamp>,
    /// Whether it is still good.
    pub status: SessionStatus,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, as far as the store keeps that.
    pub last_seen_at: Option<Timestamp>,
    /// When it is over whatever happens.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// Why it was ended.
    pub revoke_reason: Option<String>,
    /// The program that signed in.
    pub client_id: Option<String>,
    /// The device that signed in.
    pub device_id: Option<String>,
    /// A hash of its `User-Agent`.
    pub user_agent_hash: Option<String>,
    /// A hash of its address.
    pub ip_hash: Option<String>,
    /// Whatever the application adds.
    pub attributes: BTreeMap<String, String>,
}

/// What a session gets when its refresh token is exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The next refresh token, or its hash.
    pub refresh_id: String,
    /// When it is over.
    pub expires_at: Timestamp,
    /// The time of the exchange.
    pub now: Timestamp,
}

impl Session {
    /// A session that begins now and has no end yet.
    pub fn new(id: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            subject: subject.into(),
            created_at: Timestamp::now(),
            ..Self::default()
        }
    }

    /// Whether this principal may use the session at this time.
    ///
    /// # Errors
    /// `SessionRevoked` and `SessionExpired` as the session stands; `InvalidToken` when it belongs
    /// to another subject or tenant; `VersionMismatch` when the principal's
    /// [`claims::TOKEN_VERSION`] is there and is not that of the session.
    pub fn check(&self, principal: &Principal, now: Timestamp) -> Result<(), AuthError> {
        self.alive(now)?;
        if self.subject != principal.subject || self.tenant != principal.tenant {
            return Err(AuthError::invalid_token());
        }
        match principal.claim(claims::TOKEN_VERSION) {
            Some(version) if version.parse() != Ok(self.token_version) => {
                Err(AuthError::new(AuthErrorKind::VersionMismatch))
            }
            _ => Ok(()),
        }
    }

    /// Exchanges the refresh token. For a [`SessionStore`](super::SessionStore), which must call it
    /// where nobody else changes the session and keep the session also when it fails.
    ///
    /// # Errors
    /// As [`Session::check`] for a session that is over; `TokenExpired` when the refresh token is;
    /// `RefreshReused` for the token before the present one, which ends the session;
    /// `InvalidToken` for any other.
    pub fn rotate(&mut self, presented: &str, next: &Rotation) -> Result<(), AuthError> {
        self.alive(next.now)?;
        let is = |id: &Option<String>| {
            id.as_ref()
                .is_some_and(|id| ct_eq(id.as_bytes(), presented.as_bytes()))
        };
        if is(&self.previous_refresh_id) {
            self.revoke("refresh token reused", next.now);
            return Err(AuthError::new(AuthErrorKind::RefreshReused));
        }
        if !is(&self.refresh_id) {
            return Err(AuthError::invalid_token());
        }
        if self.refresh_expires_at.is_some_and(|end| end <= next.now) {
            return Err(AuthError::new(AuthErrorKind::TokenExpired));
        }
        self.previous_refresh_id = self.refresh_id.replace(next.refresh_id.clone());
        self.refresh_expires_at = Some(next.expires_at);
        self.last_seen_at = Some(next.now);
        Ok(())
    }

    /// Ends the session. The first reason stays.
    pub fn revoke(&mut self, reason: impl Into<String>, now: Timestamp) {
        if self.status != SessionStatus::Revoked {
            self.status = SessionStatus::Revoked;
            self.revoked_at = Some(now);
            self.revoke_reason = Some(reason.into());
        }
    }

    fn alive(&self, now: Timestamp) -> Result<(), AuthError> {
        let over = self.expires_at.is_some_and(|end| end <= now);
        match self.status {
            SessionStatus::Revoked => Err(AuthError::new(AuthErrorKind::SessionRevoked)),
            SessionStatus::Active if !over => Ok(()),
            _ => Err(AuthError::new(AuthErrorKind::SessionExpired)),
        }
    }
}

/// Without the ids, which are as good as passwords.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("subject", &self.subject)
            .field("tenant", &self.tenant)
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Absent when no layer checked the session of the request.
impl FromParts for Session {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::from(AuthError::unauthenticated()).absent())
    }
}
