//! Reading again while the application runs.
#![expect(clippy::disallowed_methods, reason = "the tests write and read files")]

#[cfg(unix)]
pub mod process;
mod settings;
mod sources;
#[cfg(feature = "watch")]
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumego_app::{Changes, Refused, Reload};
use tokio::sync::watch as seen;

/// A source that is the text of a file; `bad` is refused.
#[derive(Clone)]
pub struct Text {
    name: &'static str,
    file: Arc<PathBuf>,
    watched: bool,
    shown: seen::Sender<String>,
}

impl Text {
    pub fn new(name: &'static str, file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        Self {
            name,
            file: Arc::new(file.to_owned()),
            watched: true,
            shown: seen::Sender::new(text),
        }
    }

    pub fn unwatched(mut self) -> Self {
        self.watched = false;
        self
    }

    pub fn text(&self) -> String {
        self.shown.borrow().clone()
    }

    pub fn subscribe(&self) -> seen::Receiver<String> {
        self.shown.subscribe()
    }
}

impl Reload for Text {
    fn name(&self) -> &'static str {
        self.name
    }

    fn paths(&self) -> Vec<PathBuf> {
        let watched = self.watched.then(|| self.file.to_path_buf());
        watched.into_iter().collect()
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        let text = std::fs::read_to_string(&*self.file).unwrap_or_default();
        if text == "bad" {
            return Err(Refused::new("the text is bad").and("and not good"));
        }
        let changed = self.shown.send_if_modified(|old| {
            let changed = *old != text;
            *old = text;
            changed
        });
        Ok(if changed {
            Changes::none().changed("the text")
        } else {
            Changes::none()
        })
    }
}
