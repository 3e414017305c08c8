//! Counts the frames of HTTP/2 that ask for nothing.
//!
//! The engine answers PING and SETTINGS, and follows PRIORITY and `WINDOW_UPDATE`, as often as they
//! come. A client that sends nothing else costs the server what a request costs, and no limit of
//! requests sees it.

use tokio::time::Instant;

/// How many such frames may come at once.
pub(crate) const BURST: u32 = 2_000;
/// How many a second may come for ever: keep-alive and more.
const PER_SECOND: u32 = 20;
/// So many bytes of an answer earn one, since a client opens its window as it reads.
const BYTES_EACH: u64 = 1024;
/// What the head of a request, or a piece of its body, earns.
const EACH_USEFUL: u32 = 4;

const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// Follows the frames of a connection without looking into them.
#[derive(Debug)]
pub(crate) struct FrameMeter {
    head: [u8; HEAD],
    /// How much of the head of a frame has come.
    have: usize,
    /// How much of its payload is still to come.
    skip: usize,
    left: u32,
    refilled: Instant,
    written: u64,
}

impl FrameMeter {
    pub(crate) fn new() -> Self {
        Self {
            head: [0; HEAD],
            have: 0,
            skip: 0,
            left: BURST,
            refilled: Instant::now(),
            written: 0,
        }
    }

    /// Bytes that came. False when there were too many frames for nothing.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> bool {
        let mut within = true;
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            for byte in bytes.iter().take(HEAD - self.have) {
                if let Some(place) = self.head.get_mut(self.have) {
                    *place = *byte;
                }
                self.have += 1;
                bytes = bytes.get(1..).unwrap_or_default();
            }
            if self.have == HEAD {
                within &= self.frame();
            }
        }
        within
    }

    /// Bytes that went out.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.written += bytes as u64;
        if self.written >= BYTES_EACH {
            self.earn(u32::try_from(self.written / BYTES_EACH).unwrap_or(BURST));
            self.written %= BYTES_EACH;
        }
    }

    fn earn(&mut self, frames: u32) {
        self.left = self.left.saturating_add(frames).min(BURST);
    }

    /// The head of a frame is complete.
    fn frame(&mut self) -> bool {
        self.have = 0;
        let [high, middle, low, kind, ..] = self.head;
        self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        match kind {
            // The engine counts what follows a head, and pieces that are too small.
            HEADERS | CONTINUATION => self.earn(EACH_USEFUL),
            DATA if self.skip > 0 => self.earn(EACH_USEFUL),
            _ => {
                if self.left == 0 {
                    self.refill();
                }
                let Some(left) = self.left.checked_sub(1) else {
                    return false;
                };
                self.left = left;
            }
        }
        true
    }

    /// What the time has given since the last refill. The clock is read only when all is spent.
    fn refill(&mut self) {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.refilled).as_millis();
        let earned = since * u128::from(PER_SECOND) / 1000;
        if earned > 0 {
            self.refilled = now;
            self.earn(u32::try_from(earned).unwrap_or(BURST));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PING: u8 = 6;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let [.., high, middle, low] = payload.to_be_bytes();
        let mut bytes = vec![high, middle, low, kind, 0, 0, 0, 0, 1];
        bytes.extend(vec![0xab; payload]);
        bytes
    }

    fn spend(meter: &mut FrameMeter) -> u32 {
        let mut count = 0;
        while meter.read(&frame(PING, 8)) {
            count += 1;
            assert!(count < 1_000_000);
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn frames_for_nothing_have_an_end_and_time_gives_some_back() {
        let mut meter = FrameMeter::new();
        assert_eq!(spend(&mut meter), BURST);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(spend(&mut meter), 3 * PER_SECOND);
        // Never more than at the beginning.
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(spend(&mut meter), BURST);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_and_requests_earn_what_they_need() {
        let mut meter = FrameMeter::new();
        spend(&mut meter);
        meter.wrote(100 * 1024 + 1023);
        meter.wrote(1);
        assert_eq!(spend(&mut meter), 101);
        assert!(meter.read(&frame(HEADERS, 20)) && meter.read(&frame(DATA, 5)));
        assert_eq!(spend(&mut meter), 2 * EACH_USEFUL);
        assert!(!meter.read(&frame(DATA, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_are_told_apart_wherever_the_bytes_are_cut() {
        let bytes: Vec<u8> = (0..50_usize)
            .flat_map(|n| [frame(PING, 8), frame(DATA, n * n)].concat())
            .collect();
        for size in [1, 2, 3, 7, 8, 9, 10, 17, 100, 4096, bytes.len()] {
            let mut meter = FrameMeter::new();
            for part in bytes.chunks(size) {
                assert!(meter.read(part));
            }
            assert_eq!((meter.have, meter.skip), (0, 0), "by {size}");
        }
    }
}
