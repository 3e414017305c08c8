//! Files in memory, within a bound.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use crate::entry::Entry;
use crate::watch::Watch;

/// Entries by name. Beyond the bound those go that nobody asked for since their last turn.
#[derive(Debug)]
pub(crate) struct Store {
    inner: RwLock<Inner>,
    max_bytes: usize,
    max_entries: usize,
    watch: OnceLock<Watch>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<Arc<str>, Slot>,
    /// Whose turn it is to go, the next one first.
    turns: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    entry: Arc<Entry>,
    bytes: usize,
    used: AtomicBool,
}

impl Store {
    pub(crate) fn new(max_bytes: usize, max_entries: usize) -> Self {
        Self {
            inner: RwLock::default(),
            max_bytes,
            max_entries,
            watch: OnceLock::new(),
        }
    }

    /// Counts from now on. The first one to count stays.
    pub(crate) fn watch(&self, watch: Watch) {
        if self.watch.set(watch).is_ok() {
            self.tell(&self.write(), 0);
        }
    }

    pub(crate) fn note_hit(&self) {
        if let Some(watch) = self.watch.get() {
            watch.hits.inc();
        }
    }

    pub(crate) fn note_miss(&self) {
        if let Some(watch) = self.watch.get() {
            watch.misses.inc();
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Entry>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let slot = inner.slots.get(name)?;
        slot.used.store(true, Ordering::Relaxed);
        Some(Arc::clone(&slot.entry))
    }

    /// Keeps an entry, in place of the one with its name. One beyond the bound is not kept.
    pub(crate) fn put(&self, entry: &Arc<Entry>) {
        let bytes = entry.weight();
        let mut inner = self.write();
        inner.remove(&entry.name);
        if bytes > self.max_bytes {
            self.tell(&inner, 0);
            return;
        }
        let name: Arc<str> = Arc::from(&*entry.name);
        let slot = Slot {
            entry: Arc::clone(entry),
            bytes,
            used: AtomicBool::new(false),
        };
        inner.bytes += bytes;
        inner.slots.insert(Arc::clone(&name), slot);
        inner.turns.push_back(name);
        let evicted = inner.shrink(self.max_bytes, self.max_entries);
        self.tell(&inner, evicted);
    }

    pub(crate) fn remove(&self, name: &str) {
        let mut inner = self.write();
        inner.remove(name);
        self.tell(&inner, 0);
    }

    /// An entry takes so much more than before, if it is still there.
    pub(crate) fn grow(&self, entry: &Arc<Entry>, more: usize) {
        let mut inner = self.write();
        let slot = inner.slots.get_mut(&*entry.name);
        if let Some(slot) = slot.filter(|slot| Arc::ptr_eq(&slot.entry, entry)) {
            slot.bytes += more;
            inner.bytes += more;
            let evicted = inner.shrink(self.max_bytes, self.max_entries);
            self.tell(&inner, evicted);
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// While nobody else writes, so that the last word is the last state.
    fn tell(&self, inner: &Inner, evicted: u64) {
        if let Some(watch) = self.watch.get() {
            let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            watch.bytes.set(gauge(inner.bytes));
            watch.entries.set(gauge(inner.slots.len()));
            watch.evictions.add(evicted);
        }
    }

    /// How many bytes are taken.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.inner
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
    }
}

impl Inner {
    /// Its turn is passed over when it comes.
    fn remove(&mut self, name: &str) {
        if let Some(slot) = self.slots.remove(name) {
            self.bytes -= slot.bytes;
            self.turns.retain(|there| &**there != name);
        }
    }

    /// How many had to go.
    fn shrink(&mut self, max_bytes: usize, max_entries: usize) -> u64 {
        let mut evicted = 0;
        while self.bytes > max_bytes || self.slots.len() > max_entries {
            let Some(name) = self.turns.pop_front() else {
                break;
            };
            let Some(slot) = self.slots.get(&name) else {
                continue;
            };
            if slot.used.swap(false, Ordering::Relaxed) {
                self.turns.push_back(name);
            } else if let Some(slot) = self.slots.remove(&name) {
                self.bytes -= slot.bytes;
                evicted += 1;
            }
        }
        evicted
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::settings::Settings;
    use crate::source::Fixed;

    fn entry(name: &str, length: usize) -> Arc<Entry> {
        let mut files = Fixed::default();
        files.add(name.to_owned(), Bytes::from(vec![7; length]));
        let (_, loaded) = files.all(false).next().unwrap();
        Arc::new(Entry::new(name, loaded, &Settings::default(), 0))
    }

    #[test]
    fn what_nobody_asks_for_goes_first_and_the_bound_holds() {
        let one = entry("0", 10_000).weight();
        let store = Store::new(4 * one, 100);
        for name in ["a", "b", "c", "d"] {
            store.put(&entry(name, 10_000));
        }
        assert!(store.get("a").is_some() && store.get("c").is_some());
        store.put(&entry("e", 10_000));
        store.put(&entry("f", 10_000));
        let there = |name| store.get(name).is_some();
        assert!(there("a") && there("c") && there("e") && there("f"));
        assert!(!there("b") && !there("d"));
        assert!(store.bytes() <= 4 * one);
    }

    #[test]
    fn growth_replacement_and_removal_are_counted() {
        let store = Store::new(1_000_000, 2);
        let first = entry("a", 10);
        store.put(&first);
        store.grow(&first, 500);
        assert_eq!(store.bytes(), first.weight() + 500);
        let second = entry("a", 20);
        store.put(&second);
        store.grow(&first, 500);
        assert_eq!(store.bytes(), second.weight());
        store.put(&entry("b", 10));
        store.put(&entry("c", 10));
        let there = ["a", "b", "c"]
            .iter()
            .filter(|name| store.get(name).is_some());
        assert_eq!(there.count(), 2);
        for name in ["a", "b", "c"] {
            store.remove(name);
        }
        assert_eq!(store.bytes(), 0);
        store.put(&entry("huge", 2_000_000));
        assert!(store.get("huge").is_none());
    }

    #[test]
    fn a_flood_of_names_keeps_memory_flat() {
        let store = Store::new(1_000_000, 50);
        for n in 0..5000 {
            store.put(&entry(&format!("{n}"), 10));
            store.get("7");
        }
        let inner = store.inner.read().unwrap();
        assert_eq!(inner.slots.len(), 50);
        assert!(inner.turns.len() <= 51, "{}", inner.turns.len());
    }
}
