//! Files in memory, within a bound.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::entry::Entry;

/// Entries by name. Beyond the bound those go that nobody asked for since their last turn.
#[derive(Debug)]
pub(crate) struct Store {
    inner: RwLock<Inner>,
    max_bytes: usize,
    max_entries: usize,
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
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.remove(&entry.name);
        if bytes > self.max_bytes {
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
        inner.shrink(self.max_bytes, self.max_entries);
    }

    pub(crate) fn remove(&self, name: &str) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.remove(name);
    }

    /// An entry takes so much more than before, if it is still there.
    pub(crate) fn grow(&self, entry: &Arc<Entry>, more: usize) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let slot = inner.slots.get_mut(&*entry.name);
        if let Some(slot) = slot.filter(|slot| Arc::ptr_eq(&slot.entry, entry)) {
            slot.bytes += more;
            inner.bytes += more;
            inner.shrink(self.max_bytes, self.max_entries);
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

    fn shrink(&mut self, max_bytes: usize, max_entries: usize) {
        while self.bytes > max_bytes || self.slots.len() > max_entries {
            let Some(name) = self.turns.pop_front() else {
                return;
            };
            let Some(slot) = self.slots.get(&name) else {
                continue;
            };
            if slot.used.swap(false, Ordering::Relaxed) {
                self.turns.push_back(name);
            } else if let Some(slot) = self.slots.remove(&name) {
                self.bytes -= slot.bytes;
            }
        }
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
