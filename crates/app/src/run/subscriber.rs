//! The subscriber for `tracing`.

use crate::app::App;

/// Installs the subscriber of the application unless the program has set one.
pub(super) fn install(app: &App) {
    let settings = &app.settings;
    let (filter, tracer) = (settings.log_filter.clone(), settings.tracer.clone());
    // The filter knows whether it is in use.
    let _ = plumego_observe::log::install(app.flusher.writer(), filter, tracer);
}
