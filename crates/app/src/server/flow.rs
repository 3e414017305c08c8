//! Where a request belongs: its connection, and its stream when it came by HTTP/2.

use std::sync::Arc;

use super::Shared;
use super::registry::Entry;
use super::watch::Watch;

/// The connection of a request and, with HTTP/2, the watch of its stream.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) entry: Arc<Entry>,
    stream: Option<Arc<Watch>>,
}

impl Flow {
    /// `stream` is the watch of the stream, with HTTP/2.
    pub(crate) fn new(entry: Arc<Entry>, stream: Option<Arc<Watch>>) -> Self {
        Self { entry, stream }
    }

    /// What all connections share.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.entry.shared
    }

    /// Whether it came by HTTP/2.
    pub(crate) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    fn watch(&self) -> &Watch {
        self.stream.as_deref().unwrap_or(&self.entry.watch)
    }

    pub(crate) fn request(&self, has_body: bool) {
        self.watch().request(has_body);
    }

    pub(crate) fn request_body_done(&self) {
        self.watch().request_body_done();
    }

    pub(crate) fn respond(&self, streaming: bool) {
        self.watch().respond(streaming);
    }

    pub(crate) fn response_done(&self) {
        self.watch().response_done();
    }

    /// A frame of a body went in or out. With HTTP/1.1 the socket says so itself.
    pub(crate) fn moved(&self) {
        if let Some(stream) = &self.stream {
            stream.moved();
        }
    }

    /// A piece of an answer was given to the engine. With HTTP/1.1 the socket counts.
    pub(crate) fn wrote(&self, bytes: usize) {
        if let Some(stream) = &self.stream {
            stream.wrote(bytes);
        }
    }
}
