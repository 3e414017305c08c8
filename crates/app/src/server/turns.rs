//! Who ends when, while the server drains: not all in one instant, since they all come back.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time between two connections that end, on average.
const PACE: Duration = Duration::from_millis(1);
/// The share of the window that all turns fit in, however many there are.
const SHARE: u32 = 4;
/// 2⁶⁴ over the golden ratio: its multiples lie evenly in the whole range, however many they are.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The turns of connections and streams.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// When they began, and the time that they are spread over.
    began: OnceLock<(Instant, Duration)>,
    given: AtomicU64,
}

impl Turns {
    /// Begins, for this many connections: 1 ms for each, a quarter of the window at most.
    pub(super) fn begin(&self, connections: usize, window: Duration) {
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let spread = PACE.saturating_mul(connections).min(window / SHARE);
        let _ = self.began.set((Instant::now(), spread));
    }

    /// The turn of whoever asks: somewhere in the spread, far from that of those who asked before.
    pub(super) fn next(&self) -> Instant {
        let Some((began, spread)) = self.began.get() else {
            return Instant::now();
        };
        *began + self.fraction_of(*spread)
    }

    /// A part of the time, another one for everybody who asks.
    pub(super) fn fraction_of(&self, time: Duration) -> Duration {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        let place = given.wrapping_mul(GOLDEN) >> 32;
        let parts = (time.as_nanos() * u128::from(place)) >> 32;
        Duration::from_nanos(u64::try_from(parts).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The turns of this many connections, in milliseconds after the first instant.
    fn turns(connections: usize, window: Duration) -> Vec<u64> {
        let turns = Turns::default();
        turns.begin(connections, window);
        let began = turns.began.get().unwrap().0;
        let mut all: Vec<_> = (0..connections)
            .map(|_| (turns.next() - began).as_micros().try_into().unwrap())
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn turns_are_spread_evenly_over_a_bounded_time() {
        for (connections, window, spread) in [(10, 4, 10), (1000, 8, 1000), (50_000, 8, 2000)] {
            let turns = turns(connections, Duration::from_secs(window));
            let spread = spread * 1000;
            assert!(*turns.last().unwrap() < spread, "{connections}");
            // Each tenth of the time has its tenth of them, give or take three.
            for tenth in 0..10 {
                let part = tenth * spread / 10..(tenth + 1) * spread / 10;
                let count = turns.iter().filter(|turn| part.contains(turn)).count();
                assert!(
                    count.abs_diff(connections / 10) <= 3,
                    "{connections} {tenth}: {count}"
                );
            }
        }
    }

    #[test]
    fn nobody_waits_before_it_begins_or_without_a_window() {
        let turns = Turns::default();
        assert!(turns.next() <= Instant::now());
        turns.begin(100, Duration::ZERO);
        assert!(turns.next() <= Instant::now());
    }
}
