//! Telling whoever started the process how it goes: `READY_FD`, and `NOTIFY_SOCKET` of systemd.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::sync::atomic::{AtomicBool, Ordering};

use sd_notify::NotifyState;

use super::child::READY;

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
    if is_successor()
        && let Err(error) = restore_stderr()
    {
        tracing::warn!(%error, "standard error goes to the predecessor, which ends");
    }
    tell(&[NotifyState::Ready]);
    if let Some(number) = variable(READY_FD)
        && let Err(error) = say_ready(&number)
    {
        tracing::warn!(%error, number, "READY_FD: nobody could be told of readiness");
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

/// The predecessor has read our standard error, for the case that we did not come to be ready. From
/// now on it goes where that of the predecessor goes, which came as our standard input.
fn restore_stderr() -> io::Result<()> {
    nix::unistd::dup2_stderr(io::stdin())?;
    nix::unistd::dup2_stdin(open("/dev/null", true, false)?)?;
    Ok(())
}

fn say_ready(number: &str) -> io::Result<()> {
    let number: i32 = number.parse().map_err(io::Error::other)?;
    let path = format!("/dev/fd/{number}");
    if number < 3 || !std::fs::metadata(&path)?.file_type().is_fifo() {
        return Err(io::Error::other("it is no pipe"));
    }
    // Open for both, it does not wait for a reader that has gone.
    let mut pipe = open(&path, true, true).or_else(|_| open(&path, false, true))?;
    pipe.write_all(READY)?;
    // The number is ours alone, and children must not get it.
    Ok(nix::unistd::close(number)?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "descriptors that the process was started with"
)]
fn open(path: &str, read: bool, write: bool) -> io::Result<std::fs::File> {
    OpenOptions::new().read(read).write(write).open(path)
}
