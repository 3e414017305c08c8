//! `/_debug` in a development run (`APP_DEBUG=true`): for this machine, and for operators.

use plumego::app::AppBuilder;
use plumego::ops::Devtools;
use plumego::prelude::*;

use crate::operators::guard;

pub(crate) fn add(app: AppBuilder, server: &ServerConfig) -> AppBuilder {
    app.component(Devtools::new(guard(server)))
}
