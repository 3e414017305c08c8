//! What a route asks of those who call it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{AuthError, Principal};

/// What a route asks of those who call it: anybody, somebody known, or somebody with rights.
///
/// It stands in the record of the route ([`RouteInfo::auth`](crate::RouteInfo::auth)), so that one
/// value is enforced, listed and audited. Everything that is asked must be met.
///
/// ```
/// use plumego_contract::auth::{AuthErrorKind, AuthRequirement, Principal};
///
/// let admins = AuthRequirement::authenticated().role("admin").scope("users:write");
/// assert_eq!(admins.to_string(), "role:admin scope:users:write");
///
/// let ada = Principal::new("ada").with_role("admin");
/// assert_eq!(admins.check(None).unwrap_err().kind(), AuthErrorKind::Unauthenticated);
/// assert_eq!(admins.check(Some(&ada)).unwrap_err().kind(), AuthErrorKind::Forbidden);
/// assert!(admins.check(Some(&ada.with_scope("users:write"))).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthRequirement {
    /// `None` when anybody may call.
    needs: Option<Vec<AuthNeed>>,
}

/// One right that a route asks for. Words are compared exactly, case included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthNeed {
    /// This role.
    Role(String),
    /// One of these roles.
    AnyRole(Vec<String>),
    /// This permission.
    Permission(String),
    /// A token that was made for this scope.
    Scope(String),
}

impl AuthNeed {
    /// Whether the principal has it. An empty list of roles is met by nobody.
    pub fn met_by(&self, principal: &Principal) -> bool {
        match self {
            Self::Role(role) => principal.has_role(role),
            Self::AnyRole(roles) => roles.iter().any(|role| principal.has_role(role)),
            Self::Permission(permission) => principal.has_permission(permission),
            Self::Scope(scope) => principal.has_scope(scope),
        }
    }
}

impl fmt::Display for AuthNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "role:{role}"),
            Self::AnyRole(roles) => write!(f, "role:{}", roles.join("|")),
            Self::Permission(permission) => write!(f, "permission:{permission}"),
            Self::Scope(scope) => write!(f, "scope:{scope}"),
        }
    }
}

impl AuthRequirement {
    /// Anybody may call, with or without credentials.
    pub const fn public() -> Self {
        Self { needs: None }
    }

    /// Somebody known must call.
    pub const fn authenticated() -> Self {
        Self {
            needs: Some(Vec::new()),
        }
    }

    /// Asks for this role too.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        self.with(AuthNeed::Role(role.into()))
    }

    /// Asks for one of these roles too.
    #[must_use]
    pub fn any_role(self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(AuthNeed::AnyRole(
            roles.into_iter().map(Into::into).collect(),
        ))
    }

    /// Asks for this permission too.
    #[must_use]
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.with(AuthNeed::Permission(permission.into()))
    }

    /// Asks for this scope too.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.with(AuthNeed::Scope(scope.into()))
    }

    /// Asks for this too. What was public is not any more.
    #[must_use]
    pub fn with(self, need: AuthNeed) -> Self {
        let mut needs = self.needs.unwrap_or_default();
        if !needs.contains(&need) {
            needs.push(need);
        }
        Self { needs: Some(needs) }
    }

    /// Whether anybody may call.
    pub const fn is_public(&self) -> bool {
        self.needs.is_none()
    }

    /// The rights that are asked for, all of them; empty when somebody known is enough.
    pub fn needs(&self) -> &[AuthNeed] {
        self.needs.as_deref().unwrap_or_default()
    }

    /// This requirement inside of that of a group: its own needs and those of the group. One that
    /// is public stays public, since somebody wrote that at the very route; inside of a public
    /// group it is what it says.
    #[must_use]
    pub fn inside(self, outer: Option<&Self>) -> Self {
        let (Some(outer), false) = (outer, self.is_public()) else {
            return self;
        };
        let start = Self {
            needs: Some(outer.needs().to_vec()),
        };
        self.needs().iter().cloned().fold(start, Self::with)
    }

    /// Whether the principal of a request may call.
    ///
    /// # Errors
    /// `Unauthenticated` when nobody is known and somebody must be; `Forbidden` when a right is
    /// missing. Which one is not told.
    pub fn check(&self, principal: Option<&Principal>) -> Result<(), AuthError> {
        let Some(needs) = &self.needs else {
            return Ok(());
        };
        let principal = principal.ok_or(AuthError::unauthenticated())?;
        if needs.iter().all(|need| need.met_by(principal)) {
            Ok(())
        } else {
            Err(AuthError::forbidden())
        }
    }
}

/// `public`, `authenticated`, or the rights with spaces between them: `role:admin scope:read`.
impl fmt::Display for AuthRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(needs) = &self.needs else {
            return f.write_str("public");
        };
        if needs.is_empty() {
            return f.write_str("authenticated");
        }
        for (i, need) in needs.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{need}")?;
        }
        Ok(())
    }
}

/// As it is shown.
impl Serialize for AuthRequirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
