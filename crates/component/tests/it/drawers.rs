//! Drawers are known once every component is installed, and observers are handed on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumego_component::inspect::{Build, Reloaded, Reloading, Setting};
use plumego_component::{Drawers, Host, Lifecycle, LifecycleConfig, Setup, from_fn};
use plumego_contract::{AppContext, Error, RouteInfo};
use plumego_observe::metrics::Metrics;
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_router::Router;
use serde_json::json;

#[expect(clippy::unnecessary_wraps, reason = "what `from_fn` takes")]
fn mailer(setup: &mut Setup<'_>) -> Result<(), Error> {
    setup
        .admin(|r| r.get("/pending", async || "3"))
        .admin(|r| r.post("/flush", async || "flushed"))
        .debug(|| BTreeMap::from([("sent", 7)]));
    Ok(())
}

/// Puts every admin drawer under its component's name, and notes what the debug drawers show.
fn shower(drawers: &mut Drawers, shown: &AtomicUsize) -> Router {
    shown.store(drawers.debug().len(), Ordering::Relaxed);
    let drawer = drawers.debug().first().unwrap();
    assert_eq!(drawer.component(), "mailer");
    assert_eq!(drawer.open().unwrap(), json!({"sent": 7}));
    drawers
        .take_admin()
        .into_iter()
        .fold(Router::new(), |router, drawer| {
            let prefix = format!("/ops/{}", drawer.component());
            router.group(&prefix, |_| drawer.into_routes())
        })
}

#[test]
fn drawers_are_assembled_when_everybody_is_installed() {
    let shown = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&shown);
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    // The one that shows them comes first, and its drawers all the same.
    builder
        .component(from_fn("ops", move |setup: &mut Setup<'_>| {
            let seen = Arc::clone(&seen);
            setup.assemble(move |drawers| shower(drawers, &seen));
            Ok(())
        }))
        .component(from_fn("late", |setup: &mut Setup<'_>| {
            setup.assemble(|drawers| {
                assert!(drawers.admin().is_empty(), "they were taken");
                Router::new()
            });
            Ok(())
        }))
        .component(from_fn("mailer", mailer));
    let (_, contributions) = builder.build().unwrap();
    let frozen = contributions.add_to(Router::new());
    let frozen = frozen.freeze(AppContext::default()).unwrap();
    let routes: Vec<String> = frozen.routes().iter().map(ToString::to_string).collect();
    assert_eq!(
        routes,
        ["GET /ops/mailer/pending", "POST /ops/mailer/flush"]
    );
    assert_eq!(shown.load(Ordering::Relaxed), 1);
}

#[test]
fn a_snapshot_that_panics_or_is_no_json_is_a_line_of_text() {
    for (bad, expected) in [(0, "panicked"), (1, "cannot be written as JSON")] {
        let mut builder = Lifecycle::builder(LifecycleConfig::default());
        builder.component(from_fn("bad", move |setup: &mut Setup<'_>| {
            setup.debug(move || {
                assert!(bad != 0, "secret");
                BTreeMap::from([((1, 2), 3)])
            });
            setup.assemble(move |drawers| {
                let text = drawers.debug()[0].open().unwrap_err();
                assert!(
                    text.contains(expected) && !text.contains("secret"),
                    "{text}"
                );
                Router::new()
            });
            Ok::<_, Error>(())
        }));
        builder.build().unwrap();
    }
}

struct Count(Arc<AtomicUsize>);

impl RequestSink for Count {
    fn record(&self, _: &RequestRecord<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn sinks_metrics_and_the_kind_of_run_reach_and_leave_a_component() {
    let metrics = Metrics::default();
    let records = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&records);
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    builder.metrics(metrics.clone()).debug(true);
    builder.component(from_fn("seer", move |setup: &mut Setup<'_>| {
        assert!(setup.is_debug());
        let seen = setup.metrics().counter("seen", "Seen.");
        seen.map_err(Error::internal)?.inc();
        setup.sink(Count(Arc::clone(&counted)));
        setup.show_errors_to(|_, headers| headers.contains_key("x-me"));
        Ok(())
    }));
    let (_, mut contributions) = builder.build().unwrap();
    assert!(metrics.encode().contains("seen_total 1"));
    let sinks = contributions.take_observers().sinks;
    sinks[0].record(&RequestRecord::new("GET", "/", 200));
    assert_eq!(records.load(Ordering::Relaxed), 1);
    assert_eq!(contributions.take_viewers().len(), 1);
}

struct Server;

impl Host for Server {
    fn routes(&self) -> &[Arc<RouteInfo>] {
        &[]
    }

    fn layers(&self) -> &[&'static str] {
        &["Outermost"]
    }

    fn build(&self) -> Build {
        Build::default()
    }

    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }

    fn reload(&self) -> Reloading<'_> {
        Box::pin(async { vec![Reloaded::default()] })
    }
}

#[tokio::test]
async fn the_side_of_the_server_is_seen_once_it_is_there() {
    let builder = Lifecycle::builder(LifecycleConfig::default());
    let (lifecycle, _) = builder.build().unwrap();
    let inspect = lifecycle.inspect().clone();
    assert!(inspect.layers().is_empty() && inspect.reload().await.is_empty());
    lifecycle.inspect().set_host(Server);
    assert_eq!(inspect.layers(), ["Outermost"]);
    assert_eq!(inspect.reload().await.len(), 1);
}
