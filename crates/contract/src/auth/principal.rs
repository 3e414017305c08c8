//! Who asks.

use std::collections::BTreeMap;

use http::request::Parts;

use super::AuthError;
use crate::{Error, FromParts};

/// The names of claims that the toolkit itself reads.
pub mod claims {
    /// The id of the session behind the token.
    pub const SESSION_ID: &str = "session_id";
    /// The version of the subject's tokens, a number in decimal digits.
    pub const TOKEN_VERSION: &str = "token_version";
}

/// Who asks, as an [`Authenticator`](super::Authenticator) found out.
///
/// An extractor below the layer that authenticates: `Principal` answers `401 unauthenticated` when
/// nobody is known, `Option<Principal>` is `None` then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The stable id of the user or the service.
    pub subject: String,
    /// The tenant it acts for.
    pub tenant: Option<String>,
    /// What it is, such as `admin`.
    pub roles: Vec<String>,
    /// What it may do, such as `orders:delete`.
    pub permissions: Vec<String>,
    /// What its token was made for, such as `orders:write`.
    pub scopes: Vec<String>,
    /// Everything else the token says, verified.
    pub claims: BTreeMap<String, String>,
}

impl Principal {
    /// A principal of whom only the subject is known.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            ..Self::default()
        }
    }

    /// Sets the tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds a permission.
    #[must_use]
    pub fn with_permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(permission.into());
        self
    }

    /// Adds a scope.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Adds a claim; the same name again replaces the value.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Whether it has the role, spelled exactly so.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|there| there == role)
    }

    /// Whether it has the permission, spelled exactly so.
    pub fn has_permission(&self, permission: &str) -> bool {
        self.permissions.iter().any(|there| there == permission)
    }

    /// Whether its token has the scope, spelled exactly so.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|there| there == scope)
    }

    /// The claim of that name.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).map(String::as_str)
    }
}

/// Absent when no layer authenticated the request.
impl FromParts for Principal {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::from(AuthError::unauthenticated()).absent())
    }
}
