//! Without the feature `log` the program brings its own subscriber for `tracing`.

use crate::app::App;

/// Leaves the filter to the program's own.
pub(super) fn install(app: &App) {
    let _ = (&app.settings.log_filter, &app.settings.tracer);
}
