//! A small table of keys: 256 slots of 16 bytes.
//!
//! A key has 16 slots in which it may be: two groups of eight. Checking a key that is there takes
//! no lock. Bringing in a new one takes the lock of its page.
//!
//! # Why the lock-free part is right
//!
//! A slot is the tag of a key and the time at which its quota is full again. Three facts hold:
//!
//! 1. The time of a slot only grows. A request that is let in moves it ahead, and a slot is given
//!    to another key only when its time has come (`full_at <= now`), with a time after `now`; one
//!    that is taken from its key for the sake of another slot gets a time one greater. So
//!    a compare-and-swap of the time succeeds only when nothing has happened to the slot since
//!    the time was read.
//! 2. Who gives a slot to another key first swaps the time for [`TAKEN`], then writes the tag,
//!    then the new time with release. So whoever reads the new time (with acquire) reads the new
//!    tag after it; and whoever read the old time has lost its compare-and-swap.
//! 3. Slots are given only under the lock of the page, and the whole of both groups is looked at
//!    again under it. So a key is never in two slots.
//!
//! A check therefore reads the time, then the tag, and swaps the time: when the swap succeeds, the
//! tag was that of the key all along.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Decision, Quota};

/// The slots of one group.
pub(super) const WAYS: usize = 8;
/// The groups of a page.
pub(super) const GROUPS: usize = 32;
/// The time of a slot that is being given to another key.
const TAKEN: u64 = u64::MAX;
/// The tag of a slot that no key has had yet.
const EMPTY: u64 = 0;

/// The hash of a key. Two keys with the same hash share a quota: with 100 000 keys the chance that
/// any two do is below one in a billion, and who does not know the seed cannot look for them.
#[derive(Clone, Copy)]
pub(super) struct Tag(u64);

impl Tag {
    pub(super) fn new(hash: u64) -> Self {
        Self(hash.max(1))
    }

    /// One of `pages`, by the upper half of the hash.
    pub(super) fn page(self, pages: usize) -> usize {
        let scaled = u128::from(self.0) * pages as u128;
        usize::try_from(scaled >> 64).unwrap_or_default()
    }

    /// Two of the first `groups` groups, by the lower bits; different ones unless there is but
    /// one.
    fn groups(self, groups: usize) -> [usize; 2] {
        let [low, high, ..] = self.0.to_le_bytes();
        let first = (usize::from(low) * groups) >> 8;
        let step = (usize::from(high) * groups.saturating_sub(1)) >> 8;
        let second = first + 1 + step;
        [
            first,
            if second < groups {
                second
            } else {
                second - groups
            },
        ]
    }
}

#[derive(Default)]
struct Slot {
    tag: AtomicU64,
    full_at: AtomicU64,
}

/// A small table of keys.
pub(super) struct Page {
    /// Groups in use: all of them, but in the only page of a small limiter.
    used: usize,
    /// Held while a key is brought in: the time before which no key here is as good as new, as far
    /// as is known.
    bringing_in: Mutex<u64>,
    groups: [[Slot; WAYS]; GROUPS],
    pub(super) allowed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) evicted: AtomicU64,
}

impl Page {
    pub(super) fn new(used: usize) -> Self {
        Self {
            used,
            bringing_in: Mutex::new(0),
            groups: std::array::from_fn(|_| std::array::from_fn(|_| Slot::default())),
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
        }
    }

    /// Decides, when the key is here.
    pub(super) fn check(&self, tag: Tag, quota: Quota, now: u64) -> Option<Decision> {
        self.slots(tag)
            .find_map(|slot| slot.check(tag.0, quota, now))
    }

    /// Decides for a key that was not here, and brings it in; unless no slot is free for it.
    /// `has_room` says whether there may be one key more, and counts it.
    pub(super) fn bring_in(
        &self,
        tag: Tag,
        quota: Quota,
        now: u64,
        has_room: impl FnOnce() -> bool,
    ) -> Option<Decision> {
        let mut none_before = self
            .bringing_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(decision) = self.check(tag, quota, now) {
            return Some(decision);
        }
        let (decision, next) = quota.decide(0, now);
        let next = next?;
        let replaced = self.slots(tag).any(|slot| {
            let expired = slot.expired(now);
            expired.is_some_and(|full_at| slot.give(full_at, tag.0, next))
        });
        if replaced {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        } else {
            let slot = self.unused(tag)?;
            if !has_room() {
                self.clear_one(tag, now, &mut none_before)?;
                self.evicted.fetch_add(1, Ordering::Relaxed);
            }
            // Nobody but the holder of the lock gives away an unused slot, so this never fails.
            slot.give(slot.full_at.load(Ordering::Relaxed), tag.0, next);
        }
        *none_before = next.min(*none_before);
        Some(decision)
    }

    /// Makes a slot unused whose key is as good as new. Where there is none, it is not looked for
    /// again before the first of them can be.
    fn clear_one(&self, tag: Tag, now: u64, none_before: &mut u64) -> Option<()> {
        if now < *none_before {
            return None;
        }
        let [first, _] = tag.groups(self.used);
        let mut earliest = u64::MAX;
        for step in 0..self.used {
            let group = self.groups.get((first + step) % self.used)?;
            for slot in group.iter().filter(|slot| !slot.is_unused()) {
                let full_at = slot.full_at.load(Ordering::Acquire);
                if full_at <= now && slot.clear(full_at) {
                    return Some(());
                }
                earliest = earliest.min(full_at);
            }
        }
        *none_before = earliest;
        None
    }

    fn slots(&self, tag: Tag) -> impl Iterator<Item = &Slot> {
        tag.groups(self.used)
            .into_iter()
            .filter_map(|group| self.groups.get(group))
            .flatten()
    }

    /// An unused slot of the emptier group: so both fill up evenly.
    fn unused(&self, tag: Tag) -> Option<&Slot> {
        let groups = tag.groups(self.used).map(|group| self.groups.get(group));
        let emptier = groups.into_iter().flatten().max_by_key(|group| {
            let unused = |slot: &&Slot| slot.is_unused();
            group.iter().filter(unused).count()
        })?;
        emptier.iter().find(|slot| slot.is_unused())
    }
}

impl Slot {
    fn check(&self, tag: u64, quota: Quota, now: u64) -> Option<Decision> {
        if self.tag.load(Ordering::Relaxed) != tag {
            return None;
        }
        loop {
            let full_at = self.full_at.load(Ordering::Acquire);
            if full_at == TAKEN || self.tag.load(Ordering::Acquire) != tag {
                return None;
            }
            let (decision, next) = quota.decide(full_at, now);
            let unchanged = match next {
                Some(next) => self
                    .full_at
                    .compare_exchange(full_at, next, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok(),
                None => self.full_at.load(Ordering::Acquire) == full_at,
            };
            if unchanged {
                return Some(decision);
            }
        }
    }

    fn is_unused(&self) -> bool {
        self.tag.load(Ordering::Relaxed) == EMPTY
    }

    /// The time of the slot, when its key is as good as new.
    fn expired(&self, now: u64) -> Option<u64> {
        let full_at = self.full_at.load(Ordering::Acquire);
        (!self.is_unused() && full_at <= now).then_some(full_at)
    }

    /// Takes the slot from its key, unless that was faster. Only under the lock of the page.
    fn clear(&self, full_at: u64) -> bool {
        // The time grows here too: who has read the old one loses its compare-and-swap.
        self.give(full_at, EMPTY, full_at.saturating_add(1))
    }

    /// Gives the slot to another key, unless its own was faster. Only under the lock of the page.
    fn give(&self, full_at: u64, tag: u64, next: u64) -> bool {
        let taken =
            self.full_at
                .compare_exchange(full_at, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
        if taken.is_err() {
            return false;
        }
        self.tag.store(tag, Ordering::Relaxed);
        self.full_at.store(next, Ordering::Release);
        true
    }
}
