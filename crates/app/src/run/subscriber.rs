//! The subscriber for `tracing`.

use crate::app::App;

/// Installs the subscriber of the application unless the program has set one.
pub(super) fn install(app: &App) {
    let (writer, filter) = (app.flusher.writer(), app.settings.log_filter.clone());
    plumego_observe::log::install(writer, filter);
}
