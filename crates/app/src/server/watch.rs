//! What a connection is doing, and the one timer that watches it.
//!
//! The IO wrapper, the service and the bodies only set flags here: no clock is read on the way of
//! a request. The [`Watchdog`], polled after the engine has done what it could, reads the clock
//! once, notes when the phase began, and arms its timer. The timer is not moved for every request:
//! it fires early at most once per idle time and is armed again then.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::registry::lock;

/// The least bytes a second of a body, in either direction, over time.
pub(crate) const MIN_RATE: u64 = 240;

/// The time that so many bytes give back to a body, which never has more than it began with: so
/// it may not stand still for longer, and over time not come or go more slowly than this rate.
pub(crate) fn earned(bytes: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000) / MIN_RATE)
}

/// The time that each part of an exchange may take. `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) header: Option<Duration>,
    pub(crate) read: Option<Duration>,
    pub(crate) write: Option<Duration>,
    pub(crate) idle: Option<Duration>,
}

/// What a connection, or a stream of HTTP/2, is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The head of a request is awaited, and it is time that it came.
    Head = 0,
    /// Nothing is asked.
    Idle = 1,
    /// A handler works.
    Handling = 2,
    /// A response of known length goes out.
    Writing = 3,
    /// A stream goes out.
    Streaming = 4,
    /// HTTP/2 with open streams, each of which is watched by itself.
    Multiplexed = 5,
    /// HTTP/2 without one; bytes may come and go all the same.
    Quiet = 6,
}

/// Which time ran out. Also a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Expired {
    Header,
    Read,
    Write,
    Idle,
}

impl Expired {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Read => "read",
            Self::Write => "write",
            Self::Idle => "idle",
        }
    }
}

/// The flags that are set from all sides.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The phase in the low three bits; above them a count of the changes, so that two phases of
    /// one kind are told apart.
    word: AtomicU32,
    /// A byte went in or out since the watchdog last looked.
    moved: AtomicBool,
    /// How many bytes of answers went out. Only the task that writes them changes it.
    written: AtomicU64,
    /// The last write found no room.
    blocked: AtomicBool,
    /// The request body has been read to its end, or there is none.
    body_done: AtomicBool,
    /// The engine has taken all of the response, which may still wait to be written.
    response_done: AtomicBool,
    /// Bytes of the next request came before the response was out.
    early: AtomicBool,
    /// The client went away before its answer was out.
    gone: AtomicBool,
}

impl Watch {
    pub(crate) fn new(phase: Phase) -> Self {
        Self {
            word: AtomicU32::new(phase as u32),
            moved: AtomicBool::new(false),
            written: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            body_done: AtomicBool::new(true),
            response_done: AtomicBool::new(false),
            early: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        phase_of(self.word.load(Ordering::Acquire))
    }

    /// Only the task of a connection by HTTP/1.1, or of a stream, enters its phases.
    pub(crate) fn enter(&self, phase: Phase) {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(next_word(word, phase), Ordering::Release);
    }

    /// The same where several tasks do: a connection by HTTP/2.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "connections with streams")
    )]
    pub(crate) fn enter_with_others(&self, phase: Phase) {
        let next = |word| Some(next_word(word, phase));
        let _ = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    /// A request is complete up to its body.
    pub(crate) fn request(&self, has_body: bool) {
        self.body_done.store(!has_body, Ordering::Relaxed);
        self.early.store(false, Ordering::Relaxed);
        self.response_done.store(false, Ordering::Relaxed);
        self.enter(Phase::Handling);
    }

    pub(crate) fn request_body_done(&self) {
        self.body_done.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_request_body_done(&self) -> bool {
        self.body_done.load(Ordering::Relaxed)
    }

    pub(crate) fn respond(&self, streaming: bool) {
        self.enter(if streaming {
            Phase::Streaming
        } else {
            Phase::Writing
        });
    }

    pub(crate) fn response_done(&self) {
        self.response_done.store(true, Ordering::Relaxed);
    }

    /// A byte went in or out, at whatever level.
    pub(crate) fn moved(&self) {
        self.moved.store(true, Ordering::Relaxed);
    }

    /// Whether a whole request waits for its answer, or for the rest of it, by HTTP/1.1.
    pub(crate) fn is_answering(&self) -> bool {
        let phase = self.phase();
        matches!(phase, Phase::Handling | Phase::Writing | Phase::Streaming)
            && self.is_request_body_done()
    }

    pub(crate) fn gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Bytes were read from the socket.
    pub(crate) fn read(&self) {
        self.moved();
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        } else if self.is_answering() {
            self.early.store(true, Ordering::Relaxed);
        }
    }

    /// Bytes were written to the socket, or to the engine for a stream of HTTP/2.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.moved();
        let written = self.written.load(Ordering::Relaxed);
        self.written
            .store(written.wrapping_add(bytes as u64), Ordering::Relaxed);
        self.blocked.store(false, Ordering::Relaxed);
    }

    /// The socket takes no more.
    pub(crate) fn write_blocked(&self) {
        self.blocked.store(true, Ordering::Relaxed);
    }

    /// All that the engine had has been written.
    pub(crate) fn flushed(&self) {
        if self.response_done.load(Ordering::Relaxed) {
            self.response_done.store(false, Ordering::Relaxed);
            let early = self.early.load(Ordering::Relaxed);
            self.enter(if early { Phase::Head } else { Phase::Idle });
        }
    }
}

/// Another phase, and one change more.
fn next_word(word: u32, phase: Phase) -> u32 {
    ((word >> 3).wrapping_add(1) << 3) | phase as u32
}

fn phase_of(word: u32) -> Phase {
    match word & 7 {
        0 => Phase::Head,
        1 => Phase::Idle,
        2 => Phase::Handling,
        3 => Phase::Writing,
        4 => Phase::Streaming,
        5 => Phase::Multiplexed,
        _ => Phase::Quiet,
    }
}

pin_project! {
    /// Watches one connection, or one stream of HTTP/2, with one timer.
    pub(crate) struct Watchdog {
        timeouts: Timeouts,
        seen: u32,
        since: Instant,
        moved_at: Instant,
        written: u64,
        // When an answer that has a length is too slow.
        write_by: Option<Instant>,
        blocked_since: Option<Instant>,
        armed: bool,
        bell: Arc<Bell>,
        // Who is woken by the bell.
        waker: Option<Waker>,
        #[pin]
        timer: Sleep,
    }
}

/// Tells that the timer fired, so that it need not be asked each time.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Watchdog {
    pub(crate) fn new(watch: &Watch, timeouts: Timeouts) -> Self {
        let now = Instant::now();
        Self {
            timeouts,
            seen: watch.word.load(Ordering::Acquire),
            since: now,
            moved_at: now,
            written: 0,
            write_by: None,
            blocked_since: None,
            armed: false,
            bell: Arc::default(),
            waker: None,
            timer: tokio::time::sleep_until(now),
        }
    }

    /// Ready when a time has run out. Call it after everything else has been polled.
    ///
    /// `head_by` is an earlier end for a head that is awaited, for a server that drains.
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        watch: &Watch,
        head_by: Option<Instant>,
    ) -> Poll<Expired> {
        self.as_mut().look(watch);
        self.as_mut().follow(cx);
        loop {
            let Some((deadline, expired)) = self.deadline(head_by) else {
                return Poll::Pending;
            };
            let mut this = self.as_mut().project();
            let armed = *this.armed && deadline >= this.timer.deadline();
            if armed && !this.bell.rung.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            if !armed {
                this.timer.as_mut().reset(deadline);
                *this.armed = true;
            }
            this.bell.rung.store(false, Ordering::Release);
            let waker = Waker::from(this.bell.clone());
            if this
                .timer
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
            {
                return Poll::Pending;
            }
            // It fired for what was armed, which may be long over.
            *this.armed = false;
            if Instant::now() >= deadline {
                return Poll::Ready(expired);
            }
        }
    }

    /// Has the bell wake whoever polls now. Comes before the look at whether it rang.
    fn follow(self: Pin<&mut Self>, cx: &Context<'_>) {
        let this = self.project();
        let same = this
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if !same {
            *this.waker = Some(cx.waker().clone());
            lock(&this.bell.waker).clone_from(this.waker);
        }
    }

    /// Notes when what the flags say began.
    fn look(self: Pin<&mut Self>, watch: &Watch) {
        let this = self.project();
        let word = watch.word.load(Ordering::Acquire);
        // One that comes in between counts as this one.
        let moved = watch.moved.load(Ordering::Relaxed);
        if moved {
            watch.moved.store(false, Ordering::Relaxed);
        }
        let blocked = watch.blocked.load(Ordering::Relaxed);
        if word == *this.seen && !moved && blocked == this.blocked_since.is_some() {
            return;
        }
        let now = Instant::now();
        let full = || this.timeouts.write.and_then(|time| now.checked_add(time));
        let is_new = word != *this.seen;
        if is_new {
            *this.seen = word;
            *this.since = now;
            *this.write_by = full();
        }
        if moved {
            *this.moved_at = now;
            let written = watch.written.load(Ordering::Relaxed);
            let out = written.wrapping_sub(*this.written);
            if out > 0 {
                *this.written = written;
                *this.blocked_since = None;
                // What began just now has all of its time.
                if !is_new {
                    let by = this.write_by.and_then(|by| by.checked_add(earned(out)));
                    *this.write_by = by.into_iter().chain(full()).min();
                }
            }
        }
        if !blocked {
            *this.blocked_since = None;
        } else if this.blocked_since.is_none() {
            *this.blocked_since = Some(now);
        }
    }

    fn deadline(&self, head_by: Option<Instant>) -> Option<(Instant, Expired)> {
        let Timeouts { write, idle, .. } = self.timeouts;
        let phase = phase_of(self.seen);
        let own = match phase {
            Phase::Head => {
                let own = self
                    .timeouts
                    .header
                    .and_then(|time| self.since.checked_add(time));
                let at = own.into_iter().chain(head_by).min();
                at.map(|at| (at, Expired::Header))
            }
            Phase::Idle | Phase::Quiet => after(self.since, idle, Expired::Idle),
            Phase::Handling | Phase::Multiplexed => None,
            Phase::Writing => self.write_by.map(|at| (at, Expired::Write)),
            Phase::Streaming => after(self.since.max(self.moved_at), idle, Expired::Idle),
        };
        let patience = if phase == Phase::Streaming {
            idle
        } else {
            write
        };
        let blocked = self
            .blocked_since
            .and_then(|since| after(since, patience, Expired::Write));
        own.into_iter().chain(blocked).min_by_key(|(at, _)| *at)
    }
}

fn after(since: Instant, time: Option<Duration>, expired: Expired) -> Option<(Instant, Expired)> {
    Some((since.checked_add(time?)?, expired))
}
