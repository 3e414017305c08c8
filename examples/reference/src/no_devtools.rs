//! No devtools in this build.

use plumego::app::AppBuilder;
use plumego::prelude::*;

pub(crate) fn add(app: AppBuilder, _: &ServerConfig) -> AppBuilder {
    app
}
