//! What a component may look at: the application once it is built.

use std::sync::{Arc, Mutex};

use plumego_app::{App, Config, ServerConfig};
use plumego_component::inspect::{Inspect, Setting};
use plumego_component::{Setup, from_fn};
use plumego_contract::Error;
use plumego_middleware::RequestIdLayer;
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_stdx::Secret;

use crate::client::{Client, app, app_with, start, stop};

/// A component that hands out what it may look at.
fn seer(app: plumego_app::AppBuilder) -> (plumego_app::AppBuilder, Arc<Mutex<Option<Inspect>>>) {
    let seen = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&seen);
    let component = from_fn("seer", move |setup: &mut Setup<'_>| {
        *kept.lock().unwrap() = Some(setup.inspect().clone());
        Ok::<_, Error>(())
    });
    (app.component(component), seen)
}

fn inspected(app: plumego_app::AppBuilder) -> (App, Inspect) {
    let (app, seen) = seer(app);
    let app = app.build().unwrap();
    let inspect = seen.lock().unwrap().clone().unwrap();
    (app, inspect)
}

fn find<'a>(settings: &'a [Setting], key: &str) -> (&'a str, &'a str) {
    let setting = settings.iter().find(|one| one.key == key).unwrap();
    (&setting.value, &setting.origin)
}

#[tokio::test]
async fn routes_layers_and_the_kind_of_run_are_there() {
    let (app, inspect) = inspected(
        app_with(|config| config.debug = true)
            .layer(RequestIdLayer::new())
            .routes(|r| r.get("/users/{id}", async || "user")),
    );
    assert!(inspect.is_debug());
    let patterns: Vec<_> = inspect.routes().iter().map(|one| &one.pattern).collect();
    assert_eq!(patterns[0], "/users/{id}");
    assert_eq!(patterns.len(), app.routes().len());
    let layers = inspect.layers();
    assert_eq!(layers.first(), Some(&"RequestIdLayer"));
    assert_eq!(layers.last(), Some(&"RequestIdLayer"), "{layers:?}");
    assert!(layers.contains(&"RecoverLayer"));
    assert_eq!(inspect.build().version, "dev");
    assert!(inspect.reload().await.is_empty(), "nothing can be reloaded");
}

#[test]
fn a_setting_says_where_it_came_from_and_a_secret_says_nothing() {
    let directory = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test")]
    std::fs::write(directory.path().join(".env"), "APP_QUEUE_DEPTH=7\n").unwrap();
    let config = Config::loader()
        .directory(directory.path())
        .environment([("OPS_TOKEN", "hunter2hunter2hunter2"), ("APP_DEBUG", "1")])
        .load()
        .unwrap();
    let mut builder = app().config(&config);
    builder.config_mut().max_connections = 77;
    let (_, inspect) = inspected(builder);
    let settings = inspect.settings();
    assert_eq!(find(&settings, "server.debug").0, "true");
    let (depth, origin) = find(&settings, "server.queue_depth");
    assert_eq!(depth, "7");
    assert!(origin.contains(".env line 1"), "{origin}");
    let (_, origin) = find(&settings, "server.read_timeout");
    assert_eq!(origin, "default");
    assert_eq!(find(&settings, "server.max_connections"), ("77", "program"));
    let (token, origin) = find(&settings, "server.ops_token");
    assert_eq!(token, "[secret]");
    assert_eq!(origin, "environment variable OPS_TOKEN");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_configuration_made_by_hand_is_shown_too() {
    let mut config = ServerConfig::default();
    config.queue_depth = 3;
    config.auth_token = Some(Secret::new("hunter2".to_owned()));
    let (_, inspect) = inspected(app().config(config));
    let settings = inspect.settings();
    assert_eq!(find(&settings, "server.queue_depth"), ("3", "program"));
    assert_eq!(find(&settings, "server.addr"), (":8080", "default"));
    assert_eq!(find(&settings, "server.auth_token").0, "[secret]");
}

struct Keep(Arc<Mutex<Vec<(String, u16)>>>);

impl RequestSink for Keep {
    fn record(&self, record: &RequestRecord<'_>) {
        let line = (record.path.to_owned(), record.status);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn a_component_gets_the_record_of_every_request() {
    let records = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&records);
    let sink = from_fn("records", move |setup: &mut Setup<'_>| {
        setup.sink(Keep(Arc::clone(&kept)));
        Ok::<_, Error>(())
    });
    // Also when nobody else wants any.
    let app = app().component(sink).guards(|guards| {
        (guards.access_log, guards.metrics, guards.trace) = (false, false, false);
    });
    let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.status(), 200);
    assert_eq!(client.get("/nowhere").await.status(), 404);
    drop(client);
    stop(running).await;
    let records = records.lock().unwrap().clone();
    assert_eq!(
        records,
        [("/".to_owned(), 200), ("/nowhere".to_owned(), 404)]
    );
}
