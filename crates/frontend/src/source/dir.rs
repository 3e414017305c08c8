//! Files of a folder on disk.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use plumego_contract::conditional::EntityTag;
use plumego_stdx::clock::Timestamp;

use super::beneath::Root;
use super::{Content, Found, Loaded, Part, SIBLINGS};
use crate::tag;

/// File systems give times in ticks. A change so soon after another may have the same.
const TICK: Duration = Duration::from_secs(2);
/// The Unix time from which on there is no HTTP date.
const YEAR_9999: u64 = 253_370_764_800;
/// Files up to so long get a tag of their content; beyond, one of size and times.
pub(crate) const MAX_HASHED_BYTES: u64 = 16 * 1024 * 1024;

/// A folder on disk.
#[derive(Debug)]
pub(crate) struct Dir {
    root: Root,
    /// Longer files stay on disk.
    max_memory_bytes: u64,
    siblings: bool,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    pub(crate) written: Written,
    changed: (i64, i64),
}

/// What tells one content of a file from another. Renaming it and removing it leave both as they
/// are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    length: u64,
    modified: (i64, i64),
}

impl Dir {
    pub(crate) fn new(path: PathBuf, max_memory_bytes: u64, siblings: bool) -> Self {
        Self {
            root: Root::new(path),
            max_memory_bytes,
            siblings,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Reads a file and its siblings. Blocks.
    pub(crate) fn load(&self, names: &str, index: &str) -> io::Result<Found> {
        let Some((file, found)) = self.open(names)? else {
            return Ok(Found::Missing);
        };
        if found.is_dir() {
            let page = self.open(&format!("{names}/{index}"))?;
            let has_index = page.is_some_and(|(_, found)| found.is_file());
            return Ok(if has_index {
                Found::Folder
            } else {
                Found::Missing
            });
        }
        if !found.is_file() {
            return Ok(Found::Missing);
        }
        let (plain, mut settled) = self.part(file, &found)?;
        let mut coded = Vec::new();
        for (coding, suffix) in SIBLINGS.iter().filter(|_| self.siblings) {
            if let Some((file, found)) = self.open(&format!("{names}{suffix}"))?
                && found.is_file()
            {
                let (part, is_settled) = self.part(file, &found)?;
                settled &= is_settled;
                coded.push((*coding, part));
            }
        }
        Ok(Found::File(Loaded {
            plain,
            coded,
            settled,
        }))
    }

    /// Whether a file has this stamp still; `None`: whether there is none. Blocks.
    pub(crate) fn is_unchanged(&self, names: &str, stamp: Option<Stamp>) -> io::Result<bool> {
        let found = self.open(names)?;
        let now = found.filter(|(_, found)| found.is_file());
        Ok(now.map(|(_, found)| Stamp::of(&found)) == stamp)
    }

    /// Opens a file that has this stamp; `None` when it has another by now. Blocks.
    pub(crate) fn reopen(&self, names: &str, stamp: Stamp) -> io::Result<Option<File>> {
        let opened = self.open(names)?;
        let same = opened.filter(|(_, found)| found.is_file() && Stamp::of(found) == stamp);
        Ok(same.map(|(file, _)| file))
    }

    /// `None` where there is nothing that may be served.
    fn open(&self, names: &str) -> io::Result<Option<(File, Metadata)>> {
        match self.root.open(names) {
            Ok(file) => {
                let found = file.metadata()?;
                Ok(Some((file, found)))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file as it is now, and whether a later change is sure to show.
    fn part(&self, mut file: File, found: &Metadata) -> io::Result<(Part, bool)> {
        let (content, tag) = if found.len() <= self.max_memory_bytes {
            let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
            // One byte more than may be kept: a file that grows is then left on disk.
            let limit = self.max_memory_bytes.saturating_add(1);
            (&mut file).take(limit).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > self.max_memory_bytes {
                let grown = "the file grew while it was read";
                return Err(io::Error::new(ErrorKind::Interrupted, grown));
            }
            let tag = tag::of_bytes(&bytes);
            (Content::Memory(Bytes::from(bytes)), tag)
        } else if found.len() <= MAX_HASHED_BYTES {
            (Content::Disk(found.len()), tag::of_reader(&file)?)
        } else {
            (Content::Disk(found.len()), Stamp::of(found).tag())
        };
        let stamp = Stamp::of(found);
        let unchanged = Stamp::of(&file.metadata()?) == stamp;
        let part = Part {
            content,
            tag,
            modified: found.modified().ok().filter(|time| has_http_date(*time)),
            stamp: Some(stamp),
        };
        Ok((part, unchanged && is_settled(found)))
    }
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            written: Written::of(found),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    fn tag(&self) -> EntityTag {
        let Written { length, modified } = self.written;
        let (seconds, nanos) = modified;
        let (changed, changed_nanos) = self.changed;
        // Hashed: what the numbers say of the disk is nobody's business.
        let text = format!(
            "{length}-{}-{}-{seconds}.{nanos}-{changed}.{changed_nanos}",
            self.device, self.inode
        );
        tag::of_bytes(text.as_bytes())
    }
}

impl Written {
    pub(crate) fn of(found: &Metadata) -> Self {
        Self {
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }
}

/// What a client is told to be missing: nothing there, a way out, or no right to read it.
fn is_absent(error: &io::Error) -> bool {
    use nix::errno::Errno;

    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied
    ) || error.raw_os_error().is_some_and(|code| {
        matches!(
            Errno::from_raw(code),
            Errno::ELOOP
                | Errno::EXDEV
                | Errno::ENAMETOOLONG
                | Errno::ENXIO
                | Errno::ENODEV
                | Errno::EAGAIN
        )
    })
}

/// Whether the last change is so long ago that another has another time.
fn is_settled(found: &Metadata) -> bool {
    let now = Timestamp::now().to_system_time();
    let is_old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > TICK);
    let changed = u64::try_from(found.ctime()).unwrap_or(0);
    found.modified().is_ok_and(is_old)
        && is_old(SystemTime::UNIX_EPOCH + Duration::from_secs(changed))
}

/// Before 1970 and after 9999 there is no HTTP date.
fn has_http_date(time: SystemTime) -> bool {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .is_ok_and(|since| since.as_secs() < YEAR_9999)
}
