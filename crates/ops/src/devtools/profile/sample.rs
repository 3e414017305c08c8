//! Taking samples.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use plumego_contract::Error;
use plumego_stdx::Timestamp;
use pprof::{ProfilerGuardBuilder, Report};

/// The deepest stack that is kept.
const MAX_DEPTH: usize = 512;

/// What was sampled.
pub(super) struct Profile {
    pub(super) stacks: Vec<Stack>,
    /// Samples a second.
    pub(super) frequency: u32,
    pub(super) start: Timestamp,
    pub(super) duration: Duration,
    /// The processor time that a sample stands for.
    pub(super) period: Duration,
}

/// A stack that was seen, and how often.
pub(super) struct Stack {
    /// The innermost first. An inlined function has a frame of its own.
    pub(super) frames: Vec<Frame>,
    pub(super) thread: String,
    pub(super) count: u64,
}

/// A function on a stack.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) name: String,
    /// Its name in the binary.
    pub(super) symbol: String,
    pub(super) file: String,
    pub(super) line: u32,
}

/// Takes one profile at a time: there is one timer in a process.
#[derive(Default)]
pub(super) struct Sampler {
    busy: Arc<AtomicBool>,
}

/// Frees the sampler, wherever the work ends.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Sampler {
    /// Samples for this long.
    ///
    /// # Cancel safety
    /// Dropping the future ends the sampling at once.
    pub(super) async fn take(&self, time: Duration, frequency: u32) -> Result<Profile, Error> {
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(running());
        }
        let busy = Busy(Arc::clone(&self.busy));
        // Dropped with this future, it ends the wait.
        let (keep, dropped) = mpsc::channel::<()>();
        let work = move || {
            let _busy = busy;
            sample(&dropped, time, frequency)
        };
        let profile = tokio::task::spawn_blocking(work).await;
        drop(keep);
        profile.map_err(Error::internal)?
    }
}

fn sample(dropped: &mpsc::Receiver<()>, time: Duration, frequency: u32) -> Result<Profile, Error> {
    let start = Timestamp::now();
    let rate = i32::try_from(frequency).map_err(Error::internal)?;
    let guard = ProfilerGuardBuilder::default().frequency(rate).build();
    let guard = guard.map_err(|error| match error {
        // Somebody else in the process is at it.
        pprof::Error::Running => running(),
        other => Error::internal(other),
    })?;
    let before = processor_time();
    if dropped.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Disconnected) {
        return Err(Error::internal("nobody waits for the profile any more"));
    }
    let used = processor_time().saturating_sub(before);
    let report = guard.report().build().map_err(Error::internal)?;
    drop(guard);
    let stacks = stacks(&report);
    let samples = stacks.iter().map(|stack| stack.count).sum();
    Ok(Profile {
        stacks,
        frequency,
        period: period(used, samples, frequency),
        start,
        duration: report.timing.duration,
    })
}

/// What the whole process has used so far.
fn processor_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    let time = |time: TimeVal| {
        let micros = time.num_microseconds();
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    time(usage.user_time()) + time(usage.system_time())
}

/// What was used, spread over the samples. A kernel whose clock ticks 250 times a second takes no
/// more samples than that, whatever it is asked for.
fn period(used: Duration, samples: u64, frequency: u32) -> Duration {
    match u32::try_from(samples) {
        Ok(samples) if samples > 0 && !used.is_zero() => used / samples,
        _ => Duration::from_secs(1) / frequency.max(1),
    }
}

fn stacks(report: &Report) -> Vec<Stack> {
    let mut stacks = Vec::with_capacity(report.data.len());
    for (seen, count) in &report.data {
        let symbols = seen.frames.iter().flatten().take(MAX_DEPTH);
        let frames = symbols.map(|symbol| Frame {
            name: symbol.name(),
            symbol: symbol.sys_name().into_owned(),
            file: symbol.filename().into_owned(),
            line: symbol.lineno(),
        });
        stacks.push(Stack {
            frames: frames.collect(),
            thread: seen.thread_name.clone(),
            count: u64::try_from(*count).unwrap_or(0),
        });
    }
    stacks
}

fn running() -> Error {
    let detail = "A profile is being taken; wait for its end.";
    Error::conflict("profile_running", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_share_what_was_used() {
        for (used_ms, samples, frequency, period_us) in [
            (2000, 500, 1000, 4000),
            (2000, 198, 99, 10_101),
            (0, 0, 100, 10_000),
            (7, 0, 100, 10_000),
            (0, 3, 100, 10_000),
        ] {
            let period = period(Duration::from_millis(used_ms), samples, frequency);
            assert_eq!(period.as_micros(), period_us, "{used_ms} {samples}");
        }
    }

    #[test]
    fn time_is_used() {
        let before = processor_time();
        while processor_time() == before {
            std::hint::black_box([0_u8; 4096]);
        }
    }
}
