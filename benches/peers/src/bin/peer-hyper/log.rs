//! The access log: lines are collected, and a thread of its own writes them out.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::Clock;

/// Buffers, so that the threads that serve seldom meet.
const SHARDS: usize = 8;
/// From here on the buffer is written out at once.
const HIGH_WATER: usize = 64 * 1024;
/// Beyond it lines are dropped, and counted.
const MOST: usize = 1024 * 1024;
const EVERY: Duration = Duration::from_millis(100);

pub(crate) struct Log {
    lines: Arc<Lines>,
    writer: JoinHandle<()>,
}

struct Lines {
    shards: [Mutex<Vec<u8>>; SHARDS],
    dropped: AtomicU64,
    ending: AtomicBool,
}

impl Log {
    pub(crate) fn new(file: File, clock: Arc<Clock>) -> Self {
        let lines = Arc::new(Lines {
            shards: Default::default(),
            dropped: AtomicU64::new(0),
            ending: AtomicBool::new(false),
        });
        let work = Arc::clone(&lines);
        let writer = thread::spawn(move || work.write_out(file, &clock));
        Self { lines, writer }
    }

    /// Appends a line.
    pub(crate) fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = lock(&self.lines.shards[shard()]);
        if buffer.len() > MOST {
            self.lines.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = buffer.len();
        write(&mut buffer);
        buffer.push(b'\n');
        if before < HIGH_WATER && buffer.len() >= HIGH_WATER {
            self.writer.thread().unpark();
        }
    }

    /// Writes out what is left. Looks at the file for five seconds at most.
    pub(crate) fn end(&self) {
        self.lines.ending.store(true, Ordering::Release);
        self.writer.thread().unpark();
        for _ in 0..500 {
            if self.writer.is_finished() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Lines {
    fn write_out(&self, mut file: File, clock: &Clock) {
        let mut spare = Vec::new();
        loop {
            let last = self.ending.load(Ordering::Acquire);
            for shard in &self.shards {
                mem::swap(&mut *lock(shard), &mut spare);
                if !spare.is_empty() && file.write_all(&spare).is_err() {
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
                spare.clear();
            }
            if last {
                return;
            }
            clock.look();
            thread::park_timeout(EVERY);
        }
    }
}

/// The buffer of this thread.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    MINE.get()
}

/// Text between quotes of JSON. What is not plain ASCII is escaped byte by byte.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'"' && *byte != b'\\';
    if text.iter().all(plain) {
        out.extend_from_slice(text);
        return;
    }
    for byte in text {
        if plain(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        }
    }
}

pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_quotes() {
        let mut out = Vec::new();
        push_text(&mut out, b"a\"\\\n\xff");
        assert_eq!(out, br"a\u0022\u005c\u000a\u00ff");
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 9, 10, 4815, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
