//! Hashing passwords without starving everything else.
//!
//! One hash takes tens of milliseconds of a processor and tens of megabytes. A [`Hasher`] has
//! threads of its own for that, a bounded queue before them and a budget of memory; beyond both the
//! answer is `503 server_busy` with `Retry-After`, at once, and other routes do not notice.
//!
//! ```
//! use plumego_identity::hasher::{Hasher, HasherConfig};
//! use plumego_security::password::{Passwords, Verdict};
//! use plumego_stdx::Secret;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let hasher = Hasher::new(Passwords::default(), HasherConfig::default())?;
//! let secret = || Secret::new("correct horse battery staple".to_owned());
//! let stored = hasher.hash(secret()).await?;
//!
//! // At the login: the stored hash of that user, or `None` when there is no such user.
//! let verdict = hasher.verify(secret(), Some(stored)).await?;
//! if let Verdict::Match { needs_rehash: true } = verdict {
//!     let _store_this_now = hasher.hash(secret()).await?;
//! }
//! assert!(verdict.is_match());
//! assert_eq!(hasher.verify(secret(), None).await?, Verdict::Mismatch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! | | default | beyond it |
//! | --- | --- | --- |
//! | threads | half of the processors, at least 1 | passwords wait in the queue |
//! | memory of all threads | 128 MiB | passwords wait in the queue |
//! | passwords that wait | 32 | `503 server_busy`, `Retry-After`, at once |
//! | time that one waits | 2 s | `503 server_queue_timeout`, `Retry-After` |
//!
//! A hash that has begun is finished, and holds its place and its memory until then, also when the
//! client has gone: otherwise those who hang up would get more than others.
//!
//! # Cancel safety
//! Dropping the future of a call gives the place in the queue back. The threads end with the last
//! clone of the [`Hasher`].

mod config;
mod pool;

use std::sync::Arc;

use plumego_contract::{Error, Problems};
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_security::password::{Passwords, Verdict};
use plumego_stdx::Secret;

pub use self::config::HasherConfig;
use self::pool::Pool;

/// Makes and checks stored passwords on threads of its own. Cheap to clone; see the
/// [module](self).
#[derive(Debug, Clone)]
pub struct Hasher {
    passwords: Arc<Passwords>,
    pool: Arc<Pool>,
}

/// What a [`Hasher`] has done so far, and does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HasherStats {
    /// Passwords that were hashed or checked.
    pub done: u64,
    /// Those that were refused since the queue was full, or that waited too long.
    pub refused: u64,
    /// Those that wait or are being hashed now.
    pub present: usize,
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// Settings out of their bounds; a budget that is smaller than what one stored hash may ask
    /// for; a system that gives no threads.
    pub fn new(passwords: Passwords, config: HasherConfig) -> Result<Self, Problems> {
        config.check(&passwords)?;
        let pool = Pool::start(&config)?;
        Ok(Self {
            passwords: Arc::new(passwords),
            pool: Arc::new(pool),
        })
    }

    /// The text to store for a password.
    ///
    /// # Errors
    /// `422` for one that is too long; `503 server_busy` and `503 server_queue_timeout`; `500`
    /// when the system fails.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Error> {
        let memory = self.passwords.memory_kib(None)?;
        let passwords = Arc::clone(&self.passwords);
        let work = move || passwords.hash(password.expose());
        Ok(self.pool.run(memory, work).await??)
    }

    /// Whether the password is the stored one; `None` for a user that there is not, which takes as
    /// long.
    ///
    /// # Errors
    /// As [`Hasher::hash`]; `500` also for a stored text that is malformed or asks for too much,
    /// with the reason in the log alone.
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        let memory = self.passwords.memory_kib(stored.as_deref())?;
        let passwords = Arc::clone(&self.passwords);
        let work = move || passwords.verify(password.expose(), stored.as_deref());
        Ok(self.pool.run(memory, work).await??)
    }

    /// What it has done.
    pub fn stats(&self) -> HasherStats {
        self.pool.stats()
    }

    /// Counts into metrics: `password_hashes`, `password_hashes_refused`.
    ///
    /// # Errors
    /// When one of the names is taken by something else.
    pub fn register(&self, metrics: &Metrics) -> Result<(), MetricError> {
        let pool = Arc::clone(&self.pool);
        let help = "Passwords that were hashed or checked.";
        metrics.counter_fn("password_hashes", help, move || pool.stats().done)?;
        let pool = Arc::clone(&self.pool);
        let help = "Passwords that were refused: too many waited, or waited too long.";
        metrics.counter_fn("password_hashes_refused", help, move || {
            pool.stats().refused
        })
    }
}
