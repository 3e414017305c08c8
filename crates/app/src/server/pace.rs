//! How much goes to a socket at once, so that it can be seen whether its client takes it.
//!
//! The system says that it has room when it has sent most of what it was given. What it is given in
//! one write is therefore the least that a client must take before anybody knows that it takes
//! anything: little for one that is slow, or of whom nothing is known yet.

use std::io;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::watch::Watch;

/// Enough for any answer that is written as a whole.
const AT_FIRST: usize = 20 * 1024;
const SLOW: usize = 8 * 1024;
/// Who was given so many bytes and had room for more is not slow.
const EASY: usize = 64 * 1024;
/// Who makes the server wait for this part of the write timeout is.
const PART: u32 = 30;

/// How fast a socket takes what it is given.
#[derive(Debug)]
pub(super) struct Pace {
    long: Duration,
    most: Option<usize>,
    taken: usize,
    full_since: Option<Instant>,
}

impl Pace {
    /// For a socket with this write timeout.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self {
            long: timeout.map_or(Duration::MAX, |timeout| timeout / PART),
            most: Some(AT_FIRST),
            taken: 0,
            full_since: None,
        }
    }

    /// How many bytes the next write may have. `None` is no limit.
    pub(super) fn most(&self) -> Option<usize> {
        self.most
    }

    /// Notes what became of a write, here and for the deadlines of the connection.
    pub(super) fn note(&mut self, watch: &Watch, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(count)) if *count > 0 => {
                self.wrote(*count);
                watch.wrote(*count);
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                self.blocked();
                watch.write_blocked();
            }
        }
    }

    fn wrote(&mut self, bytes: usize) {
        if self.most.is_none() && self.full_since.is_none() {
            return;
        }
        self.taken = self.taken.saturating_add(bytes);
        if let Some(since) = self.full_since.take() {
            let is_slow = since.elapsed() >= self.long;
            self.most = is_slow.then_some(SLOW);
            self.taken = 0;
        } else if self.taken >= EASY {
            self.most = None;
        }
    }

    /// There was no room.
    fn blocked(&mut self) {
        self.full_since.get_or_insert_with(Instant::now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_is_given_little_until_it_is_not() {
        let mut pace = Pace::new(Some(LONG * PART));
        assert_eq!(pace.most(), Some(AT_FIRST));
        pace.blocked();
        tokio::time::advance(LONG / 2).await;
        pace.blocked();
        tokio::time::advance(LONG / 2).await;
        pace.wrote(SLOW);
        assert_eq!(pace.most(), Some(SLOW), "since it was full first");
        pace.blocked();
        tokio::time::advance(LONG / 2).await;
        pace.wrote(SLOW);
        assert_eq!(pace.most(), None);
        pace.wrote(EASY);
        pace.blocked();
        tokio::time::advance(LONG).await;
        pace.wrote(SLOW);
        assert_eq!(pace.most(), Some(SLOW));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_always_room_is_given_all() {
        let mut pace = Pace::new(Some(LONG));
        pace.wrote(EASY - 1);
        assert_eq!(pace.most(), Some(AT_FIRST));
        pace.wrote(1);
        assert_eq!(pace.most(), None);
    }
}
