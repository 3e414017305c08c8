//! What a token says.

use std::fmt;

use plumego_contract::auth::{Principal, claims as names};
use plumego_stdx::Timestamp;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::compact::is_shallow;
use super::{TokenError, TokenErrorKind};

/// What a token says, by the registered names of RFC 7519 and RFC 9068.
///
/// Times are whole seconds in a token. [`Claims::principal`] makes a [`Principal`] of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `sub`: of whom it speaks.
    pub subject: String,
    /// `aud`: for whom it is; a list in the token, read from a single text too.
    pub audience: Vec<String>,
    /// `exp`: when it is over.
    pub expires_at: Timestamp,
    /// `iat`: when it was issued.
    pub issued_at: Timestamp,
    /// `nbf`: from when on it is good.
    pub not_before: Option<Timestamp>,
    /// `jti`: the id of this one token.
    pub token_id: Option<String>,
    /// `client_id`: the program that it was issued to.
    pub client_id: Option<String>,
    /// `tid`: the tenant that the subject acts for.
    pub tenant: Option<String>,
    /// `sid`: the session behind it.
    pub session_id: Option<String>,
    /// `ver`: the version of the subject's tokens.
    pub token_version: Option<u64>,
    /// `roles`: what the subject is.
    pub roles: Vec<String>,
    /// `permissions`: what the subject may do.
    pub permissions: Vec<String>,
    /// `scope`: what the token is for; words with spaces between in the token.
    pub scopes: Vec<String>,
    /// Everything else.
    pub more: Map<String, Value>,
}

impl Claims {
    /// Claims of a token that is good from now until `expires_at`, with the rest empty.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        subject: impl Into<String>,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            subject: subject.into(),
            audience: vec![audience.into()],
            expires_at,
            issued_at,
            not_before: None,
            token_id: None,
            client_id: None,
            tenant: None,
            session_id: None,
            token_version: None,
            roles: Vec::new(),
            permissions: Vec::new(),
            scopes: Vec::new(),
            more: Map::new(),
        }
    }

    /// Who asks, according to these claims: subject, tenant, roles, permissions and scopes, and as
    /// claims in text the session id, the token version, `iss`, `jti`, `client_id` and everything
    /// else that is a text, a number or a boolean.
    pub fn principal(&self) -> Principal {
        let mut principal = Principal::new(&self.subject);
        principal.tenant.clone_from(&self.tenant);
        principal.roles.clone_from(&self.roles);
        principal.permissions.clone_from(&self.permissions);
        principal.scopes.clone_from(&self.scopes);
        let claims = &mut principal.claims;
        for (name, value) in &self.more {
            // What the toolkit itself reads comes from `sid` and `ver` alone.
            if [names::SESSION_ID, names::TOKEN_VERSION].contains(&name.as_str()) {
                continue;
            }
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => continue,
            };
            claims.insert(name.clone(), text);
        }
        claims.insert("iss".into(), self.issuer.clone());
        let version = self.token_version.map(|version| version.to_string());
        for (name, value) in [
            (names::SESSION_ID, self.session_id.as_ref()),
            (names::TOKEN_VERSION, version.as_ref()),
            ("jti", self.token_id.as_ref()),
            ("client_id", self.client_id.as_ref()),
        ] {
            if let Some(value) = value {
                claims.insert(name.into(), value.clone());
            }
        }
        principal
    }

    pub(super) fn to_json(&self) -> String {
        let mut json = self.more.clone();
        let mut set = |name: &str, value: Value| {
            json.insert(name.into(), value);
        };
        set("iss", self.issuer.clone().into());
        set("sub", self.subject.clone().into());
        set("aud", self.audience.clone().into());
        set("exp", self.expires_at.unix_seconds().into());
        set("iat", self.issued_at.unix_seconds().into());
        let optional = [
            (
                "nbf",
                self.not_before.map(|time| time.unix_seconds().into()),
            ),
            ("jti", self.token_id.clone().map(Value::from)),
            ("client_id", self.client_id.clone().map(Value::from)),
            ("tid", self.tenant.clone().map(Value::from)),
            ("sid", self.session_id.clone().map(Value::from)),
            ("ver", self.token_version.map(Value::from)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                set(name, value);
            }
        }
        for (name, values) in [("roles", &self.roles), ("permissions", &self.permissions)] {
            if !values.is_empty() {
                set(name, values.clone().into());
            }
        }
        if !self.scopes.is_empty() {
            set("scope", self.scopes.join(" ").into());
        }
        Value::Object(json).to_string()
    }

    /// Reads the payload of a token. `iss`, `sub`, `aud`, `exp` and `iat` must be there; the same
    /// name twice is an error.
    pub(super) fn read(json: &[u8]) -> Result<Self, TokenError> {
        if !is_shallow(json) {
            return Err(TokenErrorKind::BadClaims.into());
        }
        let payload = serde_json::from_slice(json);
        let Payload(claims) = payload.map_err(|_| TokenErrorKind::BadClaims)?;
        Ok(claims)
    }
}

/// Private, so that claims come only through what bounds their depth.
struct Payload(Claims);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor).map(Self)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut raw = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if raw.insert(name, value).is_some() {
                return Err(A::Error::custom("a claim is there twice"));
            }
        }
        from_map(raw).map_err(|Mistyped| A::Error::custom("a claim is missing or mistyped"))
    }
}

/// A claim is missing, or of another type than it has to be.
struct Mistyped;

fn from_map(mut raw: Map<String, Value>) -> Result<Claims, Mistyped> {
    let mut take = |name: &str| raw.remove(name);
    let claims = Claims {
        issuer: required(take("iss"), text)?,
        subject: required(take("sub"), text)?,
        audience: required(take("aud"), texts)?,
        expires_at: required(take("exp"), |value| time(&value, f64::floor))?,
        issued_at: required(take("iat"), |value| time(&value, f64::ceil))?,
        not_before: optional(take("nbf"), |value| time(&value, f64::ceil))?,
        token_id: optional(take("jti"), text)?,
        client_id: optional(take("client_id"), text)?,
        tenant: optional(take("tid"), text)?,
        session_id: optional(take("sid"), text)?,
        token_version: optional(take("ver"), |value| value.as_u64())?,
        roles: optional(take("roles"), texts)?.unwrap_or_default(),
        permissions: optional(take("permissions"), texts)?.unwrap_or_default(),
        scopes: optional(take("scope"), words)?.unwrap_or_default(),
        more: Map::new(),
    };
    Ok(Claims {
        more: raw,
        ..claims
    })
}

fn required<T>(value: Option<Value>, read: impl Fn(Value) -> Option<T>) -> Result<T, Mistyped> {
    value.and_then(read).ok_or(Mistyped)
}

fn optional<T>(
    value: Option<Value>,
    read: impl Fn(Value) -> Option<T>,
) -> Result<Option<T>, Mistyped> {
    value.map(|value| read(value).ok_or(Mistyped)).transpose()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.into_iter().map(text).collect(),
        single => text(single).map(|text| vec![text]),
    }
}

fn words(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split_ascii_whitespace().map(str::to_owned).collect()),
        other => texts(other),
    }
}

/// A number of seconds, whole or not (RFC 7519, section 2).
fn time(value: &Value, round: fn(f64) -> f64) -> Option<Timestamp> {
    const NANOS: i64 = 1_000_000_000;
    let whole = |seconds: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` keeps to the bounds of i64"
        )]
        let seconds = round(seconds) as i64;
        seconds
    };
    let seconds = value.as_i64().or_else(|| value.as_f64().map(whole))?;
    Some(Timestamp::from_unix_nanos(seconds.saturating_mul(NANOS)))
}
