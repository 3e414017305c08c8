//! How a family begins, goes on and ends.

use plumego_contract::auth::{AuthError, AuthErrorKind, Principal, Session, Tokens, claims};
use plumego_security::jwt::{Claims, sign_claims};
use plumego_stdx::{Hex, Secret, Timestamp, ct_eq, random};

use super::Family;
use super::config::MAX_SESSIONS_PER_SUBJECT;
use super::service::Inner;

/// How often a write is tried that somebody else was faster with.
const ATTEMPTS: usize = 8;

/// How many sessions a subject may have beyond its bound, when many sign in at the same time. The
/// next sign-in ends them.
const MARGIN: usize = 1024;

/// Why the families of an earlier version are ended.
const WITHDRAWN: &str = "withdrawn";

/// The claim with the number of a refresh token in its family.
const GENERATION: &str = "gen";

/// What the toolkit says in a token by itself; the same names in a principal are left out.
const OWN: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "tid",
    "sid",
    "ver",
    "roles",
    "permissions",
    "scope",
    GENERATION,
    claims::SESSION_ID,
    claims::TOKEN_VERSION,
];

/// What a refresh token says.
pub(super) struct Link {
    pub(super) family: String,
    id: String,
    generation: u64,
    subject: String,
    tenant: Option<String>,
}

impl Inner {
    /// The first tokens of a new family.
    pub(super) async fn begin_family(&self, principal: &Principal) -> Result<Tokens, AuthError> {
        let now = (self.now)();
        let standing = self
            .revocations
            .standing_erased(&[], &principal.subject)
            .await?;
        self.make_room(&principal.subject).await?;
        let mut session = Session::new(new_id()?, &principal.subject);
        session.created_at = now;
        session.last_seen_at = Some(now);
        session.expires_at = Some(now.saturating_add(self.config.session_ttl));
        session.tenant.clone_from(&principal.tenant);
        session.token_version = standing.version;
        session.client_id = principal.claim("client_id").map(str::to_owned);
        let mut family = Family::new(session, kept(principal));
        let tokens = self.sign(&mut family, now)?;
        self.families.create_erased(family).await?;
        Ok(tokens)
    }

    /// The next tokens of the family that the token belongs to.
    pub(super) async fn exchange(&self, refresh_token: &str) -> Result<Tokens, AuthError> {
        let now = (self.now)();
        let link = self.read_refresh(refresh_token, now)?;
        for _ in 0..ATTEMPTS {
            let family = self.families.get_erased(&link.family).await?;
            let family = family.ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?;
            self.check(&family, &link, now).await?;
            if family.generation > link.generation {
                self.end_family(&link.family, "refresh token reused")
                    .await?;
                tracing::warn!(
                    subject = link.subject,
                    "a refresh token came a second time: its session was ended, for somebody may \
                     have a copy of it"
                );
                return Err(AuthError::new(AuthErrorKind::RefreshReused));
            }
            let mut next = family.clone();
            next.generation += 1;
            next.revision += 1;
            next.session.previous_refresh_id = next.session.refresh_id.take();
            next.session.last_seen_at = Some(now);
            let tokens = self.sign(&mut next, now)?;
            if self.families.replace_erased(family.revision, next).await? {
                return Ok(tokens);
            }
            // Somebody changed the family in between: look again what it is now.
        }
        Err(AuthError::outage(
            "the family of tokens changes all the time",
        ))
    }

    /// Ends a family and every access token of it.
    pub(super) async fn end_family(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        // First what is asked at each request: should the second write fail, asking again
        // completes it.
        self.revoke_id(id).await?;
        self.close_family(id, reason).await
    }

    /// Ends every family that began with an earlier version.
    pub(super) async fn close_families_before(
        &self,
        subject: &str,
        version: u64,
    ) -> Result<(), AuthError> {
        let now = (self.now)();
        let most = MAX_SESSIONS_PER_SUBJECT + MARGIN;
        let families = self.families.list_erased(subject, now, most).await?;
        for family in families {
            if family.session.token_version < version {
                self.close_family(&family.session.id, WITHDRAWN).await?;
            }
        }
        Ok(())
    }

    /// Writes that a family is ended.
    async fn close_family(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        let now = (self.now)();
        for _ in 0..ATTEMPTS {
            let Some(family) = self.families.get_erased(id).await? else {
                return Ok(());
            };
            let mut next = family.clone();
            next.session.revoke(reason, now);
            if next == family {
                return Ok(());
            }
            next.revision += 1;
            if self.families.replace_erased(family.revision, next).await? {
                return Ok(());
            }
        }
        Err(AuthError::outage(
            "the family of tokens changes all the time",
        ))
    }

    /// Takes back an access token, or all of a session.
    pub(super) async fn revoke_id(&self, id: &str) -> Result<(), AuthError> {
        let now = (self.now)();
        // A token that was issued this moment is good for so long, and tolerated so long after.
        let longest = self.config.access_ttl + self.config.leeway;
        let until = now
            .saturating_add(longest)
            .saturating_add(self.config.leeway);
        self.revocations.revoke_erased(id, until, now).await
    }

    /// What a refresh token says, when it is one of ours and good by itself.
    pub(super) fn read_refresh(&self, token: &str, now: Timestamp) -> Result<Link, AuthError> {
        let claims = self.refresh.verify(token, &self.ring.at(now), now)?;
        let generation = claims
            .more
            .get(GENERATION)
            .and_then(serde_json::Value::as_u64);
        match (claims.session_id, claims.token_id, generation) {
            (Some(family), Some(id), Some(generation)) => Ok(Link {
                family,
                id,
                generation,
                subject: claims.subject,
                tenant: claims.tenant,
            }),
            _ => Err(AuthError::invalid_token()),
        }
    }

    /// Whether the family may go on with this token, or was used before with it.
    async fn check(&self, family: &Family, link: &Link, now: Timestamp) -> Result<(), AuthError> {
        let asked = [link.family.as_str()];
        let standing = self
            .revocations
            .standing_erased(&asked, &link.subject)
            .await?;
        let is_outdated = standing.version != family.session.token_version;
        let is_withdrawn = family.session.revoke_reason.as_deref() == Some(WITHDRAWN);
        // What was withdrawn is told to be that, and not that somebody signed out.
        if !(is_outdated && is_withdrawn) {
            let mut bearer = Principal::new(&link.subject);
            bearer.tenant.clone_from(&link.tenant);
            family.session.check(&bearer, now)?;
        }
        if standing.revoked {
            return Err(AuthError::new(AuthErrorKind::SessionRevoked));
        }
        if is_outdated {
            return Err(AuthError::new(AuthErrorKind::VersionMismatch));
        }
        let id = family.session.refresh_id.as_deref().unwrap_or_default();
        let current = ct_eq(id.as_bytes(), link.id.as_bytes());
        // A link of the future, or another one of the same number: of no family that we know.
        if link.generation > family.generation || (link.generation == family.generation) != current
        {
            return Err(AuthError::invalid_token());
        }
        Ok(())
    }

    /// Signs the tokens of the family's present generation, and notes them in it.
    fn sign(&self, family: &mut Family, now: Timestamp) -> Result<Tokens, AuthError> {
        let view = self.ring.at(now);
        let signer = view.signer();
        let (key_id, key) = signer.ok_or_else(|| AuthError::outage("no key signs now"))?;
        let (access, refresh) = (
            self.access_claims(family, now)?,
            self.refresh_claims(family, now)?,
        );
        let session = &mut family.session;
        session.refresh_id.clone_from(&refresh.token_id);
        session.refresh_expires_at = Some(refresh.expires_at);
        session.key_id = Some(key_id.to_owned());
        let sign = |kind, claims| {
            let token = sign_claims(key, key_id, kind, claims);
            token.map(Secret::new).map_err(AuthError::outage)
        };
        let lasts = access.expires_at.unix_seconds() - now.unix_seconds();
        Ok(Tokens {
            access_token: sign(self.access.token_type(), &access)?,
            refresh_token: sign(self.refresh.token_type(), &refresh)?,
            expires_in: std::time::Duration::from_secs(u64::try_from(lasts).unwrap_or_default()),
        })
    }

    fn access_claims(&self, family: &Family, now: Timestamp) -> Result<Claims, AuthError> {
        let end = end_of(family, now.saturating_add(self.config.access_ttl));
        let mut claims = self.claims(family, self.access.audience(), now, end)?;
        let principal = &family.principal;
        claims.roles.clone_from(&principal.roles);
        claims.permissions.clone_from(&principal.permissions);
        claims.scopes.clone_from(&principal.scopes);
        claims.client_id.clone_from(&family.session.client_id);
        claims.token_version = Some(family.session.token_version);
        for (name, value) in &principal.claims {
            claims.more.insert(name.clone(), value.clone().into());
        }
        Ok(claims)
    }

    fn refresh_claims(&self, family: &Family, now: Timestamp) -> Result<Claims, AuthError> {
        let end = end_of(family, now.saturating_add(self.config.refresh_ttl));
        let mut claims = self.claims(family, self.refresh.audience(), now, end)?;
        claims
            .more
            .insert(GENERATION.into(), family.generation.into());
        Ok(claims)
    }

    fn claims(
        &self,
        family: &Family,
        audience: &str,
        now: Timestamp,
        end: Timestamp,
    ) -> Result<Claims, AuthError> {
        let session = &family.session;
        let mut claims = Claims::new(&self.config.issuer, audience, &session.subject, now, end);
        claims.token_id = Some(new_id()?);
        claims.session_id = Some(session.id.clone());
        claims.tenant.clone_from(&session.tenant);
        Ok(claims)
    }

    /// Ends the oldest sessions of a subject that has as many as it may.
    async fn make_room(&self, subject: &str) -> Result<(), AuthError> {
        let most = self.config.sessions_per_subject;
        let now = (self.now)();
        let alive = self.families.list_erased(subject, now, most + MARGIN);
        for family in alive.await?.iter().skip(most.saturating_sub(1)) {
            self.end_family(&family.session.id, "too many sessions")
                .await?;
        }
        Ok(())
    }
}

/// The principal as the next access tokens say it: what the toolkit says by itself is left out.
fn kept(principal: &Principal) -> Principal {
    let mut kept = principal.clone();
    kept.claims.retain(|name, _| !OWN.contains(&name.as_str()));
    kept
}

/// No token outlives its session.
fn end_of(family: &Family, end: Timestamp) -> Timestamp {
    family.session.expires_at.map_or(end, |last| last.min(end))
}

/// 128 random bits (ASVS 5.0, 7.2.3).
fn new_id() -> Result<String, AuthError> {
    let bytes: [u8; 16] = random::bytes().map_err(AuthError::outage)?;
    Ok(Hex::new(bytes).to_string())
}
