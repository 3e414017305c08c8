//! Without the feature `handover` nobody takes over, and nobody is told anything.

use std::error::Error;
use std::io;

use super::Handle;
use crate::builder::Settings;
use crate::server::Bound;

/// Who takes over: nobody.
#[derive(Debug, Clone, Default)]
pub(super) struct Successor {}

/// What a successor needs: nothing.
#[derive(Debug)]
pub(super) struct Armed;

impl Successor {
    #[expect(clippy::unused_self, reason = "the same with and without the feature")]
    pub(super) fn arm(&self, _: &[Bound], settings: &Settings) -> Armed {
        let _ = settings.start_timeout;
        Armed
    }

    #[expect(clippy::unused_self, reason = "the same with and without the feature")]
    pub(super) fn has_taken_over(&self) -> bool {
        false
    }
}

pub(super) fn announce_ready() {}

pub(crate) fn announce_failure(_: &dyn Error) {}

pub(super) fn announce_stop() {}

pub(super) fn request(handle: &Handle) {
    let _ = handle.successor;
}

/// A signal that never comes: the default of the system applies to it.
pub(super) struct Signal;

impl Signal {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the same with and without the feature"
    )]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn recv(&mut self) {
        std::future::pending::<()>().await;
    }
}
