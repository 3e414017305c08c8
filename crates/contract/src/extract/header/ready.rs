//! Headers that most applications read.

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use plumego_stdx::Secret;

use super::TypedHeader;
use crate::Error;

/// What software asks: the text of `User-Agent`, as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserAgent(pub String);

impl TypedHeader for UserAgent {
    const NAME: &'static str = "user-agent";
    const EXPECTED: &'static str = "text";

    fn parse(value: &str) -> Option<Self> {
        Some(Self(value.to_owned()))
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1).
///
/// Nothing is checked but the form. `Debug` does not show it. Missing, or of another scheme, it is
/// `401 unauthenticated` with `WWW-Authenticate: Bearer`.
///
/// ```
/// use plumego_contract::extract::{Bearer, Header};
///
/// async fn handler(Header(Bearer(token)): Header<Bearer>) -> &'static str {
///     if token.matches("an example, from the configuration") { "in" } else { "out" }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Bearer(pub Secret<String>);

impl TypedHeader for Bearer {
    const NAME: &'static str = "authorization";
    const EXPECTED: &'static str = "`Bearer` and a token";

    fn parse(value: &str) -> Option<Self> {
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim_start_matches(' ');
        let plain = token.trim_end_matches('=');
        let fits = !plain.is_empty()
            && plain
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        (scheme.eq_ignore_ascii_case("bearer") && fits).then(|| Self(Secret::new(token.to_owned())))
    }

    fn refuse(detail: String) -> Error {
        let challenge = HeaderValue::from_static("Bearer");
        Error::unauthenticated(detail).with_header(WWW_AUTHENTICATE, challenge)
    }
}
