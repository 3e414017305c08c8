//! One value in several places, so that processors do not fight over it.
//!
//! A shared value that every request takes a reference to has one counter that every processor
//! writes to. [`Shards`] keeps a copy for each of a few groups of threads; a reference is counted
//! where its thread looks. Not for values that change as one: a change would have to reach every
//! copy. Counts that are summed when they are read may lie in them.
//!
//! ```
//! use plumego_stdx::Shards;
//!
//! let greetings = Shards::new(|| String::from("hello"));
//! assert_eq!(greetings.here().len(), 5);
//! ```
//!
//! # Limits and defaults
//! As many copies as the machine has processors, to the next power of two, 16 at most.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most copies.
const MAX_SHARDS: usize = 16;

/// A value, once for each of a few groups of threads. See the [module](self).
pub struct Shards<T>(Box<[Shard<T>]>);

/// The copy of a value that a thread uses, kept for as long as this lives.
pub struct Shard<T>(Arc<Apart<T>>);

/// In cache lines of its own: most processors fetch two at a time.
#[repr(align(128))]
struct Apart<T>(T);

thread_local! {
    static PLACE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

impl<T> Shards<T> {
    /// Calls `make` for each of the copies.
    pub fn new(mut make: impl FnMut() -> T) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let count = processors.next_power_of_two().min(MAX_SHARDS);
        let copies = std::iter::repeat_with(|| Shard(Arc::new(Apart(make()))));
        Self(copies.take(count).collect())
    }

    /// The copy for the thread that calls.
    pub fn here(&self) -> &Shard<T> {
        self.near(PLACE.with(|place| *place) & (self.0.len() - 1))
    }

    /// All copies.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|copy| &**copy)
    }

    fn near(&self, place: usize) -> &Shard<T> {
        // There is at least one, and the place is below their number.
        #[expect(
            clippy::indexing_slicing,
            reason = "masked by the length, a power of two"
        )]
        &self.0[place]
    }
}

impl<T> Clone for Shard<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Shards<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.near(0).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Shard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_sees_the_same_copy_and_others_may_see_another() {
        let next = AtomicUsize::new(0);
        let shards = Shards::new(|| next.fetch_add(1, Ordering::Relaxed));
        let made = next.load(Ordering::Relaxed);
        assert!(made.is_power_of_two() && made <= MAX_SHARDS);
        assert!(shards.all().copied().eq(0..made));
        assert_eq!(**shards.here(), **shards.here());
        let seen = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..made).map(|_| scope.spawn(|| **shards.here())).collect();
            let seen = threads.into_iter().map(|thread| thread.join().unwrap());
            seen.collect::<Vec<_>>()
        });
        assert!(seen.iter().all(|copy| *copy < made));
    }
}
