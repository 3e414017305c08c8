//! Why somebody was not let in.

use std::fmt;

use crate::{BoxError, Code, Error, codes};

/// Why somebody was not let in. An [`Error`] is made of it with `?`.
#[derive(Debug)]
pub struct AuthError {
    kind: AuthErrorKind,
    source: Option<BoxError>,
}

/// The reasons of an [`AuthError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorKind {
    /// There are no credentials at all: `401 unauthenticated`.
    Unauthenticated,
    /// The credentials are wrong: `401 invalid_token`.
    InvalidToken,
    /// The token is over: `401 token_expired`.
    TokenExpired,
    /// The session is over: `401 session_expired`.
    SessionExpired,
    /// The session was ended, or there is none: `401 session_revoked`.
    SessionRevoked,
    /// A refresh token came a second time: `401 refresh_reused`.
    RefreshReused,
    /// Tokens of this version were withdrawn: `401 token_version_mismatch`.
    VersionMismatch,
    /// Known, and may not: `403 forbidden`.
    Forbidden,
    /// Whoever knows the answer is away: `503 unavailable`. Never taken for a refusal.
    Outage,
}

impl AuthErrorKind {
    /// The row of the table of codes it is answered with.
    pub const fn code(self) -> Code {
        match self {
            Self::Unauthenticated => codes::UNAUTHENTICATED,
            Self::InvalidToken => codes::INVALID_TOKEN,
            Self::TokenExpired => codes::TOKEN_EXPIRED,
            Self::SessionExpired => codes::SESSION_EXPIRED,
            Self::SessionRevoked => codes::SESSION_REVOKED,
            Self::RefreshReused => codes::REFRESH_REUSED,
            Self::VersionMismatch => codes::TOKEN_VERSION_MISMATCH,
            Self::Forbidden => codes::FORBIDDEN,
            Self::Outage => codes::UNAVAILABLE,
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Credentials are needed.",
            Self::InvalidToken => "The token is not valid.",
            Self::TokenExpired => "The token has expired.",
            Self::SessionExpired => "The session has expired; sign in again.",
            Self::SessionRevoked => "The session was ended; sign in again.",
            Self::RefreshReused => "The refresh token was used before; sign in again.",
            Self::VersionMismatch => "The token was withdrawn; sign in again.",
            Self::Forbidden => "Access is not allowed.",
            Self::Outage => "Credentials cannot be checked now; try again.",
        }
    }
}

impl AuthError {
    /// An error of this kind.
    pub const fn new(kind: AuthErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// There are no credentials at all.
    pub const fn unauthenticated() -> Self {
        Self::new(AuthErrorKind::Unauthenticated)
    }

    /// The credentials are wrong.
    pub const fn invalid_token() -> Self {
        Self::new(AuthErrorKind::InvalidToken)
    }

    /// Known, and may not.
    pub const fn forbidden() -> Self {
        Self::new(AuthErrorKind::Forbidden)
    }

    /// Whoever knows the answer is away. The source is for the log alone.
    pub fn outage(source: impl Into<BoxError>) -> Self {
        Self::new(AuthErrorKind::Outage).with_source(source)
    }

    /// Sets what only the log reads.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The reason.
    pub const fn kind(&self) -> AuthErrorKind {
        self.kind
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code().code)
    }
}

impl std::error::Error for AuthError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Without the challenge of a 401, which a layer adds.
impl From<AuthError> for Error {
    #[track_caller]
    fn from(error: AuthError) -> Self {
        let made = Self::new(error.kind.code()).with_detail(error.kind.detail());
        match error.source {
            Some(source) => made.with_source(source),
            None => made,
        }
    }
}
