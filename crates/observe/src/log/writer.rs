//! Buffers between those who log and the sink.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use plumego_stdx::Timestamp;
use tracing::Level;

use super::buffer::Buffer;
use super::line::Line;
use super::sink::LogSink;

/// At most so many buffers, and at least this many: a thread that finds its own one busy takes
/// the next.
const SHARDS_MAX: usize = 16;
const SHARDS_MIN: usize = 2;

thread_local! {
    static THREAD_NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: time, level, text, `name=value`.
    #[default]
    Pretty,
    /// For machines: one JSON object a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = String;

    /// Reads `pretty` or `json`; the error says so.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            other => Err(format!(
                "{other:?} is not a log format; expected `pretty` or `json`"
            )),
        }
    }
}

/// The bounds of a [`LogWriter`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogConfig {
    /// The format of all lines. Default: pretty.
    pub format: LogFormat,
    /// How many buffers there are, from 2 to 16. Default: one for each processor.
    pub shards: usize,
    /// Bytes that one buffer holds. Default: 1 MiB. A line that does not fit is dropped whole
    /// and counted; the next flush writes a warning with the number.
    pub shard_bytes: usize,
    /// From how many bytes in one buffer on a flush is wanted before its time. Default: 128 KiB.
    /// The sink is given about 64 KiB at once.
    pub high_water_bytes: usize,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            shards: std::thread::available_parallelism().map_or(1, usize::from),
            shard_bytes: 1024 * 1024,
            high_water_bytes: 128 * 1024,
        }
    }
}

/// Collects lines and writes them in batches. Clones share the buffers.
///
/// Lines of one thread keep their order unless it meets another one in its buffer; lines of
/// different threads are ordered only by flush. Memory: 64 KiB for each buffer that is used, up to
/// its bound while lines come faster than they are written, and once more the largest of them while
/// it is being written.
#[derive(Clone)]
pub struct LogWriter {
    inner: Arc<Inner>,
}

struct Inner {
    format: LogFormat,
    shard_bytes: usize,
    high_water_bytes: usize,
    shards: Box<[Shard]>,
    flushing: Mutex<Flushing>,
    sink: Box<dyn LogSink>,
    wants_flush: AtomicBool,
    on_high_water: OnceLock<Box<dyn Fn() + Send + Sync>>,
    dropped: AtomicU64,
    write_errors: AtomicU64,
}

/// On a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Shard {
    lines: Mutex<Buffer>,
}

/// What only the one who flushes touches.
#[derive(Default)]
struct Flushing {
    /// Trades places with the buffer that is written.
    spare: Buffer,
    /// How many dropped lines have been told.
    dropped_told: u64,
}

impl LogWriter {
    /// Writes to `sink`.
    pub fn new<S: LogSink + 'static>(sink: S, config: &LogConfig) -> Self {
        let shards = config.shards.clamp(SHARDS_MIN, SHARDS_MAX);
        let inner = Inner {
            format: config.format,
            shard_bytes: config.shard_bytes,
            high_water_bytes: config.high_water_bytes,
            shards: (0..shards).map(|_| Shard::default()).collect(),
            flushing: Mutex::default(),
            sink: Box::new(sink),
            wants_flush: AtomicBool::new(false),
            on_high_water: OnceLock::new(),
            dropped: AtomicU64::new(0),
            write_errors: AtomicU64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The format that lines should have.
    pub fn format(&self) -> LogFormat {
        self.inner.format
    }

    /// Appends one line; `build` appends its text without the line feed. Says whether it was
    /// kept. Does not wait for the sink.
    ///
    /// A line feed that `build` writes becomes a space: one call is one line. When `build`
    /// panics, the line is as if never begun. `build` must not log.
    pub fn append<F: FnOnce(&mut Vec<u8>)>(&self, build: F) -> bool {
        self.append_one_line(|out| {
            let start = out.len();
            build(out);
            let text = out.get_mut(start..).unwrap_or_default();
            text.iter_mut()
                .filter(|byte| **byte == b'\n')
                .for_each(|byte| *byte = b' ');
        })
    }

    /// [`append`](Self::append) for those who escape line feeds themselves.
    pub(crate) fn append_one_line<F: FnOnce(&mut Vec<u8>)>(&self, build: F) -> bool {
        let (kept, length) = match self.inner.lock_shard() {
            Some(mut lines) => {
                let kept = lines.append(self.inner.shard_bytes, build);
                (kept, lines.bytes())
            }
            None => (false, 0),
        };
        if !kept {
            self.inner.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if length >= self.inner.high_water_bytes || !kept {
            self.request_flush();
        }
        kept
    }

    /// Appends a line of the application's log, without `tracing`. Field values are text.
    ///
    /// Time and level cannot be overwritten by a field. At most 16 KiB of text are kept.
    pub fn log(
        &self,
        level: Level,
        target: &str,
        message: &str,
        fields: &[(&str, &dyn fmt::Display)],
    ) {
        let mut text = Vec::with_capacity(256);
        let mut line = Line::new(&mut text, self.inner.format);
        line.head(Timestamp::now(), level, target);
        line.display(format_args!("{message}"));
        line.after_message();
        for (name, value) in fields {
            line.text_field(name, format_args!("{value}"));
        }
        line.end_fields();
        line.end();
        self.append_text(&text, level);
    }

    /// Appends a finished line. An error asks for a flush at once.
    pub(super) fn append_text(&self, text: &[u8], level: Level) {
        self.append_one_line(|out| out.extend_from_slice(text));
        if level == Level::ERROR {
            self.request_flush();
        }
    }

    /// Writes everything that was appended before the call to the sink.
    ///
    /// Blocks as long as the sink does, and until another flush is done: call it where blocking
    /// is allowed. Lines of a failed write are lost and counted; the first error is returned.
    pub fn flush(&self) -> io::Result<()> {
        let inner = &*self.inner;
        let mut flushing = inner
            .flushing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Before the buffers are looked at: whoever fills one afterwards asks again.
        inner.wants_flush.store(false, Ordering::Release);
        let mut outcome = Ok(());
        for shard in &inner.shards {
            std::mem::swap(&mut flushing.spare, &mut *lock(&shard.lines));
            for block in flushing.spare.blocks() {
                outcome = outcome.and(inner.write(block));
            }
            flushing.spare.clear();
        }
        outcome.and(inner.tell_dropped(&mut flushing))
    }

    /// Writes out what was appended, then has the sink open its file again; see
    /// [`LogSink::reopen`]. Says whether it writes to something else now. Blocks as
    /// [`flush`](Self::flush) does.
    pub fn reopen(&self) -> io::Result<bool> {
        let flushed = self.flush();
        let turn = self.inner.flushing.lock();
        let _turn = turn.unwrap_or_else(PoisonError::into_inner);
        let reopened = catch_unwind(AssertUnwindSafe(|| self.inner.sink.reopen()))
            .unwrap_or_else(|_| Err(io::Error::other("the log sink panicked")));
        flushed.and(reopened)
    }

    /// Whether a buffer is filling up or an error was logged since the last flush.
    pub fn wants_flush(&self) -> bool {
        self.inner.wants_flush.load(Ordering::Acquire)
    }

    /// Sets what is called when a flush becomes wanted, once per flush and on the thread that
    /// logs: it must not block. `false` when it was set before.
    pub fn on_high_water(&self, callback: Box<dyn Fn() + Send + Sync>) -> bool {
        self.inner.on_high_water.set(callback).is_ok()
    }

    /// Lines that were dropped: no room, or the sink failed.
    pub fn dropped(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }

    /// Writes to the sink that failed.
    pub fn write_errors(&self) -> u64 {
        self.inner.write_errors.load(Ordering::Relaxed)
    }

    /// Asks for a flush before its time.
    pub fn request_flush(&self) {
        // Mostly asked already: then a read is enough.
        if !self.wants_flush()
            && !self.inner.wants_flush.swap(true, Ordering::AcqRel)
            && let Some(callback) = self.inner.on_high_water.get()
        {
            callback();
        }
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter")
            .field("format", &self.inner.format)
            .field("dropped", &self.dropped())
            .field("write_errors", &self.write_errors())
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// This thread's own buffer; while somebody else is in it, the next free one.
    fn lock_shard(&self) -> Option<MutexGuard<'_, Buffer>> {
        let own = thread_number() % self.shards.len();
        let (before, from) = self
            .shards
            .split_at_checked(own)
            .unwrap_or((&[], &self.shards));
        for shard in from.iter().chain(before) {
            match shard.lines.try_lock() {
                Ok(lines) => return Some(lines),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        // All are busy for the length of one line.
        from.first().map(|shard| lock(&shard.lines))
    }

    fn write(&self, lines: &[u8]) -> io::Result<()> {
        let written = self.offer(lines);
        if written.is_err() {
            self.write_errors.fetch_add(1, Ordering::Relaxed);
            let lost = lines.split(|byte| *byte == b'\n').count().saturating_sub(1) as u64;
            self.dropped.fetch_add(lost, Ordering::Relaxed);
        }
        written
    }

    /// A panic of the sink is an error like any other: the next lines are offered again.
    fn offer(&self, lines: &[u8]) -> io::Result<()> {
        catch_unwind(AssertUnwindSafe(|| self.sink.write_all(lines)))
            .unwrap_or_else(|_| Err(io::Error::other("the log sink panicked")))
    }

    /// Says how many lines were dropped since it was last said. Tried again when it fails.
    fn tell_dropped(&self, flushing: &mut Flushing) -> io::Result<()> {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let news = dropped.saturating_sub(flushing.dropped_told);
        if news == 0 {
            return Ok(());
        }
        let mut text = Vec::with_capacity(256);
        let mut line = Line::new(&mut text, self.format);
        line.head(Timestamp::now(), Level::WARN, "plumego::log");
        line.display(format_args!("log lines were dropped"));
        line.after_message();
        line.raw_field("dropped", itoa::Buffer::new().format(news));
        line.end_fields();
        line.end();
        text.push(b'\n');
        let written = self.offer(&text);
        match &written {
            Ok(()) => flushing.dropped_told = dropped,
            Err(_) => {
                self.write_errors.fetch_add(1, Ordering::Relaxed);
            }
        }
        written
    }
}

fn lock(lines: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    // A panic never leaves half a line: see `Buffer::append`.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads are numbered as they first log.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = THREAD_NUMBER.try_with(|number| {
        let known = number
            .get()
            .unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        number.set(Some(known));
        known
    });
    number.unwrap_or_default()
}
