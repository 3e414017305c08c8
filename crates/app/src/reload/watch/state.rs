//! What a file is, as far as it can be told without reading it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the files of each source are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::reload) struct Known(Vec<Vec<Option<Looked>>>);

/// What was there when somebody looked, if anything was.
type Looked = Option<FileState>;

/// Two states differ when the file was written, replaced, or another one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileState {
    leads_to: Option<PathBuf>,
    len: u64,
    modified: Option<SystemTime>,
    identity: [i64; 4],
}

impl Known {
    /// What the files are now.
    pub(in crate::reload) fn look(paths: &[Vec<PathBuf>]) -> Self {
        let of_source = |paths: &Vec<PathBuf>| paths.iter().map(|path| Some(state(path))).collect();
        Self(paths.iter().map(of_source).collect())
    }

    /// The sources that differ.
    pub(super) fn differing(&self, found: &Self) -> Vec<usize> {
        let differs = |at: &usize| self.0.get(*at) != found.0.get(*at);
        (0..found.0.len()).filter(differs).collect()
    }

    /// Keeps what is known of files that are still named. The others have not been looked at: what
    /// they are now may not be what was read.
    pub(super) fn adopt(&mut self, old: &[Vec<PathBuf>], new: &[Vec<PathBuf>]) {
        let known = |at: usize, path: &PathBuf| {
            let was = old.get(at)?.iter().position(|old| old == path)?;
            self.0.get(at)?.get(was)?.clone()
        };
        let of_source = |(at, paths): (usize, &Vec<PathBuf>)| {
            paths.iter().map(|path| known(at, path)).collect()
        };
        self.0 = new.iter().enumerate().map(of_source).collect();
    }
}

fn state(path: &Path) -> Option<FileState> {
    let data = std::fs::metadata(path).ok()?;
    Some(FileState {
        leads_to: path.canonicalize().ok(),
        len: data.len(),
        modified: data.modified().ok(),
        identity: identity(&data),
    })
}

#[cfg(unix)]
fn identity(data: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    let same = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    [
        same(data.dev()),
        same(data.ino()),
        data.ctime(),
        data.ctime_nsec(),
    ]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> [i64; 4] {
    [0; 4]
}
