//! Where lines go.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::append::Appender;

/// Takes whole lines in batches.
///
/// Never called from two threads at once by one `LogWriter`, and never on the request path. It
/// may block; lines then wait in memory up to their bound and are dropped beyond it.
pub trait LogSink: Send + Sync {
    /// Writes all of `lines`: one or more lines, each ending with a line feed.
    ///
    /// After an error or a panic the lines are not offered again; they are counted as dropped.
    fn write_all(&self, lines: &[u8]) -> io::Result<()>;

    /// Opens again what it writes to, when that has a name: for a rotation from outside, which has
    /// moved the file away. Says whether it writes to something else now. Called between two
    /// writes. Default: nothing to open.
    ///
    /// After an error it writes to what it wrote to before.
    fn reopen(&self) -> io::Result<bool> {
        Ok(false)
    }
}

impl<S: LogSink + ?Sized> LogSink for Arc<S> {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        S::write_all(self, lines)
    }

    fn reopen(&self) -> io::Result<bool> {
        S::reopen(self)
    }
}

impl<S: LogSink + ?Sized> LogSink for Box<S> {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        S::write_all(self, lines)
    }

    fn reopen(&self) -> io::Result<bool> {
        S::reopen(self)
    }
}

/// Writes to standard output.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdoutSink;

impl LogSink for StdoutSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(lines)?;
        stdout.flush()
    }
}

/// Writes to standard error.
#[derive(Clone, Copy, Debug, Default)]
pub struct StderrSink;

impl LogSink for StderrSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        io::stderr().lock().write_all(lines)
    }
}

/// Appends to a file. A line that a full disk cut in two is ended before the next one begins.
///
/// Does not rotate by itself: see [`RotatingFileSink`](super::RotatingFileSink). A rotation from
/// outside moves the file away and has the application [reopen](LogSink::reopen) it, or copies and
/// truncates it.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    file: Mutex<Appender<File>>,
}

impl FileSink {
    /// Opens the file, made when missing. The error names the path.
    pub fn append<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let file = Mutex::new(Appender::new(open(&path)?, 0));
        Ok(Self { path, file })
    }
}

impl LogSink for FileSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.append(lines)
    }

    fn reopen(&self) -> io::Result<bool> {
        let opened = open(&self.path)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = !is_same(file.get_ref(), &opened);
        if is_other {
            *file = Appender::new(opened, 0);
        }
        Ok(is_other)
    }
}

/// Opens a file to append to, made when missing. The error names it.
#[expect(
    clippy::disallowed_methods,
    reason = "the floor plan opens log files here"
)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    let opened = File::options().append(true).create(true).open(path);
    opened.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("log file {}: {error}", path.display()),
        )
    })
}

/// Whether both are one file, whatever its name is now.
#[cfg(unix)]
pub(super) fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |file: &File| file.metadata().map(|it| (it.dev(), it.ino())).ok();
    place(one).is_some_and(|there| place(other) == Some(there))
}

/// Elsewhere there is nothing to tell files by.
#[cfg(not(unix))]
pub(super) fn is_same(_: &File, _: &File) -> bool {
    false
}

/// Keeps all lines in memory, without bound: for tests. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct CaptureSink {
    written: Arc<Mutex<Vec<u8>>>,
}

impl CaptureSink {
    /// Everything written so far.
    pub fn text(&self) -> String {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }

    /// Everything written so far, by line.
    pub fn lines(&self) -> Vec<String> {
        self.text()
            .split_terminator('\n')
            .map(String::from)
            .collect()
    }
}

impl LogSink for CaptureSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(lines);
        Ok(())
    }
}
