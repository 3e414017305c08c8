use std::time::Duration;

use http::request::Parts;
use plumego_contract::auth::{AuthError, AuthErrorKind, Principal, Session, SessionValidator};
use plumego_stdx::Timestamp;

/// Refuses a session that was not used for too long: for `SessionCheckLayer::validator`, where
/// sessions stand behind tokens.
///
/// The last use is the session's `last_seen_at`, else its beginning.
#[derive(Debug, Clone, Copy)]
pub struct IdleLimit(pub Duration);

impl IdleLimit {
    /// Whether the session is over at that time.
    pub fn is_over(self, session: &Session, now: Timestamp) -> bool {
        let last = session.last_seen_at.unwrap_or(session.created_at);
        last.saturating_add(self.0) <= now
    }
}

impl SessionValidator for IdleLimit {
    async fn validate(&self, session: &Session, _: &Principal, _: &Parts) -> Result<(), AuthError> {
        if self.is_over(session, Timestamp::now()) {
            return Err(AuthError::new(AuthErrorKind::SessionExpired));
        }
        Ok(())
    }
}
