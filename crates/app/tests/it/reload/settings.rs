//! A configuration that is read again, and what becomes of it in the server that runs.

use std::fs;
use std::time::Duration;

use plumego_app::{App, AppBuilder, Changes, Config, Handle, Running};
use plumego_component::Phase;
use plumego_middleware::rate_limit::AbuseGuardConfig;
use plumego_observe::log::CaptureSink;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::client::{Client, start, stop, within};

#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub greeting: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            greeting: "hello".to_owned(),
        }
    }
}

/// A directory with a `.env`.
struct Place(TempDir);

impl Place {
    fn new(env: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write(env);
        place
    }

    fn write(&self, env: &str) {
        fs::write(self.0.path().join(".env"), env).unwrap();
    }

    fn config(&self) -> Config<Settings> {
        let loader = Config::of::<Settings>().directory(self.0.path());
        loader
            .environment([("APP_ADDR", "127.0.0.1:0")])
            .load()
            .unwrap()
    }
}

fn app(config: &Config<Settings>) -> AppBuilder {
    let waits = std::sync::Arc::new(Semaphore::new(0));
    App::builder()
        .config(config)
        .log_sink(CaptureSink::default())
        .routes(|r| {
            r.get("/", async || "ok")
                .get("/wait", async move || {
                    waits.acquire().await.unwrap().forget();
                    "waited"
                })
                .post("/echo", async |body: String| body)
        })
}

async fn running(place: &Place) -> (Running, std::net::SocketAddr) {
    start(app(&place.config())).await
}

/// What the configuration answers; it must not refuse.
async fn changes(handle: &Handle) -> Changes {
    let report = handle.reload().await;
    report.of("config").unwrap().clone().unwrap()
}

/// Every change takes effect.
async fn reload(place: &Place, handle: &Handle, env: &str) {
    place.write(env);
    let changes = changes(handle).await;
    assert!(changes.needing_restart().is_empty(), "{changes}");
    assert!(!changes.in_effect().is_empty());
}

// acceptance 21.1 (43), 21.2 (25)
#[tokio::test]
async fn what_is_wrong_changes_nothing_and_names_key_and_source() {
    let place = Place::new("APP_GREETING=hi\nAPP_MAX_BODY_BYTES=4");
    let config = place.config();
    let live = config.live();
    let mut told = live.subscribe();
    let (running, addr) = start(app(&config)).await;
    let handle = running.handle();

    place.write("APP_GREETING=moin\nAPP_MAX_BODY_BYTES=lots\nAPP_READ_TIMEOUT_MS=2h");
    let report = handle.reload().await;
    let refused = report.of("config").unwrap().clone().unwrap_err();
    let problems = refused.problems();
    assert_eq!(problems.len(), 2, "{refused}");
    let of = |key: &str| problems.iter().any(|problem| problem.contains(key));
    assert!(
        of("`server.max_body_bytes` (.env line 2, APP_MAX_BODY_BYTES)"),
        "{refused}"
    );
    assert!(
        of("`server.read_timeout` (.env line 3, APP_READ_TIMEOUT_MS)"),
        "{refused}"
    );
    assert_eq!(live.current().greeting, "hi");
    let mut client = Client::connect(addr).await;
    let five = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345";
    client.send(five).await;
    assert_eq!(client.answer().await.status(), 413);

    // A key that was taken away has its default again.
    place.write("APP_GREETING=moin");
    let changes = changes(&handle).await;
    assert_eq!(
        changes.in_effect(),
        [
            "server.max_body_bytes: 4 → 10485760 (default)",
            "greeting: \"hi\" → \"moin\" (.env line 1, APP_GREETING)",
        ]
    );
    assert_eq!(within(told.changed()).await.unwrap().greeting, "moin");
    let mut client = Client::connect(addr).await;
    client.send(five).await;
    assert_eq!(client.answer().await.body, "12345");
    stop(running).await;
}

#[tokio::test]
async fn what_needs_a_restart_is_said_so_by_name() {
    let place = Place::new("");
    let (running, _) = running(&place).await;
    place.write("APP_MAX_HEADER_BYTES=65536\nAPP_LOG_FORMAT=json\nAPP_GREETING=hi");
    let changes = changes(&running.handle()).await;
    let named = |list: &[String]| -> Vec<String> {
        let key = |line: &String| line.split(':').next().unwrap().to_owned();
        list.iter().map(key).collect()
    };
    let restart = ["server.max_header_bytes", "server.log_format"];
    assert_eq!(named(changes.needing_restart()), restart);
    assert_eq!(named(changes.in_effect()), ["greeting"]);
    stop(running).await;
}

/// Who protects a service by these is not to lose them, or to believe that they are there, by a
/// reload.
#[tokio::test]
async fn what_protects_is_not_switched_by_a_reload() {
    let of =
        |is: bool| format!("APP_SECURITY_HEADERS_ENABLED={is}\nAPP_ABUSE_GUARD_ENABLED={is}\n");
    for is in [true, false] {
        let place = Place::new(&of(is));
        let (running, addr) = running(&place).await;
        place.write(&of(!is));
        let changes = changes(&running.handle()).await;
        assert!(changes.in_effect().is_empty(), "{changes}");
        for (told, key) in changes.needing_restart().iter().zip([
            "server.abuse_guard_enabled",
            "server.security_headers_enabled",
        ]) {
            let expected = format!("{key}: {is} → {} (.env", !is);
            assert!(told.starts_with(&expected), "{told}");
        }
        assert_eq!(changes.needing_restart().len(), 2, "{changes}");
        let answer = Client::connect(addr).await.get("/").await;
        assert_eq!(answer.header("x-content-type-options").is_some(), is);
        assert_eq!(answer.header("ratelimit-policy").is_some(), is);
        stop(running).await;
    }
}

#[tokio::test]
async fn what_waits_for_a_restart_is_told_until_it_does_not() {
    let place = Place::new("");
    let (running, _) = running(&place).await;
    let handle = running.handle();
    place.write("APP_MAX_HEADER_BYTES=65536");
    let waits = "server.max_header_bytes: 1048576 → 65536 (.env line 1, APP_MAX_HEADER_BYTES)";
    assert_eq!(changes(&handle).await.needing_restart(), [waits]);

    let again = changes(&handle).await;
    assert!(again.is_empty(), "{again}");
    assert_eq!(
        again.warnings(),
        [format!("{waits}: still needs a restart")]
    );

    place.write("APP_GREETING=hi\nAPP_MAX_HEADER_BYTES=131072");
    let more = changes(&handle).await;
    let waits = "server.max_header_bytes: 1048576 → 131072 (.env line 2, APP_MAX_HEADER_BYTES)";
    assert_eq!(more.needing_restart(), [waits]);

    place.write("APP_GREETING=hi");
    let back = changes(&handle).await;
    let told = "server.max_header_bytes: 131072 → 1048576 (default): as it is in force";
    assert_eq!(back.in_effect(), [told]);
    assert!(back.needing_restart().is_empty(), "{back}");
    assert!(back.warnings().is_empty(), "{back:?}");
    stop(running).await;
}

/// It would be told at the next start, when nobody looks.
#[tokio::test]
async fn a_candidate_that_no_application_is_built_with_is_refused() {
    let place = Place::new("APP_MAX_BODY_BYTES=4");
    let (running, _) = running(&place).await;
    let handle = running.handle();
    for (candidate, told) in [
        ("TLS_CLIENT_AUTH=required", "set TLS_ENABLED=true"),
        ("TLS_ENABLED=true", "server.tls.cert_file (TLS_CERT_FILE)"),
    ] {
        place.write(&format!("APP_MAX_BODY_BYTES=5\n{candidate}"));
        let report = handle.reload().await;
        let refused = report.of("config").unwrap().clone().unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
    }
    reload(&place, &handle, "APP_MAX_BODY_BYTES=6").await;
    stop(running).await;
}

#[tokio::test]
async fn what_the_program_mended_in_code_is_no_reason_to_refuse() {
    let place = Place::new("TLS_CLIENT_AUTH=required");
    let mut config = place.config();
    config.server.tls = plumego_app::TlsSettings::default();
    let (running, _) = start(app(&config)).await;
    let env = "TLS_CLIENT_AUTH=required\nAPP_MAX_BODY_BYTES=4";
    reload(&place, &running.handle(), env).await;
    stop(running).await;
}

#[tokio::test]
async fn what_the_program_set_in_code_stays() {
    let place = Place::new("");
    let config = place.config();
    let app = app(&config).guards(|guards| {
        let mut guard = AbuseGuardConfig::default();
        guard.burst = 700;
        guards.abuse_guard = Some(guard);
        guards.timeout = None;
    });
    let (running, addr) = start(app).await;
    place.write("APP_ABUSE_GUARD_BURST=1\nAPP_REQUEST_TIMEOUT_MS=1\nAPP_LOG_LEVEL=debug");
    let changes = changes(&running.handle()).await;
    assert!(changes.in_effect().is_empty(), "{changes}");
    assert_eq!(changes.needing_restart().len(), 3, "{changes}");
    let warnings = changes.warnings();
    let why = "stays as it is: the program set it in code, or it was off";
    assert!(
        warnings.contains(&format!("server.abuse_guard_burst {why}")),
        "{warnings:?}"
    );
    let mut client = Client::connect(addr).await;
    let answer = client.get("/").await;
    assert!(
        answer
            .header("ratelimit-policy")
            .unwrap()
            .contains("q=700;")
    );
    stop(running).await;
}

#[tokio::test]
async fn the_time_of_requests_and_their_number_change() {
    let place = Place::new("APP_QUEUE_DEPTH=0");
    let (running, addr) = running(&place).await;
    let handle = running.handle();
    let mut client = Client::connect(addr).await;

    reload(
        &place,
        &handle,
        "APP_QUEUE_DEPTH=0\nAPP_REQUEST_TIMEOUT_MS=1",
    )
    .await;
    assert_eq!(client.get("/wait").await.status(), 504);

    reload(&place, &handle, "APP_QUEUE_DEPTH=0\nAPP_MAX_CONCURRENCY=1").await;
    client.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut other = Client::connect(addr).await;
    // Until the first one runs, the second may.
    within(async { while other.get("/").await.status() != 503 {} }).await;
    reload(&place, &handle, "APP_QUEUE_DEPTH=0\nAPP_MAX_CONCURRENCY=0").await;
    assert_eq!(other.get("/").await.status(), 200);
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn the_share_of_a_client_changes() {
    let place = Place::new("");
    let (running, addr) = running(&place).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.status(), 200);
    reload(
        &place,
        &running.handle(),
        "APP_ABUSE_GUARD_RATE=1\nAPP_ABUSE_GUARD_BURST=1",
    )
    .await;
    // The first request may still owe something to the old rate.
    within(async { while client.get("/").await.status() != 429 {} }).await;
    let refused = client.get("/").await;
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"abuse-guard\";q=1;w=1")
    );
    reload(
        &place,
        &running.handle(),
        "APP_ABUSE_GUARD_RATE=1000\nAPP_ABUSE_GUARD_BURST=9",
    )
    .await;
    // What was used up stays so: that second passes first.
    let answer = within(async {
        loop {
            let answer = client.get("/").await;
            if answer.status() == 200 {
                break answer;
            }
        }
    })
    .await;
    let policy = answer.header("ratelimit-policy");
    assert_eq!(policy, Some("\"abuse-guard\";q=1000;w=1"));
    stop(running).await;
}

#[tokio::test]
async fn the_times_of_new_connections_change() {
    let place = Place::new("APP_READ_HEADER_TIMEOUT_MS=1h\nAPP_IDLE_TIMEOUT_MS=1h");
    let (running, addr) = running(&place).await;
    let mut before = Client::connect(addr).await;
    before.send("GET / HTTP/1.1\r\n").await;
    reload(
        &place,
        &running.handle(),
        "APP_READ_HEADER_TIMEOUT_MS=50\nAPP_IDLE_TIMEOUT_MS=50",
    )
    .await;

    let mut silent = Client::connect(addr).await;
    assert_eq!(silent.rest().await, "");
    let mut idle = Client::connect(addr).await;
    assert_eq!(idle.get("/").await.status(), 200);
    assert_eq!(idle.rest().await, "");
    // One that was there before keeps its times.
    before.send("host: x\r\n\r\n").await;
    assert_eq!(before.answer().await.status(), 200);
    stop(running).await;
}

#[tokio::test]
async fn a_body_has_the_time_of_its_request() {
    let place = Place::new("APP_READ_TIMEOUT_MS=1h");
    let (running, addr) = running(&place).await;
    reload(&place, &running.handle(), "APP_READ_TIMEOUT_MS=50").await;
    let mut client = Client::connect(addr).await;
    client
        .send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n1")
        .await;
    assert_eq!(client.answer().await.status(), 408);
    stop(running).await;
}

#[tokio::test]
async fn the_times_of_the_end_change() {
    let place = Place::new("");
    let (running, addr) = running(&place).await;
    let handle = running.handle();
    let env = "APP_PRE_DRAIN_MS=1\nAPP_DRAIN_INTERVAL_MS=10\nAPP_SHUTDOWN_TIMEOUT_MS=100";
    reload(&place, &handle, env).await;
    let mut client = Client::connect(addr).await;
    client.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(async {
        while running.open_requests().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    handle.shutdown();
    let report = within(running.wait()).await.unwrap();
    assert_eq!(report.open_requests.len(), 1);
    assert!(report.pre_drain >= Duration::from_millis(1));
    // The old time was five seconds.
    assert!(report.drain < Duration::from_secs(4), "{report}");
}

#[tokio::test]
async fn a_longer_time_before_the_drain_is_waited() {
    let place = Place::new("");
    let (running, addr) = running(&place).await;
    let handle = running.handle();
    reload(&place, &handle, "APP_PRE_DRAIN_MS=1h").await;
    handle.shutdown();
    within(async {
        while handle.phase() < Phase::Draining {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.status(), 200);
    handle.shutdown_now();
    within(running.wait()).await.unwrap();
}

#[tokio::test]
async fn a_reload_by_the_program_reaches_the_server_too() {
    let place = Place::new("");
    let config = place.config();
    let (running, addr) = start(app(&config)).await;
    place.write("APP_MAX_BODY_BYTES=1");
    let reloaded = config.live().reload().unwrap();
    assert_eq!(reloaded.changes().len(), 1);
    let mut client = Client::connect(addr).await;
    client
        .send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n12")
        .await;
    assert_eq!(client.answer().await.status(), 413);
    stop(running).await;
    // The settings may outlive the application.
    drop(config.live().reload().unwrap());
}

#[tokio::test]
async fn reloads_that_race_end_with_what_was_written_last() {
    let place = Place::new("");
    let config = place.config();
    let app = app(&config).build().unwrap();
    for round in 0..20 {
        place.write(&format!("APP_GREETING=round{round}"));
        let (first, second) = (app.handle(), app.handle());
        let (first, second) = tokio::join!(first.reload(), second.reload());
        let changed = [first, second].map(|report| {
            let config = report.of("config").unwrap().clone().unwrap();
            config.in_effect().len()
        });
        assert_eq!(changed.iter().sum::<usize>(), 1);
        assert_eq!(config.live().current().greeting, format!("round{round}"));
    }
}

#[cfg(feature = "watch")]
#[tokio::test]
async fn in_debug_the_files_are_watched_without_a_word() {
    let place = Place::new("APP_DEBUG=true");
    let config = place.config();
    let mut told = config.live().subscribe();
    let (running, _) = start(app(&config)).await;
    place.write("APP_DEBUG=true\nAPP_GREETING=written");
    assert_eq!(within(told.changed()).await.unwrap().greeting, "written");
    let file = place.0.path().join(".env");
    fs::write(
        place.0.path().join("next"),
        "APP_DEBUG=true\nAPP_GREETING=replaced",
    )
    .unwrap();
    fs::rename(place.0.path().join("next"), file).unwrap();
    assert_eq!(within(told.changed()).await.unwrap().greeting, "replaced");
    let toml = place.0.path().join("plumego.toml");
    place.write("APP_DEBUG=true");
    assert_eq!(within(told.changed()).await.unwrap().greeting, "hello");
    fs::write(toml, "greeting = 'from a file'").unwrap();
    assert_eq!(
        within(told.changed()).await.unwrap().greeting,
        "from a file"
    );
    stop(running).await;
}

#[cfg(feature = "watch")]
#[tokio::test]
async fn outside_of_debug_watching_is_a_choice_that_a_reload_can_make() {
    let place = Place::new("");
    let config = place.config();
    let live = config.live();
    let mut told = live.subscribe();
    let (running, _) = start(app(&config)).await;
    place.write("APP_GREETING=unseen");
    // Ten times what a file must stand still for.
    let early = tokio::time::timeout(Duration::from_secs(1), told.changed()).await;
    assert!(early.is_err());
    reload(
        &place,
        &running.handle(),
        "APP_GREETING=one\nAPP_CONFIG_WATCH=true",
    )
    .await;
    assert_eq!(within(told.changed()).await.unwrap().greeting, "one");
    place.write("APP_GREETING=two\nAPP_CONFIG_WATCH=true");
    assert_eq!(within(told.changed()).await.unwrap().greeting, "two");
    stop(running).await;
}
