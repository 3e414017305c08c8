//! The keys that sign, and how they follow one another.
//!
//! A [`KeyRing`] holds the keys of this service: one that signs now, perhaps one that will, and
//! those whose tokens are still about. A rotation goes in three steps, each at its time:
//!
//! 1. **add**: the new key verifies and is shown in the JWK set, and signs nothing yet. Whoever
//!    keeps the set for a while learns of it in time.
//! 2. **sign**: from a stated time on it signs.
//! 3. **retire**: its predecessor stops verifying when the last token that it signed is over.
//!
//! Not for keys of other issuers: for those there is [`RemoteKeys`](crate::jwks::RemoteKeys).
//!
//! ```
//! use std::time::Duration;
//! use plumego_identity::ring::{KeyRing, Schedule};
//! use plumego_security::jwt::{Algorithm, SigningKey};
//! use plumego_stdx::Timestamp;
//!
//! let now = Timestamp::now();
//! let ring = KeyRing::new("2026-11", SigningKey::generate(Algorithm::Ed25519)?)?;
//! ring.rotate("2026-12", SigningKey::generate(Algorithm::Ed25519)?, &Schedule::default(), now)?;
//!
//! assert_eq!(ring.at(now).signer().unwrap().0, "2026-11", "the new one is only shown");
//! let later = now.saturating_add(Duration::from_secs(3600));
//! assert_eq!(ring.at(later).signer().unwrap().0, "2026-12");
//! # Ok::<(), plumego_identity::ring::RingError>(())
//! ```
//!
//! A ring is in the memory of one process. With a key that the process made, a restart or a
//! handover signs everybody out: read the keys from files that every instance has
//! ([`SigningKey::ec_pem`] and its neighbours).
//!
//! # Limits and defaults
//! At most [`MAX_RING_KEYS`] keys; those that are retired do not count. The schedule:
//! [`Schedule::default`]. Reading takes no lock and waits for nobody; a change is prepared aside
//! and put in place at once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use plumego_security::jwt::{Algorithm, FindKey, KeyError, KeySet, SigningKey, VerifyingKey};
use plumego_stdx::Timestamp;

/// The most keys of a ring that are not retired.
pub const MAX_RING_KEYS: usize = 16;

/// When the steps of a rotation happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long a new key is shown before it signs. At least as long as others keep the JWK set,
    /// which is told to them as 5 minutes. Default: 15 minutes.
    pub announce: Duration,
    /// How long the old key verifies after the new one signs. At least as long as the longest token
    /// is good, which is the refresh token. Default: 8 days.
    pub overlap: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            announce: Duration::from_mins(15),
            overlap: Duration::from_hours(24 * 8),
        }
    }
}

/// The keys of this service. A clone is the same ring.
#[derive(Clone)]
pub struct KeyRing {
    shared: Arc<Shared>,
}

struct Shared {
    keys: ArcSwap<Vec<RingKey>>,
    /// One change at a time.
    changing: Mutex<()>,
}

#[derive(Clone)]
struct RingKey {
    id: Arc<str>,
    key: Arc<SigningKey>,
    signs_from: Timestamp,
    retires_at: Option<Timestamp>,
}

/// The ring as it is at one time.
#[derive(Clone)]
pub struct RingView {
    keys: Arc<Vec<RingKey>>,
    now: Timestamp,
}

/// Why a ring was not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// There is a key of that name already.
    NameTaken(String),
    /// There is no key of that name.
    UnknownName(String),
    /// There are [`MAX_RING_KEYS`] keys already.
    Full,
    /// Nothing would sign any more after that.
    NoSigner,
    /// The name or the key cannot be used.
    Key(KeyError),
}

impl KeyRing {
    /// A ring with one key, which signs from now on.
    ///
    /// # Errors
    /// [`RingError::Key`] when the name is empty or longer than 256 bytes.
    pub fn new(id: &str, key: SigningKey) -> Result<Self, RingError> {
        let first = RingKey::new(id, key, Timestamp::from_unix_nanos(i64::MIN))?;
        Ok(Self {
            shared: Arc::new(Shared {
                keys: ArcSwap::from_pointee(vec![first]),
                changing: Mutex::new(()),
            }),
        })
    }

    /// The ring at this time, for verifying, signing and showing. Waits for nobody.
    pub fn at(&self, now: Timestamp) -> RingView {
        RingView {
            keys: self.shared.keys.load_full(),
            now,
        }
    }

    /// Adds a key that verifies at once and signs from `signs_from` on, in the place of the one
    /// that signs until then.
    ///
    /// # Errors
    /// [`RingError::NameTaken`], [`RingError::Full`], [`RingError::Key`].
    pub fn add(&self, id: &str, key: SigningKey, signs_from: Timestamp) -> Result<(), RingError> {
        let key = RingKey::new(id, key, signs_from)?;
        self.change(|keys| push(keys, key))
    }

    /// Lets a key verify until `at` and no longer.
    ///
    /// # Errors
    /// [`RingError::UnknownName`]; [`RingError::NoSigner`] when no other key signs by then.
    pub fn retire(&self, id: &str, at: Timestamp) -> Result<(), RingError> {
        self.change(|keys| {
            let key = keys.iter_mut().find(|key| &*key.id == id);
            let key = key.ok_or_else(|| RingError::UnknownName(id.to_owned()))?;
            key.retires_at = Some(at);
            // Whoever retires last would leave nobody.
            if keys.iter().all(|key| key.retires_at.is_some()) || signer(keys, at).is_none() {
                return Err(RingError::NoSigner);
            }
            Ok(())
        })
    }

    /// A whole rotation: adds the key, lets it sign after the announcement, and retires all others
    /// when their tokens are over. Keys that retired are let go.
    ///
    /// # Errors
    /// As [`KeyRing::add`].
    pub fn rotate(
        &self,
        id: &str,
        key: SigningKey,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(), RingError> {
        let signs_from = now.saturating_add(schedule.announce);
        let retires_at = signs_from.saturating_add(schedule.overlap);
        let key = RingKey::new(id, key, signs_from)?;
        self.change(|keys| {
            keys.retain(|key| key.is_good(now));
            for old in keys.iter_mut() {
                let sooner = old.retires_at.is_some_and(|at| at <= retires_at);
                if !sooner {
                    old.retires_at = Some(retires_at);
                }
            }
            push(keys, key)
        })
    }

    /// Lets go of the keys that are retired, and says how many.
    pub fn prune(&self, now: Timestamp) -> usize {
        let before = self.shared.keys.load().len();
        let pruned = self.change(|keys| {
            keys.retain(|key| key.is_good(now));
            Ok(())
        });
        debug_assert!(pruned.is_ok(), "letting go cannot fail");
        before.saturating_sub(self.shared.keys.load().len())
    }

    /// Prepares the change aside, and puts all of it in place or nothing.
    fn change(
        &self,
        change: impl FnOnce(&mut Vec<RingKey>) -> Result<(), RingError>,
    ) -> Result<(), RingError> {
        let changing = self.shared.changing.lock();
        let _one_at_a_time = changing.unwrap_or_else(PoisonError::into_inner);
        let mut keys = Vec::clone(&self.shared.keys.load());
        change(&mut keys)?;
        self.shared.keys.store(Arc::new(keys));
        Ok(())
    }
}

impl RingView {
    /// The name of the key that signs now, and the key. When the clock was set back to before the
    /// first of them, it is that one: whoever signs in is not told to wait for the clock.
    pub fn signer(&self) -> Option<(&str, &SigningKey)> {
        let first = || {
            let good = self.keys.iter().filter(|key| key.is_good(self.now));
            good.min_by_key(|key| key.signs_from)
        };
        let key = signer(&self.keys, self.now).or_else(first)?;
        Some((&key.id, &key.key))
    }

    /// The names of the keys that verify now, and when each retires.
    pub fn names(&self) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        let good = self.keys.iter().filter(|key| key.is_good(self.now));
        good.map(|key| (&*key.id, key.retires_at))
    }

    /// The keys that verify now, as a JWK set in JSON: public keys alone, also those that will
    /// sign.
    pub fn to_jwks(&self) -> String {
        let good = self.keys.iter().filter(|key| key.is_good(self.now));
        let keys = good.map(|key| (Some(key.id.to_string()), key.key.verifying_key().clone()));
        // The ring holds fewer keys than a set, and no two of one name.
        KeySet::new(keys).unwrap_or_default().to_jwks()
    }
}

/// A token without a name is of no key of the ring: each token of ours names its key.
impl FindKey for RingView {
    fn find_key(&self, key_id: Option<&str>, _: Algorithm) -> Option<&VerifyingKey> {
        let key_id = key_id?;
        let mut good = self.keys.iter().filter(|key| key.is_good(self.now));
        let named = good.find(|key| &*key.id == key_id)?;
        Some(named.key.verifying_key())
    }
}

impl RingKey {
    fn new(id: &str, key: SigningKey, signs_from: Timestamp) -> Result<Self, RingError> {
        KeySet::new([(Some(id.to_owned()), key.verifying_key().clone())])?;
        Ok(Self {
            id: id.into(),
            key: Arc::new(key),
            signs_from,
            retires_at: None,
        })
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.retires_at.is_none_or(|at| now < at)
    }
}

/// Of the keys that may sign, the one that began last.
fn signer(keys: &[RingKey], now: Timestamp) -> Option<&RingKey> {
    let may = keys
        .iter()
        .filter(|key| key.signs_from <= now && key.is_good(now));
    may.max_by_key(|key| key.signs_from)
}

fn push(keys: &mut Vec<RingKey>, key: RingKey) -> Result<(), RingError> {
    if keys.iter().any(|there| there.id == key.id) {
        return Err(RingError::NameTaken(key.id.to_string()));
    }
    if keys.len() >= MAX_RING_KEYS {
        return Err(RingError::Full);
    }
    keys.push(key);
    Ok(())
}

impl From<KeyError> for RingError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(id) => write!(f, "the ring has a key {id:?} already: take a new name"),
            Self::UnknownName(id) => write!(f, "the ring has no key {id:?}"),
            Self::Full => write!(
                f,
                "the ring has {MAX_RING_KEYS} keys: let retired ones go, or rotate less often"
            ),
            Self::NoSigner => f.write_str("no key would sign then: add another one first"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RingError {}

/// The names alone.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.shared.keys.load();
        f.debug_list()
            .entries(keys.iter().map(|key| &key.id))
            .finish()
    }
}

/// The names alone.
impl fmt::Debug for RingView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
