//! The words of authentication.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use http::request::Parts;
use plumego_contract::auth::{
    AuthError, AuthErrorKind, Authenticator, Authorizer, ErasedAuthenticator, ErasedAuthorizer,
    ErasedRefreshManager, ErasedSessionStore, ErasedSessionValidator, Principal, RefreshManager,
    Rotation, Session, SessionStatus, SessionStore, SessionValidator, Tokens, claims,
};
use plumego_contract::{Error, FromParts};
use plumego_stdx::{Secret, Timestamp};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(seconds * 1_000_000_000)
}

fn parts() -> Parts {
    http::Request::new(()).into_parts().0
}

#[test]
fn every_kind_has_its_status_and_code() {
    use AuthErrorKind as K;
    for (kind, status, code) in [
        (K::Unauthenticated, 401, "unauthenticated"),
        (K::InvalidToken, 401, "invalid_token"),
        (K::TokenExpired, 401, "token_expired"),
        (K::SessionExpired, 401, "session_expired"),
        (K::SessionRevoked, 401, "session_revoked"),
        (K::RefreshReused, 401, "refresh_reused"),
        (K::VersionMismatch, 401, "token_version_mismatch"),
        (K::Forbidden, 403, "forbidden"),
        (K::Outage, 503, "unavailable"),
    ] {
        let error = Error::from(AuthError::new(kind));
        assert_eq!((error.status().as_u16(), error.code()), (status, code));
    }
}

#[test]
fn the_source_stays_out_of_the_answer() {
    let error = Error::from(AuthError::outage("dsn=postgres://root@db"));
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!error.detail().unwrap().contains("postgres"));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("postgres"), "{source}");
}

#[test]
fn a_session_is_held_against_its_principal_and_the_clock() {
    let mut session = Session::new("s1", "ada");
    session.token_version = 3;
    session.expires_at = Some(at(100));
    let ada = Principal::new("ada");
    let kind = |session: &Session, principal: &Principal, now| {
        session
            .check(principal, at(now))
            .err()
            .map(|error| error.kind())
    };
    assert_eq!(kind(&session, &ada, 99), None);
    for (principal, now, expected) in [
        (ada.clone(), 100, AuthErrorKind::SessionExpired),
        (Principal::new("eve"), 1, AuthErrorKind::InvalidToken),
        (ada.clone().with_tenant("t"), 1, AuthErrorKind::InvalidToken),
        (
            ada.clone().with_claim(claims::TOKEN_VERSION, "2"),
            1,
            AuthErrorKind::VersionMismatch,
        ),
        (
            ada.clone().with_claim(claims::TOKEN_VERSION, "-3"),
            1,
            AuthErrorKind::VersionMismatch,
        ),
    ] {
        assert_eq!(kind(&session, &principal, now), Some(expected));
    }
    let versioned = ada.clone().with_claim(claims::TOKEN_VERSION, "3");
    assert_eq!(kind(&session, &versioned, 1), None);
    session.revoke("stolen", at(5));
    session.revoke("again", at(6));
    assert_eq!(session.revoke_reason.as_deref(), Some("stolen"));
    assert_eq!(kind(&session, &ada, 1), Some(AuthErrorKind::SessionRevoked));
    session.status = SessionStatus::Expired;
    assert_eq!(kind(&session, &ada, 1), Some(AuthErrorKind::SessionExpired));
}

#[test]
fn a_refresh_token_that_comes_twice_ends_the_session() {
    let next = |id: &str, now| Rotation {
        refresh_id: id.to_owned(),
        expires_at: at(now + 10),
        now: at(now),
    };
    let mut session = Session::new("s1", "ada");
    session.refresh_id = Some("r1".into());
    let stranger = session.rotate("rX", &next("r2", 1)).unwrap_err();
    assert_eq!(stranger.kind(), AuthErrorKind::InvalidToken);
    session.rotate("r1", &next("r2", 1)).unwrap();
    assert_eq!(session.refresh_id.as_deref(), Some("r2"));
    let late = session.rotate("r2", &next("r3", 11)).unwrap_err();
    assert_eq!(late.kind(), AuthErrorKind::TokenExpired);
    let stolen = session.rotate("r1", &next("r3", 2)).unwrap_err();
    assert_eq!(stolen.kind(), AuthErrorKind::RefreshReused);
    assert_eq!(session.status, SessionStatus::Revoked);
    let owner = session.rotate("r2", &next("r3", 3)).unwrap_err();
    assert_eq!(owner.kind(), AuthErrorKind::SessionRevoked);
}

#[tokio::test]
async fn the_principal_is_an_extractor() {
    let mut parts = parts();
    let error = Principal::from_parts(&mut parts).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.is_absent()), (401, true));
    assert_eq!(
        Option::<Principal>::from_parts(&mut parts).await.unwrap(),
        None
    );
    let ada = Principal::new("ada").with_role("admin").with_scope("all");
    parts.extensions.insert(ada.clone());
    let found = Principal::from_parts(&mut parts).await.unwrap();
    assert_eq!(found, ada);
    assert!(found.has_role("admin") && !found.has_role("Admin") && found.has_scope("all"));
}

/// One value that plays every part.
#[derive(Default)]
struct All(Mutex<HashMap<String, Session>>);

impl Authenticator for All {
    async fn authenticate(&self, _: &Parts) -> Result<Principal, AuthError> {
        Ok(Principal::new("ada"))
    }
}

impl Authorizer for All {
    async fn authorize(&self, _: &Principal, action: &str, _: &str) -> Result<(), AuthError> {
        if action == "read" {
            Ok(())
        } else {
            Err(AuthError::forbidden())
        }
    }
}

impl SessionValidator for All {
    async fn validate(&self, _: &Session, _: &Principal, _: &Parts) -> Result<(), AuthError> {
        Ok(())
    }
}

impl RefreshManager for All {
    async fn issue(&self, principal: &Principal) -> Result<Tokens, AuthError> {
        Ok(Tokens {
            access_token: Secret::new(principal.subject.clone()),
            refresh_token: Secret::new("r1".into()),
            expires_in: std::time::Duration::from_mins(15),
        })
    }

    async fn refresh(&self, _: &Secret<String>) -> Result<Tokens, AuthError> {
        Err(AuthError::new(AuthErrorKind::RefreshReused))
    }

    async fn sign_out(&self, _: &Secret<String>) -> Result<(), AuthError> {
        Ok(())
    }
}

impl SessionStore for All {
    async fn create(&self, session: Session) -> Result<(), AuthError> {
        self.0.lock().unwrap().insert(session.id.clone(), session);
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<Session>, AuthError> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }

    async fn rotate_refresh(
        &self,
        id: &str,
        presented: &str,
        next: Rotation,
    ) -> Result<Session, AuthError> {
        let mut sessions = self.0.lock().unwrap();
        let session = sessions
            .get_mut(id)
            .ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?;
        session.rotate(presented, &next)?;
        Ok(session.clone())
    }

    async fn revoke(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        if let Some(session) = self.0.lock().unwrap().get_mut(id) {
            session.revoke(reason, at(1));
        }
        Ok(())
    }

    async fn list(&self, _: &str, limit: usize) -> Result<Vec<Session>, AuthError> {
        let sessions = self.0.lock().unwrap();
        Ok(sessions.values().take(limit).cloned().collect())
    }
}

#[tokio::test]
async fn erased_traits_are_the_traits_again() {
    let authenticator: Arc<dyn ErasedAuthenticator> = Arc::new(All::default());
    let authorizer: Arc<dyn ErasedAuthorizer> = Arc::new(All::default());
    let validator: Arc<dyn ErasedSessionValidator> = Arc::new(All::default());
    let manager: Arc<dyn ErasedRefreshManager> = Arc::new(All::default());
    let store: Arc<dyn ErasedSessionStore> = Arc::new(All::default());

    let ada = authenticator.authenticate(&parts()).await.unwrap();
    authorizer.authorize(&ada, "read", "orders").await.unwrap();
    let denied = authorizer.authorize(&ada, "write", "orders").await;
    assert_eq!(denied.unwrap_err().kind(), AuthErrorKind::Forbidden);
    let tokens = manager.issue(&ada).await.unwrap();
    assert_eq!(format!("{:?}", tokens.access_token), "[secret]");
    let reused = manager.refresh(&tokens.refresh_token).await.unwrap_err();
    assert_eq!(reused.kind(), AuthErrorKind::RefreshReused);
    manager.sign_out(&tokens.refresh_token).await.unwrap();

    let mut session = Session::new("s1", "ada");
    session.refresh_id = Some("r1".into());
    validator.validate(&session, &ada, &parts()).await.unwrap();
    store.create(session).await.unwrap();
    let next = Rotation {
        refresh_id: "r2".into(),
        expires_at: at(9),
        now: at(1),
    };
    let rotated = store.rotate_refresh("s1", "r1", next).await.unwrap();
    assert_eq!(rotated.refresh_id.as_deref(), Some("r2"));
    store.revoke("s1", "signed out").await.unwrap();
    let found = store.get("s1").await.unwrap().unwrap();
    assert_eq!(found.status, SessionStatus::Revoked);
    assert_eq!(store.list("ada", 10).await.unwrap().len(), 1);
    assert_eq!(store.get("s2").await.unwrap(), None);
}
