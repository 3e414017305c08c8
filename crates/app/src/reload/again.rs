//! When to read again what was refused for a reason that may pass by itself.

use std::time::Duration;

use plumego_stdx::Backoff;
use tokio::time::{Instant, sleep_until};

/// The first wait, and the longest.
pub(super) const FIRST: Duration = Duration::from_secs(1);
pub(super) const MOST: Duration = Duration::from_mins(1);

const BACKOFF: Backoff = Backoff::new(FIRST, MOST);

/// The sources that are to be read again, each at its own time.
pub(super) struct Again(Vec<Option<Wait>>);

struct Wait {
    /// How many times it was refused, as far as this wait knows.
    refused: u32,
    until: Instant,
}

impl Wait {
    fn after(refused: u32) -> Self {
        let until = Instant::now() + BACKOFF.ceiling(refused);
        Self { refused, until }
    }
}

impl Again {
    pub(super) fn new(sources: usize) -> Self {
        Self((0..sources).map(|_| None).collect())
    }

    /// The sources whose time has come.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn due(&self) -> Vec<usize> {
        let waits = || self.0.iter().enumerate();
        let times = waits().filter_map(|(_, wait)| Some(wait.as_ref()?.until));
        let Some(first) = times.min() else {
            return std::future::pending().await;
        };
        sleep_until(first).await;
        let is_due = |wait: &Wait| wait.until <= first;
        let due = waits().filter(|(_, wait)| wait.as_ref().is_some_and(is_due));
        due.map(|(at, _)| at).collect()
    }

    /// These were read: the next wait is twice as long.
    pub(super) fn tried(&mut self, sources: &[usize]) {
        for at in sources {
            if let Some(Some(wait)) = self.0.get_mut(*at) {
                *wait = Wait::after(wait.refused.saturating_add(1));
            }
        }
    }

    /// The files of these are others: it begins anew.
    pub(super) fn forget(&mut self, sources: &[usize]) {
        for at in sources {
            if let Some(wait) = self.0.get_mut(*at) {
                *wait = None;
            }
        }
    }

    /// Waits for those whose refusal may pass, and for no other.
    pub(super) fn follow(&mut self, may_pass: impl Fn(usize) -> bool) {
        for (at, wait) in self.0.iter_mut().enumerate() {
            match (may_pass(at), &wait) {
                (true, None) => *wait = Some(Wait::after(1)),
                (false, Some(_)) => *wait = None,
                (true, Some(_)) | (false, None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_a_minute_and_begin_anew_with_a_change() {
        let mut again = Again::new(2);
        again.follow(|at| at == 1);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let before = Instant::now();
            assert_eq!(again.due().await, [1]);
            waits.push(before.elapsed().as_secs());
            again.tried(&[1]);
            again.follow(|at| at == 1);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);

        again.forget(&[1]);
        again.follow(|at| at == 1);
        let before = Instant::now();
        assert_eq!(again.due().await, [1]);
        assert_eq!(before.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_read_is_waited_for_no_more() {
        let mut again = Again::new(2);
        again.follow(|_| true);
        again.follow(|at| at == 0);
        assert_eq!(again.due().await, [0]);
        again.follow(|_| false);
        let hour = Duration::from_hours(1);
        assert!(tokio::time::timeout(hour, again.due()).await.is_err());
    }
}
