//! The compact form of a JWS: three parts of base64url (RFC 7515, section 7.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Algorithm, KeyError, SigningKey, TokenError, TokenErrorKind, VerifyingKey};

/// The longest token that is looked at, in bytes. A longer one is refused unread.
pub const MAX_TOKEN_BYTES: usize = 8192;
/// The most parameters of a header.
const MAX_HEADER_PARAMETERS: usize = 32;
/// How deep what is in a token may be nested: objects and arrays in one another.
pub(super) const MAX_DEPTH: usize = 8;

/// Where the key of a token is looked up.
///
/// The name of a key is compared, and nothing else is done with it: it is no path, no query and no
/// address.
pub trait FindKey {
    /// The key of that name or, when the token names none, the only one there is for that
    /// algorithm.
    fn find_key(&self, key_id: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey>;
}

/// One key without a name: it is taken whatever name the token has.
impl FindKey for VerifyingKey {
    fn find_key(&self, _: Option<&str>, _: Algorithm) -> Option<&VerifyingKey> {
        Some(self)
    }
}

/// What the header of a token says, as far as it is honoured.
///
/// `jku`, `jwk`, `x5u`, `x5c` and the thumbprints are read over: a token does not choose its own
/// key. `crit`, `b64` and `zip` are refused, for no extension is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// How the token is signed.
    pub algorithm: Algorithm,
    /// What kind of token it is, such as `at+jwt`.
    pub token_type: Option<String>,
    /// The name of the key that signed it.
    pub key_id: Option<String>,
}

/// Verifies the signature of a token alone, and gives the header and the bytes it was made of.
///
/// Nothing is said about who issued it, for whom, or when: for a token that lets somebody in, use
/// [`Rules::verify`](super::Rules::verify).
///
/// # Errors
/// As the reasons of [`TokenErrorKind`] up to `BadSignature` say.
pub fn verify_signature(
    token: &str,
    keys: &(impl FindKey + ?Sized),
) -> Result<(Header, Vec<u8>), TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenErrorKind::TooLong.into());
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenErrorKind::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenErrorKind::Malformed)?;
    if payload.contains('.') {
        return Err(TokenErrorKind::Malformed.into());
    }
    let header = read_header(&decode(header)?)?;
    let key = keys
        .find_key(header.key_id.as_deref(), header.algorithm)
        .ok_or(TokenErrorKind::UnknownKey)?;
    if key.algorithm() != header.algorithm {
        return Err(TokenErrorKind::WrongAlgorithm.into());
    }
    // The payload is decoded after the signature fits, never before.
    if !key.verify_bytes(message.as_bytes(), &decode(signature)?) {
        return Err(TokenErrorKind::BadSignature.into());
    }
    Ok((header, decode(payload)?))
}

/// Signs these bytes.
///
/// # Errors
/// When the operating system gives no randomness, which ECDSA and PSS need.
pub(super) fn sign(
    key: &SigningKey,
    key_id: Option<&str>,
    token_type: &str,
    payload: &[u8],
) -> Result<String, KeyError> {
    let mut header = serde_json::Map::new();
    header.insert("alg".into(), key.algorithm().name().into());
    header.insert("typ".into(), token_type.into());
    if let Some(key_id) = key_id {
        header.insert("kid".into(), key_id.into());
    }
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::Value::Object(header).to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign_bytes(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// Without padding, without characters in between, without bits left over.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| TokenErrorKind::Malformed.into())
}

/// Whether objects and arrays are nested no deeper than [`MAX_DEPTH`].
pub(super) fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return false;
        }
    }
    true
}

fn read_header(json: &[u8]) -> Result<Header, TokenError> {
    if !is_shallow(json) {
        return Err(TokenErrorKind::Malformed.into());
    }
    let raw: RawHeader = serde_json::from_slice(json).map_err(|_| TokenErrorKind::Malformed)?;
    if raw.extension {
        return Err(TokenErrorKind::CriticalExtension.into());
    }
    let algorithm = raw.alg.ok_or(TokenErrorKind::Malformed)?;
    let algorithm = Algorithm::named(&algorithm).ok_or(TokenErrorKind::UnsupportedAlgorithm)?;
    Ok(Header {
        algorithm,
        token_type: raw.typ,
        key_id: raw.kid,
    })
}

/// The parameters of a header. The same name twice is an error (RFC 7515, section 4).
#[derive(Default)]
struct RawHeader {
    alg: Option<String>,
    typ: Option<String>,
    kid: Option<String>,
    extension: bool,
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut header = RawHeader::default();
        let mut seen: Vec<String> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if seen.len() == MAX_HEADER_PARAMETERS || seen.contains(&name) {
                return Err(A::Error::custom(
                    "too many parameters, or one of them twice",
                ));
            }
            match name.as_str() {
                "alg" => header.alg = Some(map.next_value()?),
                "typ" => header.typ = Some(map.next_value()?),
                "kid" => header.kid = Some(map.next_value()?),
                other => {
                    header.extension |= matches!(other, "crit" | "b64" | "zip");
                    map.next_value::<IgnoredAny>()?;
                }
            }
            seen.push(name);
        }
        Ok(header)
    }
}
