//! Without the feature `compression` nothing is compressed here.

use std::sync::Arc;

use http::HeaderValue;
use plumego_contract::coding::Coding;
use tokio::sync::Semaphore;

use crate::entry::{Entry, Variant};
use crate::settings::Settings;
use crate::source::Content;

#[derive(Debug)]
pub(crate) struct Own;

#[expect(clippy::unused_self, reason = "the face of the other file")]
impl Own {
    pub(crate) fn new(settings: &Settings, _: &HeaderValue, _: &Content) -> Self {
        let _ = settings.compress;
        Self
    }

    pub(crate) fn offers(&self) -> bool {
        false
    }

    pub(crate) fn has(&self, _: Coding) -> bool {
        false
    }

    pub(crate) fn get(&self, _: Coding) -> Option<&Arc<Variant>> {
        None
    }

    pub(crate) fn made(&self) -> impl Iterator<Item = &Arc<Variant>> {
        std::iter::empty()
    }
}

#[expect(clippy::unused_async, reason = "the face of the other file")]
pub(crate) async fn make(
    _: &Arc<Entry>,
    _: Coding,
    _: &Arc<Semaphore>,
    _: impl FnOnce(usize) + Send + 'static,
) {
}
