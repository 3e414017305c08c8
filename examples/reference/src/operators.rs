//! `/ops` for whoever has a token of `OPS_TOKEN` or `OPS_READ_TOKEN`; without one there is none.

use plumego::app::AppBuilder;
use plumego::ops::{Admin, Guard};
use plumego::prelude::*;

pub(crate) fn add(app: AppBuilder, server: &ServerConfig) -> AppBuilder {
    let guard = guard(server);
    if guard.denies_everybody() && guard.problems().is_empty() {
        return app;
    }
    app.component(Admin::new(guard))
}

pub(crate) fn guard(server: &ServerConfig) -> Guard {
    Guard::new()
        .operate(&server.ops_token)
        .read(&server.ops_read_token)
}
