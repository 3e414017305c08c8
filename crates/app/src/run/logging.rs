//! Writing out the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use plumego_observe::log::LogWriter;
use plumego_observe::record::{AccessLog, RequestRecord, RequestSink};
use tokio::sync::watch;

/// How long a line waits at most.
const EVERY: Duration = Duration::from_millis(100);
/// How long the end of an application waits for a sink that blocks.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes out the log every 100 ms, when a buffer fills up, and at the end, on a thread of its
/// own: a sink may block, and neither a request nor a timer of the runtime may wait for it.
///
/// The thread begins with the application, or with the first request of one that is used as a
/// service, and ends with the last clone of this.
#[derive(Clone)]
pub(crate) struct Flusher(Arc<Lazy>);

struct Lazy {
    writer: LogWriter,
    /// `None` inside when there was no thread to be had.
    inner: OnceLock<Option<Inner>>,
}

struct Inner {
    thread: Thread,
    ending: Arc<AtomicBool>,
    ended: watch::Receiver<bool>,
}

impl Flusher {
    pub(crate) fn new(writer: LogWriter) -> Self {
        let inner = OnceLock::new();
        Self(Arc::new(Lazy { writer, inner }))
    }

    /// What it writes out.
    pub(crate) fn writer(&self) -> LogWriter {
        self.0.writer.clone()
    }

    /// Begins, unless it has.
    pub(crate) fn start(&self) {
        self.0.inner.get_or_init(|| spawn(&self.0.writer));
    }

    /// Writes out what is left. Waits for it a second at most.
    pub(crate) async fn stop(&self) {
        let Some(Some(inner)) = self.0.inner.get() else {
            return;
        };
        inner.end();
        let mut ended = inner.ended.clone();
        let _ = tokio::time::timeout(PATIENCE, ended.wait_for(|ended| *ended)).await;
    }
}

/// The access log, which is written out also when the application is used as a service.
pub(crate) struct FlushedLog {
    pub(crate) log: AccessLog,
    pub(crate) flusher: Flusher,
}

impl RequestSink for FlushedLog {
    fn begin(&self) {
        self.log.begin();
    }

    fn record(&self, record: &RequestRecord<'_>) {
        self.flusher.start();
        self.log.record(record);
    }
}

impl Inner {
    fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(writer: &LogWriter) -> Option<Inner> {
    let ending = Arc::new(AtomicBool::new(false));
    let (tell, ended) = watch::channel(false);
    let (until, log) = (ending.clone(), writer.clone());
    let work = move || {
        while !until.load(Ordering::Acquire) {
            std::thread::park_timeout(EVERY);
            // Lines of a write that failed are counted by the writer.
            let _ = log.flush();
        }
        let _ = log.flush();
        let _ = tell.send(true);
    };
    let thread = std::thread::Builder::new().name("plumego-log".to_owned());
    let thread = match thread.spawn(work) {
        Ok(handle) => handle.thread().clone(),
        Err(error) => {
            tracing::error!(%error, "the log is not written out: no thread for it");
            return None;
        }
    };
    let waker = thread.clone();
    writer.on_high_water(Box::new(move || waker.unpark()));
    Some(Inner {
        thread,
        ending,
        ended,
    })
}
