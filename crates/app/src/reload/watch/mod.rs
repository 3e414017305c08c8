//! Seeing that files have changed.
//!
//! What is compared is the state of the files themselves: where the path leads, its size and its
//! times. Events of the system only say when to look. So a file that is replaced by a rename, a
//! symlink that is moved to another directory, and a file that was not there are all one case, and
//! an event that never came is made up for by the next look.

mod events;
mod state;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::events::Events;
pub(super) use self::state::Known;

/// Files must stand still for this long before they are read.
const STILL: Duration = Duration::from_millis(100);
/// They are read after this time all the same.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look when the system tells of changes, and when it does not.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_OFTEN: Duration = Duration::from_secs(2);

/// The files of all sources.
pub(super) struct Watcher {
    paths: Vec<Vec<PathBuf>>,
    known: Known,
    events: Events,
    next_look: Instant,
}

impl Watcher {
    /// `known` is what the files were when they were read.
    pub(super) async fn new(paths: Vec<Vec<PathBuf>>, known: Known) -> Self {
        Self::with(paths, known, Events::of_system()).await
    }

    async fn with(paths: Vec<Vec<PathBuf>>, known: Known, events: Events) -> Self {
        let mut watcher = Self {
            paths: paths.clone(),
            known,
            events,
            // What changed before anybody watched is seen at once.
            next_look: Instant::now(),
        };
        watcher.watch(paths).await;
        watcher
    }

    /// Looks at these from now on.
    pub(super) async fn watch(&mut self, paths: Vec<Vec<PathBuf>>) {
        if paths != self.paths {
            self.known.adopt(&self.paths, &paths);
            self.paths = paths;
            self.next_look = Instant::now();
        }
        self.events.follow(&self.paths).await;
    }

    /// The sources of which a file has changed and stands still.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn changed(&mut self) -> Vec<usize> {
        if self.paths.iter().all(Vec::is_empty) {
            std::future::pending::<()>().await;
        }
        loop {
            let _ = tokio::time::timeout_at(self.next_look, self.events.next()).await;
            // What is dropped here is taken up at once.
            self.next_look = Instant::now();
            let found = self.settled().await;
            self.next_look = Instant::now() + self.every();
            let changed = self.known.differing(&found);
            self.known = found;
            if !changed.is_empty() {
                return changed;
            }
        }
    }

    /// What the files are once they stand still and nobody writes them.
    async fn settled(&mut self) -> Known {
        let until = Instant::now() + PATIENCE;
        let mut before = None;
        loop {
            self.events.follow(&self.paths).await;
            let moved = self.events.take();
            let found = look(&self.paths).await;
            let quiet = !moved && !self.events.is_being_written();
            let still = found == self.known || before.as_ref() == Some(&found);
            if (quiet && still) || Instant::now() >= until {
                return found;
            }
            before = Some(found);
            sleep(STILL).await;
        }
    }

    fn every(&self) -> Duration {
        if self.events.are_told() {
            LOOK
        } else {
            LOOK_OFTEN
        }
    }
}

/// Asks the file system on a thread that may wait for it.
async fn look(paths: &[Vec<PathBuf>]) -> Known {
    let paths = paths.to_vec();
    let found = tokio::task::spawn_blocking(move || Known::look(&paths)).await;
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn files_are_looked_at_where_the_system_does_not_tell() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings");
        let paths = vec![vec![file.clone()], Vec::new()];
        let known = Known::look(&paths);
        let mut watcher = Watcher::with(paths, known, Events::none()).await;
        for text in [Some("a"), Some("bb"), None, Some("a")] {
            match text {
                Some(text) => put(&file, text),
                None => std::fs::remove_file(&file).unwrap(),
            }
            assert_eq!(watcher.changed().await, [0]);
        }
        assert!(!watcher.events.are_told());
    }

    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    fn put(file: &std::path::Path, text: &str) {
        std::fs::write(file, text).unwrap();
    }
}
