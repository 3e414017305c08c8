//! One server-sent event.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::Error;

/// One server-sent event, written so that no value can become a field of its own.
///
/// A browser dispatches an event when it has `data`; one with only an id, a retry time or a
/// comment changes its state silently.
///
/// ```
/// use plumego_contract::Event;
///
/// let event = Event::new().id("7").event("tick").data("one\ntwo");
/// assert_eq!(event.to_string(), "event: tick\nid: 7\ndata: one\ndata: two\n\n");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    comment: Option<String>,
    kind: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
    data: Option<String>,
}

impl Event {
    /// An event without anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the id, which a browser sends back as `Last-Event-ID` when it reconnects. Line breaks
    /// are taken out; an id with a NUL is left out, since clients ignore it.
    #[must_use]
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        self.id = (!id.contains('\0')).then(|| one_line(id));
        self
    }

    /// Sets the type, by which a browser chooses the listener. Line breaks are taken out. Default:
    /// none, which browsers read as `message`.
    #[must_use]
    pub fn event(mut self, event: impl AsRef<str>) -> Self {
        self.kind = Some(one_line(event.as_ref()));
        self
    }

    /// Sets the data. Each line of it, ended by CR, LF or CRLF, becomes a field; the client joins
    /// them with LF.
    #[must_use]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Sets the data to this value as JSON.
    ///
    /// # Errors
    /// `500 internal` when it cannot be encoded.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        let data = serde_json::to_string(value).map_err(Error::internal)?;
        Ok(self.data(data))
    }

    /// Sets how long the client waits before it reconnects, in whole milliseconds.
    #[must_use]
    pub fn retry(mut self, after: Duration) -> Self {
        self.retry = Some(after);
        self
    }

    /// Sets a comment, which clients skip. Each line of it becomes a comment of its own.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    pub(super) fn encode(&self) -> Bytes {
        self.to_string().into()
    }
}

/// As it is sent, the blank line at its end included.
impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(comment) = &self.comment {
            for line in lines(comment) {
                writeln!(f, ": {line}")?;
            }
        }
        if let Some(kind) = &self.kind {
            writeln!(f, "event: {kind}")?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {id}")?;
        }
        if let Some(retry) = self.retry {
            writeln!(f, "retry: {}", retry.as_millis())?;
        }
        if let Some(data) = &self.data {
            for line in lines(data) {
                writeln!(f, "data: {line}")?;
            }
        }
        f.write_char('\n')
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

/// The lines of a text as the standard reads them: CRLF, LF and a lone CR each end one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, after)) = text.split_once(['\r', '\n']) else {
            return rest.take();
        };
        let crlf = text
            .get(line.len()..)
            .is_some_and(|end| end.starts_with("\r\n"));
        rest = if crlf { after.get(1..) } else { Some(after) };
        Some(line)
    })
}
