//! The challenge of a 401 (RFC 9110, section 11.6.1; RFC 6750, section 3).

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use crate::{Error, codes};

/// The realm of a challenge when none was chosen.
pub const DEFAULT_REALM: &str = "Protected Area";

/// Adds `WWW-Authenticate: Bearer` to a 401 and leaves every other error alone.
///
/// Credentials that were there and were not taken are `error="invalid_token"`; none at all have no
/// `error`. What cannot stand in the realm is a space.
///
/// ```
/// use plumego_contract::Error;
/// use plumego_contract::auth::{AuthError, bearer_challenge};
///
/// let error = bearer_challenge(Error::from(AuthError::invalid_token()), "orders");
/// let headers = error.into_response().headers().clone();
/// let challenge = headers.get("www-authenticate").and_then(|value| value.to_str().ok());
/// assert_eq!(challenge, Some(r#"Bearer realm="orders", error="invalid_token""#));
/// # use plumego_contract::IntoResponse as _;
/// ```
#[must_use]
pub fn bearer_challenge(error: Error, realm: &str) -> Error {
    if error.status() != http::StatusCode::UNAUTHORIZED {
        return error;
    }
    let mut value = format!("Bearer realm=\"{}\"", quoted(realm));
    if error.code() != codes::UNAUTHENTICATED.code {
        value.push_str(", error=\"invalid_token\"");
    }
    match HeaderValue::from_str(&value) {
        Ok(value) => error.with_header(WWW_AUTHENTICATE, value),
        Err(_) => error.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
    }
}

/// The inside of a quoted string (RFC 9110, section 5.6.4); what cannot stand there is a space.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out.push(' '),
        }
    }
    out
}
