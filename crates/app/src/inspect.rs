//! What components may look at of the application.

use std::sync::Arc;

use plumego_component::inspect::{Build, Host, Reloaded, Reloading, Setting};
use plumego_contract::RouteInfo;
use plumego_router::Frozen;

use crate::config::Shown;
use crate::endpoints::BuildInfo;
use crate::reload::{Changes, Refused, Reloader, Trigger};

/// The side of the server.
pub(crate) struct View {
    routes: Vec<Arc<RouteInfo>>,
    layers: Vec<&'static str>,
    build: BuildInfo,
    shown: Shown,
    reloader: Reloader,
}

impl View {
    pub(crate) fn new(
        router: &Frozen,
        layers: Vec<&'static str>,
        (build, shown): (BuildInfo, Shown),
        reloader: Reloader,
    ) -> Self {
        Self {
            routes: router.routes().to_vec(),
            layers,
            build,
            shown,
            reloader,
        }
    }
}

impl Host for View {
    fn routes(&self) -> &[Arc<RouteInfo>] {
        &self.routes
    }

    fn layers(&self) -> &[&'static str] {
        &self.layers
    }

    fn build(&self) -> Build {
        Build {
            version: self.build.version,
            commit: self.build.commit,
            build_time: self.build.build_time,
        }
    }

    fn settings(&self) -> Vec<Setting> {
        self.shown.settings()
    }

    fn reload(&self) -> Reloading<'_> {
        Box::pin(async {
            let report = self.reloader.reload_all(Trigger::Call).await;
            report.outcomes().map(told).collect()
        })
    }
}

fn told((source, outcome): (&'static str, &Result<Changes, Refused>)) -> Reloaded {
    let mut told = Reloaded {
        source,
        taken: outcome.is_ok(),
        ..Reloaded::default()
    };
    match outcome {
        Ok(changes) => {
            told.changed = changes.in_effect().to_vec();
            told.needs_restart = changes.needing_restart().to_vec();
            told.warnings = changes.warnings().to_vec();
        }
        Err(refused) => told.problems = refused.problems().to_vec(),
    }
    told
}
