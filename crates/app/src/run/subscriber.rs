//! The subscriber for `tracing`.

use std::sync::atomic::Ordering;

use crate::app::App;

/// Installs the subscriber of the application unless the program has set one.
pub(super) fn install(app: &App) {
    let (writer, log) = (app.flusher.writer(), &app.settings.log);
    let installed = plumego_observe::log::install(writer, log.filter.clone());
    log.in_use.store(installed, Ordering::Relaxed);
}
