use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::page::{GROUPS, Page, Tag, WAYS};
use super::quota::clamped;
use super::{Decision, LimitError, Limiter, Quota};

/// The most keys a limiter may be made for.
pub(super) const MAX_KEYS: usize = 10_000_000;
/// A key looks for its place among 16. With two places for each key that was asked for, all 16 are
/// practically never in use below that number.
const SLOTS_PER_KEY: usize = 2;

/// One quota for each key, for a bounded number of keys.
///
/// A check takes the same time however many keys there are: it looks at 16 places, that of a
/// newcomer to a full limiter at 256 at most. A key that is known is checked without a lock.
///
/// # When there are too many keys
///
/// At most `max_keys` keys are told apart. There are two places for each of them, so that all of
/// them find one. When there are so many keys, a newcomer needs the place of another key, or that
/// another key of its page (256 places) gives up its own. A key loses its place only when its
/// quota is full again, so that forgetting it changes
/// nothing: nobody gets rid of a refusal by flooding the limiter with other keys. When none of the
/// places of a newcomer can be had, it shares one overflow quota with all others in that position.
/// That is counted ([`KeyedStats::overflowed`]): when it happens, raise the number of keys.
///
/// # Memory
///
/// At most 32 bytes for each of the `max_keys` (3.3 MB for 100 000), taken 4 KiB at a time as keys
/// come. Only a hash of each key is kept, made with a random seed of the limiter's own.
pub struct KeyedLimiter {
    quota: Quota,
    /// Another quota since, or 0: the nanoseconds of its interval above its burst, 32 bits each.
    changed: AtomicU64,
    max_keys: usize,
    hasher: RandomState,
    /// The groups that each page uses. Were they more than the keys need, a newcomer would look at
    /// places that nobody has, instead of those that may be free again.
    groups: usize,
    pages: Box<[OnceLock<Box<Page>>]>,
    /// The keys that have a place, never more than `max_keys`.
    keys: AtomicUsize,
    overflow: Limiter,
    overflowed: AtomicU64,
    overflow_refused: AtomicU64,
}

/// What a [`KeyedLimiter`] has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedStats {
    /// Requests that were let in.
    pub allowed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Of both, those whose key found no place and shared the overflow quota.
    pub overflowed: u64,
    /// Places that went from a key whose quota was full again to another key.
    pub evicted: u64,
    /// Keys that have a place, whether or not their quota is full again.
    pub keys: usize,
}

impl KeyedLimiter {
    /// A limiter with room for `max_keys` keys, 1 to 10⁷.
    pub fn new(quota: Quota, max_keys: usize) -> Result<Self, LimitError> {
        if max_keys == 0 || max_keys > MAX_KEYS {
            return Err(LimitError::max_keys(max_keys));
        }
        let groups = (max_keys * SLOTS_PER_KEY).div_ceil(WAYS);
        let pages = groups.div_ceil(GROUPS);
        Ok(Self {
            quota,
            changed: AtomicU64::new(0),
            max_keys,
            hasher: RandomState::new(),
            groups: groups.div_ceil(pages),
            pages: (0..pages).map(|_| OnceLock::new()).collect(),
            keys: AtomicUsize::new(0),
            overflow: Limiter::new(quota),
            overflowed: AtomicU64::new(0),
            overflow_refused: AtomicU64::new(0),
        })
    }

    /// Decides on one request of `key` at `now`, in nanoseconds. See [the module](super) on time.
    ///
    /// A key is told by its hash: use one type of key with a limiter, or make sure that keys of
    /// different types feed different bytes into the hasher.
    pub fn check<K: Hash + ?Sized>(&self, key: &K, now: u64) -> Decision {
        let now = clamped(now);
        let tag = Tag::new(self.hasher.hash_one(key));
        let quota = self.quota();
        let Some(page) = self.pages.get(tag.page(self.pages.len())) else {
            return self.check_overflow(quota, now);
        };
        let page = page.get_or_init(|| Box::new(Page::new(self.groups)));
        let decision = page
            .check(tag, quota, now)
            .or_else(|| page.bring_in(tag, quota, now, || self.has_room()));
        let Some(decision) = decision else {
            return self.check_overflow(quota, now);
        };
        // Counted page by page, so that threads seldom meet on a counter.
        let counter = if decision.allowed {
            &page.allowed
        } else {
            &page.refused
        };
        counter.fetch_add(1, Ordering::Relaxed);
        decision
    }

    /// The quota of each key.
    pub fn quota(&self) -> Quota {
        match self.changed.load(Ordering::Relaxed) {
            0 => self.quota,
            packed => Quota::unpacked(packed),
        }
    }

    /// Another quota for every key, from the next check on.
    ///
    /// What a key has used up stays used up: the time until it is full again does not change, but
    /// it is never longer than the [refill time](Quota::refill_time) of the new quota by more than
    /// a second. So a key that was refused under a slow quota may ask again as soon as a faster one
    /// has earned a request.
    ///
    /// # Errors
    /// The quota is slower than one in 4.29 s; only faster ones may be changed to.
    pub fn set_quota(&self, quota: Quota) -> Result<(), LimitError> {
        self.changed.store(quota.packed()?, Ordering::Relaxed);
        Ok(())
    }

    /// The number of keys it was made for.
    pub const fn max_keys(&self) -> usize {
        self.max_keys
    }

    /// What has been done so far. Walks over all pages: for a metrics page, not for each request.
    pub fn stats(&self) -> KeyedStats {
        let overflowed = self.overflowed.load(Ordering::Relaxed);
        let overflow_refused = self.overflow_refused.load(Ordering::Relaxed);
        let mut stats = KeyedStats {
            allowed: overflowed.saturating_sub(overflow_refused),
            refused: overflow_refused,
            overflowed,
            evicted: 0,
            keys: self.keys.load(Ordering::Relaxed),
        };
        for page in self.pages.iter().filter_map(OnceLock::get) {
            stats.allowed += page.allowed.load(Ordering::Relaxed);
            stats.refused += page.refused.load(Ordering::Relaxed);
            stats.evicted += page.evicted.load(Ordering::Relaxed);
        }
        stats
    }

    /// The bytes taken by now.
    pub fn memory_bytes(&self) -> usize {
        let taken = self
            .pages
            .iter()
            .filter(|page| page.get().is_some())
            .count();
        self.fixed_bytes() + taken * size_of::<Page>()
    }

    /// The most bytes this limiter ever takes.
    pub fn max_memory_bytes(&self) -> usize {
        self.fixed_bytes() + self.pages.len() * size_of::<Page>()
    }

    fn fixed_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.pages)
    }

    /// Counts one key more, unless there are as many as there may be.
    fn has_room(&self) -> bool {
        let one_more = |keys: usize| (keys < self.max_keys).then_some(keys + 1);
        self.keys
            .try_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .is_ok()
    }

    fn check_overflow(&self, quota: Quota, now: u64) -> Decision {
        let decision = self.overflow.check_with(quota, now);
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        if !decision.allowed {
            self.overflow_refused.fetch_add(1, Ordering::Relaxed);
        }
        decision
    }
}

impl fmt::Debug for KeyedLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLimiter")
            .field("quota", &self.quota)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}
