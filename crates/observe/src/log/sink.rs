//! Where lines go.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes whole lines in batches.
///
/// Never called from two threads at once by one `LogWriter`, and never on the request path. It
/// may block; lines then wait in memory up to their bound and are dropped beyond it.
pub trait LogSink: Send + Sync {
    /// Writes all of `lines`: one or more lines, each ending with a line feed.
    ///
    /// After an error or a panic the lines are not offered again; they are counted as dropped.
    fn write_all(&self, lines: &[u8]) -> io::Result<()>;
}

impl<S: LogSink + ?Sized> LogSink for Arc<S> {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        S::write_all(self, lines)
    }
}

impl<S: LogSink + ?Sized> LogSink for Box<S> {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        S::write_all(self, lines)
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

/// Appends to a file. Does not rotate: a rotation from outside must copy and truncate, which
/// appending survives.
#[derive(Debug)]
pub struct FileSink {
    file: File,
}

impl FileSink {
    /// Opens the file, made when missing. The error names the path.
    #[expect(
        clippy::disallowed_methods,
        reason = "the floor plan opens log files here"
    )]
    pub fn append<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let path = path.as_ref();
        let opened = File::options().append(true).create(true).open(path);
        let file = opened.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("log file {}: {error}", path.display()),
            )
        })?;
        Ok(Self { file })
    }
}

impl LogSink for FileSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        (&self.file).write_all(lines)
    }
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
