use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use plumego_contract::auth::{AuthError, Authenticator, Principal};
use plumego_security::jwt::{Claims, Rules};
use plumego_stdx::Timestamp;

use super::remote::{FetchKeys, FromUrl, RemoteKeys};
use crate::tokens::bearer;

type MakePrincipal = Arc<dyn Fn(&Claims) -> Result<Principal, AuthError> + Send + Sync>;

/// Lets in whoever has a token of another issuer.
///
/// What the issuer takes back is good here until it is over: let its tokens be short.
pub struct IssuerTokens<F = FromUrl> {
    rules: Rules,
    keys: RemoteKeys<F>,
    principal: MakePrincipal,
    now: fn() -> Timestamp,
}

impl<F: FetchKeys> IssuerTokens<F> {
    /// Takes tokens that these rules and these keys let pass.
    pub fn new(rules: Rules, keys: RemoteKeys<F>) -> Self {
        Self {
            rules,
            keys,
            principal: Arc::new(|claims| Ok(claims.principal())),
            now: Timestamp::now,
        }
    }

    /// Makes the principal of the claims in another way than [`Claims::principal`]: for issuers
    /// that name roles or tenants differently.
    #[must_use]
    pub fn principal(
        mut self,
        make: impl Fn(&Claims) -> Result<Principal, AuthError> + Send + Sync + 'static,
    ) -> Self {
        self.principal = Arc::new(make);
        self
    }
}

impl<F: FetchKeys> Authenticator for IssuerTokens<F> {
    async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
        let token = bearer(&parts.headers)?;
        let claims = self.keys.verify(token, &self.rules, (self.now)()).await?;
        (self.principal)(&claims)
    }
}

impl<F> fmt::Debug for IssuerTokens<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerTokens")
            .field("rules", &self.rules)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
