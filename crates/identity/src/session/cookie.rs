//! The cookie: an id, its signature, and the keys that sign.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use plumego_contract::{Problem, Problems};
use plumego_stdx::{Hex, Secret, random};
use sha2::{Digest as _, Sha256};

use super::{SameSite, SessionConfig};

/// The random bytes of an id: 256 bits, twice what ASVS 5.0, 7.2.3 asks for.
const ID_BYTES: usize = 32;

/// Both parts in base64url, and the dot between them.
const COOKIE_BYTES: usize = 43 + 1 + 43;

const MIN_KEY_BYTES: usize = 32;
const MAX_KEYS: usize = 8;

/// The keys that sign the cookies. The first one signs, every one verifies: to change keys, put the
/// new one first and take the old one away when its sessions are over.
#[derive(Clone)]
pub struct CookieKeys(Vec<Secret<Vec<u8>>>);

impl CookieKeys {
    /// Takes these keys; any text of at least 32 bytes is one, such as that of
    /// `openssl rand -hex 32`.
    ///
    /// # Errors
    /// No key, more than 8, one that is too short, one that is there twice. A key is never shown.
    pub fn new(keys: impl IntoIterator<Item = Secret<String>>) -> Result<Self, Problems> {
        let keys: Vec<_> = keys.into_iter().take(MAX_KEYS + 1).collect();
        let mut problems = Problems::new();
        if keys.is_empty() || keys.len() > MAX_KEYS {
            let message = format!("cookie keys: expected 1 to {MAX_KEYS} of them");
            problems.push(Problem::new(message));
        }
        for (i, key) in keys.iter().enumerate() {
            let length = key.expose().len();
            if length < MIN_KEY_BYTES {
                problems.push(Problem::new(format!(
                    "cookie key {} has {length} bytes, fewer than {MIN_KEY_BYTES}: make one with \
                     `openssl rand -hex 32`",
                    i + 1
                )));
            }
            if keys.iter().take(i).any(|earlier| earlier == key) {
                problems.push(Problem::new(format!("cookie key {} is there twice", i + 1)));
            }
        }
        let keys = keys
            .into_iter()
            .map(|key| Secret::new(key.into_exposed().into_bytes()));
        problems.into_result(Self(keys.collect()))
    }

    fn mac(key: &Secret<Vec<u8>>, cookie: &str, id: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).ok()?;
        mac.update(b"plumego session v1\0");
        mac.update(cookie.as_bytes());
        mac.update(b"\0");
        mac.update(id);
        Some(mac)
    }

    /// The value of the cookie with that name.
    pub(super) fn sign(&self, cookie: &str, id: &SessionId) -> Option<String> {
        let mac = Self::mac(self.0.first()?, cookie, &id.0)?;
        let (id, mac) = (&id.0[..], &mac.finalize().into_bytes()[..]);
        let (id, mac) = (URL_SAFE_NO_PAD.encode(id), URL_SAFE_NO_PAD.encode(mac));
        Some(format!("{id}.{mac}"))
    }

    /// The id in the value, when one of the keys signed it for a cookie of that name.
    pub(super) fn open(&self, cookie: &str, value: &[u8]) -> Option<SessionId> {
        if value.len() != COOKIE_BYTES {
            return None;
        }
        let (id, mac) = std::str::from_utf8(value).ok()?.split_once('.')?;
        let id: [u8; ID_BYTES] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        // Every key, so that the time does not tell which one it was.
        let good = self.0.iter().fold(false, |good, key| {
            let signed = Self::mac(key, cookie, &id).map(|made| made.verify_slice(&mac).is_ok());
            good | signed.unwrap_or(false)
        });
        good.then_some(SessionId(id))
    }
}

impl fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieKeys")
            .field("keys", &self.0.len())
            .finish()
    }
}

/// The id in a cookie. It is never shown and never stored.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionId([u8; ID_BYTES]);

impl SessionId {
    pub(super) fn random() -> Result<Self, random::RandomError> {
        random::bytes().map(Self)
    }

    /// The name under which the session is stored.
    pub(super) fn key(&self) -> String {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        Hex::new(digest).to_string()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId")
    }
}

/// Name and attributes of the cookie.
#[derive(Debug, Clone)]
pub(super) struct CookieShape {
    pub(super) name: String,
    same_site: &'static str,
    max_age: Duration,
}

impl CookieShape {
    pub(super) fn of(config: &SessionConfig) -> Self {
        Self {
            name: format!("__Host-{}", config.cookie_name),
            same_site: match config.same_site {
                SameSite::Strict => "Strict",
                SameSite::Lax => "Lax",
            },
            max_age: config.absolute_timeout,
        }
    }

    /// The value of the cookie; `None` also when there are two of that name: one of them was
    /// planted, and nobody knows which.
    pub(super) fn find<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        let pairs = headers.get_all(COOKIE).iter().flat_map(|header| {
            let pairs = header.as_bytes().split(|b| *b == b';');
            pairs.map(<[u8]>::trim_ascii)
        });
        let mut found =
            pairs.filter_map(|pair| pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"="));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    pub(super) fn set(&self, value: &str) -> Option<HeaderValue> {
        self.header(value, self.max_age.as_secs())
    }

    /// Has the browser forget it.
    pub(super) fn clear(&self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age: u64) -> Option<HeaderValue> {
        let text = format!(
            "{}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite={}",
            self.name, self.same_site
        );
        HeaderValue::from_str(&text).ok()
    }
}
