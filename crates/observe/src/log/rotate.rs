//! A file that is put aside when it has grown or aged, and of which a few are kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plumego_stdx::Timestamp;

use super::append::Appender;
use super::sink::{LogSink, is_same, open};

/// After a rotation failed, the next try comes this much later: lines go on meanwhile.
const RETRY: Duration = Duration::from_secs(10);
/// Files of one time, as two runs may leave them, are told apart by a number, up to here.
const SAME_TIME_MAX: u32 = 1000;
/// What the names tell apart.
const TICK: Duration = Duration::from_millis(1);

/// When a [`RotatingFileSink`] puts its file aside, and how many it keeps.
///
/// ```
/// use std::time::Duration;
/// use plumego_observe::log::Rotation;
///
/// let mut rotation = Rotation::default();
/// rotation.max_bytes = Some(50 * 1024 * 1024);
/// rotation.max_age = Some(Duration::from_hours(24));
/// rotation.keep = 7;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// The most bytes of one file; a single line that is longer has a file of its own. `None` for
    /// no bound. Default: 100 MiB.
    pub max_bytes: Option<u64>,
    /// The time after which a file that has lines is put aside, looked at with each batch. `None`
    /// for no bound. Default: none.
    pub max_age: Option<Duration>,
    /// How many files are kept beside the one that is written, 0 to 1,000; the oldest go first.
    /// Default: 10.
    pub keep: usize,
}

impl Rotation {
    /// The most files that can be kept.
    pub const KEEP_MAX: usize = 1000;
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_bytes: Some(100 * 1024 * 1024),
            max_age: None,
            keep: 10,
        }
    }
}

/// Appends to a file, and puts it aside by size and age.
///
/// `app.log` becomes `app.log.20260102T030405678Z`, the time of the rotation, in the same
/// directory, and a new `app.log` is opened; what is beyond [`Rotation::keep`] is removed. Only
/// files with such a name are. No line is lost and none is cut in two: a file that cannot be put
/// aside, or a new one that cannot be opened, means that the old one is written on, and the next
/// try comes 10 s later. What a full disk did not take counts for nothing: it puts no file aside,
/// and so removes none. One process writes to a file; two would put it aside twice.
///
/// ```
/// use plumego_observe::log::{LogConfig, LogWriter, RotatingFileSink, Rotation};
///
/// let directory = tempfile::tempdir()?;
/// let sink = RotatingFileSink::append(directory.path().join("app.log"), Rotation::default())?;
/// let writer = LogWriter::new(sink, &LogConfig::default());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RotatingFileSink {
    path: PathBuf,
    rotation: Rotation,
    current: Mutex<Current>,
}

/// The file that is written.
#[derive(Debug)]
struct Current {
    file: Appender<File>,
    since: Timestamp,
    /// No rotation is tried before.
    not_before: Timestamp,
    /// The time in the name of the file before it.
    put_aside: Timestamp,
}

impl RotatingFileSink {
    /// Opens the file, made when missing; one that has lines is written on. The error names the
    /// path.
    pub fn append<P: AsRef<Path>>(path: P, rotation: Rotation) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let current = Mutex::new(Current::open(&path)?);
        let sink = Self {
            path,
            rotation,
            current,
        };
        sink.remove_old();
        Ok(sink)
    }

    /// Puts the file aside now, whatever its size and age.
    ///
    /// # Errors
    /// It could not be renamed, or no new one opened; then the old one is written on.
    pub fn rotate(&self) -> io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        self.rotate_now(&mut current, Timestamp::now())
    }

    fn rotate_now(&self, current: &mut Current, now: Timestamp) -> io::Result<()> {
        // Names rise also within a millisecond and when the clock goes back: the oldest go first.
        let time = now.max(current.put_aside.saturating_add(TICK));
        let aside = self.free_name(time)?;
        fs::rename(&self.path, &aside)?;
        match Current::open(&self.path) {
            Ok(opened) => {
                *current = opened;
                current.put_aside = time;
            }
            Err(error) => {
                // So that the file that is written keeps its name.
                let _ = fs::rename(&aside, &self.path);
                return Err(error);
            }
        }
        self.remove_old();
        Ok(())
    }

    /// A name for the file that is put aside, that nothing has.
    fn free_name(&self, now: Timestamp) -> io::Result<PathBuf> {
        let mut time = now.to_rfc3339();
        time.retain(|c| c.is_ascii_alphanumeric());
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(&time);
        for number in 0..SAME_TIME_MAX {
            let mut name = name.clone();
            if number > 0 {
                name.push(format!("-{number:03}"));
            }
            let path = PathBuf::from(name);
            if !path.try_exists()? {
                return Ok(path);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("log file {}: too many of {time}", self.path.display()),
        ))
    }

    /// Removes the oldest files beyond those that are kept. One that cannot be removed stays, and
    /// is tried again with the next rotation.
    fn remove_old(&self) {
        let mut aside = self.put_aside();
        aside.sort();
        let keep = self.rotation.keep.min(Rotation::KEEP_MAX);
        let surplus = aside.len().saturating_sub(keep);
        for path in aside.iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
    }

    /// The files that were put aside, in no order.
    fn put_aside(&self) -> Vec<PathBuf> {
        let directory = match self.path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        let Some(own) = self.path.file_name().and_then(|name| name.to_str()) else {
            return Vec::new();
        };
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| name.strip_prefix(own)?.strip_prefix('.'))
                .is_some_and(is_suffix)
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(is_ours)
            .collect()
    }

    /// Whether so many bytes more belong into a new file.
    fn is_due(&self, current: &Current, more: usize, now: Timestamp) -> bool {
        if current.file.bytes() == 0 || now < current.not_before {
            return false;
        }
        let grown = self
            .rotation
            .max_bytes
            .is_some_and(|max| current.file.bytes().saturating_add(more as u64) > max);
        grown || self.is_old(current, now)
    }

    fn is_old(&self, current: &Current, now: Timestamp) -> bool {
        self.rotation
            .max_age
            .is_some_and(|age| now >= current.since.saturating_add(age))
    }
}

impl LogSink for RotatingFileSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        let mut rest = lines;
        while !rest.is_empty() {
            if self.is_due(&current, first_line(rest), now)
                && self.rotate_now(&mut current, now).is_err()
            {
                current.not_before = now.saturating_add(RETRY);
            }
            let room = match self.rotation.max_bytes {
                Some(max) if now >= current.not_before => max.saturating_sub(current.file.bytes()),
                _ => u64::MAX,
            };
            let (fitting, left) = split_at_room(rest, room);
            current.write(fitting)?;
            rest = left;
        }
        Ok(())
    }

    fn reopen(&self) -> io::Result<bool> {
        let mut opened = Current::open(&self.path)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = !is_same(current.file.get_ref(), opened.file.get_ref());
        if is_other {
            opened.put_aside = current.put_aside;
            *current = opened;
        }
        Ok(is_other)
    }
}

impl Current {
    fn open(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        let now = Timestamp::now();
        let since = match metadata.len() {
            0 => now,
            _ => metadata
                .created()
                .or_else(|_| metadata.modified())
                .map_or(now, Timestamp::from_system_time),
        };
        Ok(Self {
            file: Appender::new(file, metadata.len()),
            since,
            not_before: Timestamp::default(),
            put_aside: Timestamp::default(),
        })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.file.bytes() == 0 {
            self.since = Timestamp::now();
        }
        self.file.append(lines)
    }
}

/// The bytes of the first line, with its line feed.
fn first_line(lines: &[u8]) -> usize {
    let end = lines.iter().position(|byte| *byte == b'\n');
    end.map_or(lines.len(), |end| end + 1)
}

/// The lines that fit, at least one, and the rest.
fn split_at_room(lines: &[u8], room: u64) -> (&[u8], &[u8]) {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if lines.len() <= room {
        return (lines, &[]);
    }
    let fitting = lines.get(..room).unwrap_or_default();
    let end = fitting.iter().rposition(|byte| *byte == b'\n');
    let end = end.map_or_else(|| first_line(lines), |end| end + 1);
    lines.split_at_checked(end).unwrap_or((lines, &[]))
}

/// `20260102T030405678Z`, or with a number as in `20260102T030405678Z-001`.
fn is_suffix(text: &str) -> bool {
    let (time, number) = text.split_once('-').unwrap_or((text, "000"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = time.len() == 19
        && time.split_once('T').is_some_and(|(date, rest)| {
            date.len() == 8 && digits(date) && rest.strip_suffix('Z').is_some_and(digits)
        });
    is_time && number.len() == 3 && digits(number)
}
