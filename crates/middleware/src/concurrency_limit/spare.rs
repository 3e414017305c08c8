use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumego_stdx::Shards;

/// Free slots that nobody waits for: taken and given back without a lock.
///
/// They lie in several places, so that processors do not fight over one count. A slot is given back
/// where its thread looks first, and taken from elsewhere only when there is none. One that moves
/// meanwhile may be missed, so who is not taken in must say that it waits, and
/// [`take_all`](Self::take_all). Where nobody may wait, they lie in *one* place.
#[derive(Debug)]
pub(super) struct Spare {
    places: Shards<AtomicUsize>,
    in_one: AtomicBool,
}

impl Spare {
    pub(super) fn new(slots: usize, in_one: bool) -> Self {
        let spare = Self {
            places: Shards::new(AtomicUsize::default),
            in_one: AtomicBool::new(in_one),
        };
        spare.put(slots);
        spare
    }

    /// From now on in one place, or in several.
    pub(super) fn gather(&self, in_one: bool) {
        if self.in_one.swap(in_one, Ordering::SeqCst) != in_one {
            self.put(self.take_all());
        }
    }

    pub(super) fn put(&self, slots: usize) {
        self.first().fetch_add(slots, Ordering::SeqCst);
    }

    /// Takes one. `false` when there was none wherever it looked.
    pub(super) fn take(&self) -> bool {
        take_from(self.first()) || self.places.all().any(take_from)
    }

    pub(super) fn take_all(&self) -> usize {
        let places = self.places.all();
        places.map(|place| place.swap(0, Ordering::SeqCst)).sum()
    }

    pub(super) fn count(&self) -> usize {
        let places = self.places.all();
        places.map(|place| place.load(Ordering::Relaxed)).sum()
    }

    /// Where this thread looks first.
    fn first(&self) -> &AtomicUsize {
        let one = self.places.all().next();
        one.filter(|_| self.in_one.load(Ordering::Relaxed))
            .unwrap_or_else(|| self.places.here())
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
        let spare = Spare::new(0, false);
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

    /// Then one look at it tells whether there is any.
    #[test]
    fn slots_of_all_threads_come_to_one_place_where_nobody_may_wait() {
        let spare = Spare::new(0, false);
        let give_back = || {
            std::thread::scope(|scope| {
                for _ in 0..32 {
                    scope.spawn(|| spare.put(1));
                }
            });
        };
        let is_used = |place: &&AtomicUsize| place.load(Ordering::Relaxed) > 0;
        let used = || spare.places.all().filter(is_used).count();
        give_back();
        let all = spare.places.all().count();
        assert_eq!(used(), all);
        spare.gather(true);
        give_back();
        assert_eq!((used(), spare.count()), (1, 64));
        assert!(spare.take());
        spare.gather(false);
        give_back();
        assert_eq!((used(), spare.take_all()), (all, 95));
    }
}
