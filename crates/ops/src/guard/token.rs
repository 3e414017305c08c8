//! Tokens, of which only the hash is kept.

use plumego_stdx::{Hex, ct_eq};
use sha2::{Digest, Sha256};

use super::Scope;

/// The shortest token that is taken, in bytes. A random one of 32 hex digits has 128 bits.
pub const MIN_TOKEN_BYTES: usize = 16;
/// The longest token that is taken, in bytes.
pub const MAX_TOKEN_BYTES: usize = 1024;
/// The most tokens of one guard.
pub const MAX_TOKENS: usize = 32;

/// A token that lets somebody in. The token itself is not in here.
#[derive(Clone)]
pub(super) struct Token {
    digest: [u8; 32],
    pub(super) scope: Scope,
}

impl Token {
    /// What is wrong with it, to stand after its name in a sentence.
    pub(super) fn new(text: &str, scope: Scope) -> Result<Self, String> {
        let length = text.len();
        if length < MIN_TOKEN_BYTES {
            return Err(format!(
                "has {length} bytes, fewer than {MIN_TOKEN_BYTES}: make one with \
                 `openssl rand -hex 32`"
            ));
        }
        if length > MAX_TOKEN_BYTES {
            return Err(format!("has {length} bytes, more than {MAX_TOKEN_BYTES}"));
        }
        if !is_token68(text) {
            let taken = "A-Z a-z 0-9 - . _ ~ + / and = at the end";
            return Err(format!("has characters beside {taken}"));
        }
        Ok(Self {
            digest: digest(text.as_bytes()),
            scope,
        })
    }

    /// Enough of the hash to tell tokens apart in the log.
    pub(super) fn fingerprint(&self) -> String {
        let [a, b, c, d, ..] = self.digest;
        Hex::new([a, b, c, d]).to_string()
    }
}

/// The token that was presented. All of them are compared, whole: the time tells neither which one
/// it was nor how much of it was right. What is compared are hashes, so that not even the length
/// counts. Of two equal ones that with the wider scope is meant.
pub(super) fn find<'a>(tokens: &'a [Token], presented: &[u8]) -> Option<&'a Token> {
    let presented = digest(presented);
    tokens.iter().fold(None, |found: Option<&Token>, token| {
        let is_it = ct_eq(&token.digest, &presented);
        let is_wider = found.is_none_or(|found| found.scope < token.scope);
        if is_it & is_wider { Some(token) } else { found }
    })
}

/// What stands after `Bearer` and one or more spaces (RFC 9110, section 11.4).
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let start = rest.iter().position(|byte| *byte != b' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer") && start > 0;
    rest.get(start..).filter(|_| is_bearer)
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What may stand after `Bearer` (RFC 6750, section 2.1).
fn is_token68(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wider_scope_of_two_equal_tokens_counts_in_any_order() {
        let text = "0123456789abcdef";
        let read = Token::new(text, Scope::Read).unwrap();
        let operate = Token::new(text, Scope::Operate).unwrap();
        for tokens in [[read.clone(), operate.clone()], [operate, read]] {
            let found = find(&tokens, text.as_bytes()).unwrap();
            assert_eq!(found.scope, Scope::Operate);
        }
    }

    #[test]
    fn a_part_of_a_token_or_more_than_it_is_none() {
        let token = "0123456789abcdef0123456789abcdef";
        let tokens = [Token::new(token, Scope::Read).unwrap()];
        assert!(find(&tokens, token.as_bytes()).is_some());
        for wrong in [
            "",
            "0123456789abcdef",
            "0123456789abcdef0123456789abcdeF",
            "1123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef0",
        ] {
            assert!(find(&tokens, wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
