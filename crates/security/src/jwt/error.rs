//! What is wrong with a key or a token.

use std::fmt;

use plumego_contract::auth::{AuthError, AuthErrorKind};

/// Why a key was not taken. The message says what was expected and what to do; it never shows key
/// material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    message: String,
}

impl KeyError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for KeyError {}

/// Why a token was not taken. For the log: a client is told no more than that it is not valid, or
/// over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError {
    kind: TokenErrorKind,
}

/// The reasons of a [`TokenError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// It is longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    TooLong,
    /// It is not three parts of base64url with JSON in the first.
    Malformed,
    /// Its header names no algorithm that is taken; `none` is never one.
    UnsupportedAlgorithm,
    /// Its header has `crit`, `b64` or `zip`: extensions, none of which is understood.
    CriticalExtension,
    /// It names a key that is not known, or none where one must be named.
    UnknownKey,
    /// Its key is bound to another algorithm than its header names.
    WrongAlgorithm,
    /// Its signature does not fit.
    BadSignature,
    /// Its claims are not an object of the expected types, are nested too deeply, or lack one that
    /// must be there.
    BadClaims,
    /// It is over.
    Expired,
    /// It was issued too long ago.
    TooOld,
    /// It is not good yet, or was issued in the future.
    NotYetValid,
    /// Somebody else issued it.
    WrongIssuer,
    /// It is meant for somebody else.
    WrongAudience,
    /// It is a token of another kind.
    WrongType,
}

impl TokenErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token is not a compact JWS",
            Self::UnsupportedAlgorithm => "the token names no algorithm that is taken",
            Self::CriticalExtension => "the token asks for an extension",
            Self::UnknownKey => "the token names no known key",
            Self::WrongAlgorithm => "the key of the token is bound to another algorithm",
            Self::BadSignature => "the signature of the token does not fit",
            Self::BadClaims => "the claims of the token are malformed or incomplete",
            Self::Expired => "the token is over",
            Self::TooOld => "the token was issued too long ago",
            Self::NotYetValid => "the token is not good yet",
            Self::WrongIssuer => "the token is of another issuer",
            Self::WrongAudience => "the token is for another audience",
            Self::WrongType => "the token is of another type",
        }
    }
}

impl TokenError {
    pub(super) const fn new(kind: TokenErrorKind) -> Self {
        Self { kind }
    }

    /// The reason.
    pub const fn kind(self) -> TokenErrorKind {
        self.kind
    }
}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())
    }
}

impl std::error::Error for TokenError {}

/// `token_expired` for a token that is over or too old, `invalid_token` for all else.
impl From<TokenError> for AuthError {
    fn from(error: TokenError) -> Self {
        let kind = match error.kind {
            TokenErrorKind::Expired | TokenErrorKind::TooOld => AuthErrorKind::TokenExpired,
            _ => AuthErrorKind::InvalidToken,
        };
        Self::new(kind).with_source(error)
    }
}
