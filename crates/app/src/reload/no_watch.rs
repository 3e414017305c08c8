//! Without the feature `watch` nobody looks at the files.

use std::path::PathBuf;

/// Knows nothing.
#[derive(Clone)]
pub(super) struct Known;

impl Known {
    pub(super) fn look(_: &[Vec<PathBuf>]) -> Self {
        Self
    }
}

/// Sees nothing.
pub(super) struct Watcher;

#[expect(clippy::unused_async, reason = "the same with and without the feature")]
impl Watcher {
    pub(super) async fn new(_: Vec<Vec<PathBuf>>, _: Known) -> Self {
        Self
    }

    pub(super) async fn watch(&mut self, _: Vec<Vec<PathBuf>>) {}

    pub(super) async fn changed(&mut self) -> Vec<usize> {
        std::future::pending().await
    }
}
