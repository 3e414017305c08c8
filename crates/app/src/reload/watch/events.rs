//! When to look: what the system tells of directories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Most directories that are watched; what lies in others is looked at from time to time.
const MAX_DIRECTORIES: usize = 256;

/// Events of the directories that the files lie in, and of those that their symlinks lie in.
pub(super) struct Events {
    watcher: Option<RecommendedWatcher>,
    /// Each with what it was when it began to be watched: another one may be there now.
    directories: BTreeMap<PathBuf, PathBuf>,
    inbox: Arc<Inbox>,
}

/// Filled on the thread of the watcher.
#[derive(Default)]
struct Inbox {
    seen: Mutex<Seen>,
    arrived: Notify,
}

#[derive(Default)]
struct Seen {
    /// The files whose content counts.
    files: BTreeSet<PathBuf>,
    /// Those of them that somebody has begun to write and not closed.
    being_written: BTreeSet<PathBuf>,
    moved: bool,
}

impl Events {
    /// Those of the system; none when there is no way to hear of them, which is logged.
    pub(super) fn of_system() -> Self {
        let inbox = Arc::<Inbox>::default();
        let receiver = Arc::clone(&inbox);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            receiver.take_in(event.as_ref().ok());
        });
        let watcher = watcher.map_err(|error| poll_instead(&error)).ok();
        Self {
            watcher,
            directories: BTreeMap::new(),
            inbox,
        }
    }

    /// None.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self {
            watcher: None,
            directories: BTreeMap::new(),
            inbox: Arc::default(),
        }
    }

    /// Whether there are any.
    pub(super) fn are_told(&self) -> bool {
        self.watcher.is_some()
    }

    /// Waits for one.
    pub(super) async fn next(&self) {
        self.inbox.arrived.notified().await;
    }

    /// Whether there was one since this was asked.
    pub(super) fn take(&self) -> bool {
        std::mem::take(&mut self.inbox.seen().moved)
    }

    /// Whether a file has been begun to be written and is not closed.
    pub(super) fn is_being_written(&self) -> bool {
        !self.inbox.seen().being_written.is_empty()
    }

    /// Watches the directories that matter to these files now.
    pub(super) async fn follow(&mut self, paths: &[Vec<PathBuf>]) {
        if self.watcher.is_none() {
            return;
        }
        let paths: Vec<PathBuf> = paths.iter().flatten().cloned().collect();
        let Ok((files, wanted)) = tokio::task::spawn_blocking(move || places(&paths)).await else {
            return;
        };
        self.inbox.name(files);
        if wanted != self.directories {
            self.rearm(wanted);
        }
    }

    fn rearm(&mut self, wanted: BTreeMap<PathBuf, PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for (path, meant) in &self.directories {
            if wanted.get(path) != Some(meant) {
                // It may be gone, and its watch with it.
                let _ = watcher.unwatch(path);
            }
        }
        let mut limit = None;
        self.directories
            .retain(|path, meant| wanted.get(path) == Some(meant));
        for (path, meant) in wanted {
            if self.directories.contains_key(&path) {
                continue;
            }
            match watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.directories.insert(path, meant);
                }
                Err(error) if is_gone(&error) => {}
                Err(error) => limit = Some(error),
            }
        }
        if let Some(error) = limit {
            poll_instead(&error);
            self.watcher = None;
            self.directories.clear();
        }
    }
}

impl Inbox {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, files: BTreeSet<PathBuf>) {
        let mut seen = self.seen();
        seen.being_written.retain(|path| files.contains(path));
        seen.files = files;
    }

    /// An event, or `None` when the watcher has lost some.
    fn take_in(&self, event: Option<&Event>) {
        let mut seen = self.seen();
        let matters = match event {
            Some(event) if !event.need_rescan() => seen.take_in(event),
            _ => {
                seen.being_written.clear();
                true
            }
        };
        if matters {
            seen.moved = true;
            drop(seen);
            self.arrived.notify_one();
        }
    }
}

impl Seen {
    /// Whether it is a reason to look.
    fn take_in(&mut self, event: &Event) -> bool {
        let mut named = event.paths.iter().filter(|path| self.files.contains(*path));
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => {
                let written: Vec<PathBuf> = named.cloned().collect();
                let any = !written.is_empty();
                // Only here does the system say when a file is closed.
                if cfg!(target_os = "linux") {
                    self.being_written.extend(written);
                }
                any
            }
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                let closed: Vec<PathBuf> = named.cloned().collect();
                for path in &closed {
                    self.being_written.remove(path);
                }
                !closed.is_empty()
            }
            EventKind::Access(_) => false,
            EventKind::Modify(ModifyKind::Metadata(_)) => named.next().is_some(),
            // Something else is there now.
            _ => {
                for path in &event.paths {
                    self.being_written.remove(path);
                }
                true
            }
        }
    }
}

fn poll_instead(error: &notify::Error) {
    tracing::warn!(%error, "the system does not tell of changed files: a look every 2 s");
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => matches!(
            error.kind(),
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
        ),
        _ => false,
    }
}

/// The names under which events tell of the files, and the directories to watch, each with what
/// it is now.
fn places(paths: &[PathBuf]) -> (BTreeSet<PathBuf>, BTreeMap<PathBuf, PathBuf>) {
    let mut files = BTreeSet::new();
    let mut directories = BTreeMap::new();
    for path in paths {
        let Ok(path) = std::path::absolute(path) else {
            continue;
        };
        let target = path.canonicalize().ok();
        for file in target.iter().chain([&path]) {
            files.insert(file.clone());
            watch(file.parent(), &mut directories);
        }
        // A symlink on the way is moved in the directory that it lies in.
        let links = path.ancestors().filter(|path| path.is_symlink());
        for link in links {
            watch(link.parent(), &mut directories);
        }
    }
    (files, directories)
}

/// Takes a directory, or the nearest above it that there is.
fn watch(directory: Option<&Path>, directories: &mut BTreeMap<PathBuf, PathBuf>) {
    let Some(directory) = directory else {
        return;
    };
    let there = directory.ancestors().find(|path| path.is_dir());
    if let Some(there) = there
        && directories.len() < MAX_DIRECTORIES
    {
        let mut meant = there.canonicalize().unwrap_or_else(|_| there.to_owned());
        meant.push(identity(there));
        directories.insert(there.to_owned(), meant);
    }
}

/// Tells a directory from another one of the same name.
#[cfg(unix)]
fn identity(directory: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(directory);
    data.map_or_else(
        |_| String::new(),
        |data| format!("{}.{}", data.dev(), data.ino()),
    )
}

#[cfg(not(unix))]
fn identity(_: &Path) -> String {
    String::new()
}
