use std::time::Duration;

use plumego_contract::{Problem, Problems};
use plumego_security::password::Passwords;

/// The bounds of a [`Hasher`](super::Hasher).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HasherConfig {
    /// How many passwords are hashed at once. Default: half of the processors, at least 1; at
    /// most 64.
    pub threads: usize,
    /// The memory that all of them have together, in KiB. Default: 131,072 (128 MiB). At least
    /// what one stored hash may ask for, and what every thread needs for a new hash.
    pub memory_kib: u32,
    /// How many passwords wait. Default: 32; at most 10,000. Beyond it: `503 server_busy`.
    pub max_waiting: usize,
    /// How long one waits. Default: 2 s. Beyond it: `503 server_queue_timeout`.
    pub max_wait: Duration,
}

impl Default for HasherConfig {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads: (processors / 2).clamp(1, 4),
            memory_kib: 128 * 1024,
            max_waiting: 32,
            max_wait: Duration::from_secs(2),
        }
    }
}

impl HasherConfig {
    pub(super) fn check(&self, passwords: &Passwords) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(Problem::new(format!("password hasher: {what}")));
            }
        };
        let (threads, memory) = (self.threads, self.memory_kib);
        check(
            (1..=64).contains(&threads),
            format!("threads is {threads}: expected 1 to 64"),
        );
        let ceiling = passwords.config().ceilings.memory_kib;
        check(
            memory >= ceiling,
            format!(
                "memory_kib is {memory}, and one stored hash may ask for {ceiling}: raise it, or \
                 lower `ceilings.memory_kib` of the passwords"
            ),
        );
        let each = u64::from(passwords.config().memory_kib);
        let all = each.saturating_mul(threads as u64);
        check(
            u64::from(memory) >= all,
            format!("memory_kib is {memory}: {threads} threads of {each} KiB need {all}"),
        );
        check(
            self.max_waiting <= 10_000,
            format!(
                "max_waiting is {}: expected at most 10000",
                self.max_waiting
            ),
        );
        check(
            !self.max_wait.is_zero(),
            "max_wait is 0s, so that nobody could wait: expected more".to_owned(),
        );
        problems.into_result(())
    }
}
