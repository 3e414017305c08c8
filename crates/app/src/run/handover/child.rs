//! Waiting for a successor.

use std::io::Write;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::task::JoinHandle;

/// How much of what it wrote to standard error is kept for the reason.
const LAST_WORDS: usize = 2048;
/// How long the end of it is awaited when the successor has ended: a child of it may hold it open.
const FAREWELL: Duration = Duration::from_millis(500);

/// A process that is killed when this is dropped, unless it is let go.
struct Ward(Option<Child>);

impl Drop for Ward {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.start_kill();
        }
    }
}

/// Waits until the successor says that it is ready. One that is not in time is killed, and so is
/// one that nobody waits for any more.
pub(super) async fn wait(
    child: Child,
    ready: pipe::Receiver,
    patience: Duration,
) -> Result<u32, String> {
    let mut ward = Ward(Some(child));
    let Some(child) = &mut ward.0 else {
        return Err("there is no process".to_owned());
    };
    let words = child.stderr.take().map(|errors| tokio::spawn(copy(errors)));
    let process = child.id().unwrap_or_default();
    let said = tokio::select! {
        biased;
        () = is_ready(ready) => {
            // The runtime goes on watching for its end.
            ward.0 = None;
            return Ok(process);
        }
        ended = child.wait() => match ended {
            Ok(status) => format!("process {process} ended before it was ready, {}", of(status)),
            Err(error) => format!("process {process} cannot be watched: {error}"),
        },
        () = tokio::time::sleep(patience) => {
            let killed = child.kill().await;
            let failed = killed.err().map(|error| format!(" ({error})")).unwrap_or_default();
            format!("process {process} was not ready within {patience:?} and was killed{failed}")
        }
    };
    match last_words(words).await {
        Some(words) => Err(format!("{said}; its last words: {words}")),
        None => Err(said),
    }
}

/// `exit status: 1`, `signal: 9 (SIGKILL)`.
fn of(status: ExitStatus) -> String {
    status.to_string()
}

/// Ready when the word has come; never when the other end closes without it.
async fn is_ready(mut pipe: pipe::Receiver) {
    let mut said = Vec::new();
    let mut part = [0; 64];
    while let Ok(count @ 1..) = pipe.read(&mut part).await {
        said.extend_from_slice(part.get(..count).unwrap_or_default());
        if said.windows(READY.len()).any(|word| word == READY) {
            return;
        }
        let rest = said.len().saturating_sub(READY.len());
        said.drain(..rest);
    }
    std::future::pending::<()>().await;
}

/// What the successor writes when it is ready.
pub(super) const READY: &[u8] = b"READY=1\n";

/// Copies to our own standard error, and keeps the end.
async fn copy(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut part = [0; 1024];
    while let Ok(count @ 1..) = from.read(&mut part).await {
        let part = part.get(..count).unwrap_or_default();
        let _ = std::io::stderr().write_all(part);
        kept.extend_from_slice(part);
        let excess = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..excess);
    }
    kept
}

async fn last_words(words: Option<JoinHandle<Vec<u8>>>) -> Option<String> {
    let words = tokio::time::timeout(FAREWELL, words?).await.ok()?.ok()?;
    let words = String::from_utf8_lossy(&words);
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}
