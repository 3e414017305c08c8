use std::fmt;
use std::sync::Arc;

use plumego_contract::auth::DEFAULT_REALM;
use plumego_contract::{Problem, Problems};
use plumego_stdx::Secret;
use tower_layer::Layer;

use super::TokenAuthService;

/// The shortest token that is taken, in bytes. A random one of 32 hex digits has 128 bits.
pub const MIN_TOKEN_BYTES: usize = 16;

/// The longest token that is taken, in bytes.
pub const MAX_TOKEN_BYTES: usize = 1024;

/// Who the holder of a token is, unless chosen otherwise.
const DEFAULT_SUBJECT: &str = "token";

/// The most tokens that are good at the same time.
pub const MAX_TOKENS: usize = 16;

/// Lets requests with one of these tokens through. See the [module](super).
#[derive(Clone)]
pub struct TokenAuthLayer {
    pub(super) tokens: Arc<[Secret<String>]>,
    pub(super) realm: Arc<str>,
    pub(super) subject: Arc<str>,
}

impl TokenAuthLayer {
    /// Takes any of these tokens. Several are for rotation: the old one stays good until every
    /// client has the new one.
    ///
    /// # Errors
    /// All that is wrong: no token at all, too many, one that is too short, too long, or cannot
    /// stand in the header. The message never shows a token.
    pub fn new(tokens: impl IntoIterator<Item = Secret<String>>) -> Result<Self, Problems> {
        let tokens: Arc<[Secret<String>]> = tokens.into_iter().take(MAX_TOKENS + 1).collect();
        let mut problems = Problems::new();
        if tokens.is_empty() {
            problems.push(Problem::new(
                "token authentication has no token, so nobody could get in: set AUTH_TOKEN, or \
                 take the layer away",
            ));
        }
        if tokens.len() > MAX_TOKENS {
            problems.push(Problem::new(format!(
                "token authentication takes at most {MAX_TOKENS} tokens at a time"
            )));
        }
        for (i, token) in tokens.iter().enumerate() {
            if let Some(fault) = fault(token.expose()) {
                problems.push(Problem::new(format!("token {} {fault}", i + 1)));
            }
        }
        problems.into_result(Self {
            tokens,
            realm: Arc::from(DEFAULT_REALM),
            subject: Arc::from(DEFAULT_SUBJECT),
        })
    }

    /// Takes any of the tokens of a list that is separated by commas, as `AUTH_TOKEN` has it. It
    /// takes the setting as it is, so that a missing one is an error and not an open door.
    ///
    /// ```
    /// use plumego_middleware::TokenAuthLayer;
    /// use plumego_stdx::Secret;
    ///
    /// let mut auth_token = None;
    /// assert!(TokenAuthLayer::from_list(&auth_token).is_err());
    /// auth_token = Some(Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
    /// let layer = TokenAuthLayer::from_list(&auth_token)?;
    /// # Ok::<(), plumego_contract::Problems>(())
    /// ```
    ///
    /// # Errors
    /// As [`TokenAuthLayer::new`]; nothing and an empty text are no token.
    pub fn from_list<'a>(list: impl Into<Option<&'a Secret<String>>>) -> Result<Self, Problems> {
        let list = list.into().map_or("", |list| list.expose().as_str());
        let parts = list.split(',').map(str::trim);
        let tokens = parts.filter(|part| !part.is_empty());
        Self::new(tokens.map(|token| Secret::new(token.to_owned())))
    }

    /// Names what is protected, for the challenge. What cannot stand in a header is left out.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Arc::from(realm);
        self
    }

    /// Who the holder of the token is, for handlers that take `Principal`. Default: `token`.
    #[must_use]
    pub fn subject(mut self, subject: &str) -> Self {
        self.subject = Arc::from(subject);
        self
    }
}

/// What is wrong with a token.
fn fault(token: &str) -> Option<String> {
    let length = token.len();
    if length < MIN_TOKEN_BYTES {
        Some(format!(
            "has {length} bytes, fewer than {MIN_TOKEN_BYTES}: make one with `openssl rand -hex 32`"
        ))
    } else if length > MAX_TOKEN_BYTES {
        Some(format!("has {length} bytes, more than {MAX_TOKEN_BYTES}"))
    } else if !is_token68(token) {
        Some("has characters beside A-Z a-z 0-9 - . _ ~ + / and = at the end".to_owned())
    } else {
        None
    }
}

/// What may stand after `Bearer` (RFC 6750, section 2.1).
fn is_token68(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(allowed)
}

impl fmt::Debug for TokenAuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuthLayer")
            .field("tokens", &self.tokens.len())
            .field("realm", &self.realm)
            .field("subject", &self.subject)
            .finish()
    }
}

impl<S> Layer<S> for TokenAuthLayer {
    type Service = TokenAuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        plumego_router::identifies();
        TokenAuthService {
            inner,
            config: self.clone(),
        }
    }
}
