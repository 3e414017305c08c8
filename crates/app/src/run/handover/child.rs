//! Waiting for a successor.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;

/// What the successor writes when it is ready, before the end of the line.
pub(super) const READY: &str = "READY=1";
/// What is before the words of one that is not.
pub(super) const STATUS: &str = "STATUS=";
/// The most bytes of its words that are told.
pub(super) const LAST_WORDS: usize = 2048;
/// The longest line that is understood.
const MAX_LINE: usize = 2 * LAST_WORDS;
/// How long its words are awaited when it has ended: a child of it may hold the pipe open.
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
    let mut voice = Voice::new(ready);
    let process = child.id().unwrap_or_default();
    let said = tokio::select! {
        biased;
        () = voice.is_ready() => {
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
    match voice.last_words().await {
        Some(words) => Err(format!("{said}; its last words: {words}")),
        None => Err(said),
    }
}

/// `exit status: 1`, `signal: 9 (SIGKILL)`.
fn of(status: ExitStatus) -> String {
    status.to_string()
}

/// What the successor says over its pipe, line by line.
struct Voice {
    pipe: pipe::Receiver,
    line: Vec<u8>,
    words: Option<String>,
}

impl Voice {
    fn new(pipe: pipe::Receiver) -> Self {
        Self {
            pipe,
            line: Vec::new(),
            words: None,
        }
    }

    /// Ready when the word has come; never when the other end closes without it.
    async fn is_ready(&mut self) {
        if !self.listen().await {
            std::future::pending::<()>().await;
        }
    }

    /// What it said last of why it fails.
    async fn last_words(mut self) -> Option<String> {
        let _ = tokio::time::timeout(FAREWELL, self.listen()).await;
        self.words
    }

    /// Listens until it says that it is ready, or to the end. What was heard is kept when the
    /// future is dropped.
    async fn listen(&mut self) -> bool {
        let mut part = [0; 1024];
        while let Ok(count @ 1..) = self.pipe.read(&mut part).await {
            for byte in part.iter().take(count) {
                if self.hear(*byte) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether this byte ends the line that says it is ready.
    fn hear(&mut self, byte: u8) -> bool {
        if byte != b'\n' {
            if self.line.len() < MAX_LINE {
                self.line.push(byte);
            }
            return false;
        }
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if let Some(words) = line.strip_prefix(STATUS) {
            self.words = Some(words.to_owned());
        }
        line == READY
    }
}
