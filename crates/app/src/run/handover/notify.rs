//! Telling whoever started the process how it goes: `READY_FD`, and `NOTIFY_SOCKET` of systemd.

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::fcntl::OFlag;
use sd_notify::NotifyState;

use super::child::{LAST_WORDS, READY, STATUS};

/// The variable with the number of a pipe that wants to be told when the application is ready.
pub(super) const READY_FD: &str = "READY_FD";
/// The variable with the process that started this one as its successor.
pub(super) const PREDECESSOR: &str = "PLUMEGO_PREDECESSOR";

/// Whether it was said: the first application of a process says it.
static ANNOUNCED: AtomicBool = AtomicBool::new(false);

/// Connections are accepted.
pub(in crate::run) fn announce_ready() {
    if ANNOUNCED.swap(true, Ordering::AcqRel) {
        return;
    }
    tell(&[NotifyState::Ready]);
    if let Some(number) = variable(READY_FD)
        && let Err(error) = say_ready(&number)
    {
        tracing::warn!(%error, number, "READY_FD: nobody could be told of readiness");
    }
}

/// The application cannot be built or started. A predecessor is told why: it logs that when the
/// process ends before it is ready.
pub(crate) fn announce_failure(reason: &dyn Error) {
    if ANNOUNCED.load(Ordering::Acquire) || !is_successor() {
        return;
    }
    if let Some(number) = variable(READY_FD)
        && let Err(error) = say(&number, &status(&with_causes(reason)))
    {
        tracing::warn!(%error, number, "READY_FD: the predecessor could not be told why");
    }
}

/// The application ends.
pub(in crate::run) fn announce_stop() {
    tell(&[NotifyState::Stopping]);
}

/// The service goes on in another process.
pub(super) fn announce_successor(process: u32) {
    tell(&[NotifyState::MainPid(process)]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "NOTIFY_SOCKET: the service manager could not be told");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the protocol of whoever started the process, no setting of the program"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the process that started this one hands over to it. Children of a successor inherit the
/// variable, and are none.
fn is_successor() -> bool {
    let parent = std::os::unix::process::parent_id().to_string();
    variable(PREDECESSOR).is_some_and(|process| process == parent)
}

fn with_causes(error: &dyn Error) -> String {
    let mut all = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        all = format!("{all}: {error}");
        cause = error.source();
    }
    all
}

/// One line, and short enough that a pipe takes it at once.
fn status(words: &str) -> String {
    let words = words.replace(char::is_control, " ");
    let end = words.floor_char_boundary(LAST_WORDS);
    format!("{STATUS}{}\n", words.get(..end).unwrap_or_default())
}

fn say_ready(number: &str) -> io::Result<()> {
    let number = say(number, &format!("{READY}\n"))?;
    // The number is ours alone, and children must not get it.
    Ok(nix::unistd::close(number)?)
}

/// Writes this to the pipe with this number. Never waits: a pipe that is full says so.
fn say(number: &str, line: &str) -> io::Result<i32> {
    let number: i32 = number.parse().map_err(io::Error::other)?;
    let path = format!("/dev/fd/{number}");
    if number < 3 || !is_pipe(&path)? {
        return Err(io::Error::other("it is no pipe"));
    }
    // Open for both, it does not wait for a reader that has gone.
    let mut pipe = open(&path, true).or_else(|_| open(&path, false))?;
    pipe.write_all(line.as_bytes())?;
    Ok(number)
}

fn is_pipe(path: &str) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.file_type().is_fifo())
}

#[expect(
    clippy::disallowed_methods,
    reason = "descriptors that the process was started with"
)]
fn open(path: &str, read: bool) -> io::Result<std::fs::File> {
    OpenOptions::new()
        .read(read)
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
}
