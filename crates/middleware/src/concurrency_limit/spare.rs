use std::sync::atomic::{AtomicUsize, Ordering};

use plumego_stdx::Shards;

/// Free slots that nobody waits for: taken and given back without a lock.
///
/// They lie in several places, so that processors do not fight over one count. A slot is given back
/// where its thread looks first, and taken from elsewhere only when there is none.
#[derive(Debug)]
pub(super) struct Spare(Shards<AtomicUsize>);

impl Spare {
    pub(super) fn new(slots: usize) -> Self {
        let spare = Self(Shards::new(AtomicUsize::default));
        spare.put(slots);
        spare
    }

    pub(super) fn put(&self, slots: usize) {
        self.0.here().fetch_add(slots, Ordering::SeqCst);
    }

    /// Takes one. `false` when there was none wherever it looked: one that comes back meanwhile may
    /// be missed, so who is not taken in must say that it waits, and [`take_all`](Self::take_all).
    pub(super) fn take(&self) -> bool {
        take_from(self.0.here()) || self.0.all().any(take_from)
    }

    pub(super) fn take_all(&self) -> usize {
        let taken = self.0.all().map(|place| place.swap(0, Ordering::SeqCst));
        taken.sum()
    }

    pub(super) fn count(&self) -> usize {
        self.0
            .all()
            .map(|place| place.load(Ordering::Relaxed))
            .sum()
    }
}

fn take_from(place: &AtomicUsize) -> bool {
    let less = |slots: usize| slots.checked_sub(1);
    let seq = Ordering::SeqCst;
    place.try_update(seq, seq, less).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_another_thread_gave_back_is_found() {
        let spare = Spare::new(0);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| spare.put(1));
            }
        });
        assert_eq!(spare.count(), 32);
        for _ in 0..31 {
            assert!(spare.take());
        }
        assert_eq!(spare.take_all(), 1);
        assert!(!spare.take());
    }
}
