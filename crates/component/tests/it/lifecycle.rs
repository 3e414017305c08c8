//! Start in order, stop in reverse, once, in time.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use plumego_component::{
    Cause, Component, Lifecycle, LifecycleBuilder, LifecycleConfig, PartKind, Setup, StartContext,
    StopContext, from_fn,
};
use plumego_contract::{Error, Health, HealthStatus};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::scripted::{End, Log, Scripted, Task};

fn builder() -> LifecycleBuilder {
    Lifecycle::builder(LifecycleConfig::default())
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

// acceptance 21.2 (10), 21.1 (6)
#[tokio::test]
async fn components_start_in_order_and_everything_stops_in_reverse() {
    let log = Log::default();
    let mut builder = builder();
    let (one, two) = (log.clone(), log.clone());
    builder
        .on_shutdown("one", async move || one.note("hook one"))
        .on_shutdown("two", async move || two.note("hook two"))
        .runner("r1", Scripted::new("r1", &[], &log))
        .runner("r2", Scripted::new("r2", &[], &log))
        .component(Scripted::new("a", &["b"], &log))
        .component(Arc::new(Scripted::new("b", &["c"], &log)))
        .component(Scripted {
            task: Task::Ends,
            ..Scripted::new("c", &[], &log)
        });
    let (lifecycle, _) = builder.build().unwrap();

    lifecycle.start_all().await.unwrap();
    assert_eq!(
        log.lines(),
        ["start c", "start b", "start a", "start r1", "start r2"]
    );
    let tasks: Vec<_> = lifecycle
        .tasks()
        .list()
        .into_iter()
        .map(|task| task.name)
        .collect();
    assert_eq!(tasks, ["c", "health.checks"]);

    let report = lifecycle.stop_all(in_seconds(5)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(
        log.lines()[5..],
        [
            "stop r2",
            "stop r1",
            "stop a",
            "stop b",
            "stop c",
            "task of c ended",
            "hook two",
            "hook one"
        ]
    );
    assert!(lifecycle.tasks().list().is_empty());
}

// acceptance 21.1 (6)
#[tokio::test]
async fn asked_twice_at_once_everything_stops_once() {
    let log = Log::default();
    let mut builder = builder();
    let hook = log.clone();
    builder
        .component(Scripted::new("a", &[], &log))
        .on_shutdown("hook", async move || hook.note("hook"));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let (one, two) = tokio::join!(
        lifecycle.stop_all(in_seconds(5)),
        lifecycle.stop_all(in_seconds(5))
    );
    assert_eq!(one, two);
    assert_eq!(lifecycle.stop_all(in_seconds(5)).await, one);
    assert_eq!(log.lines(), ["start a", "stop a", "hook"]);
}

// acceptance 21.1 (5)
#[tokio::test]
async fn a_failed_start_stops_what_had_started_and_nothing_else() {
    for (end, cause) in [
        (End::Error, "b went wrong"),
        (End::Panic, "panic: b panicked"),
    ] {
        let log = Log::default();
        let mut builder = builder();
        let hook = log.clone();
        builder
            .component(Scripted::new("a", &[], &log))
            .component(Scripted {
                start: end,
                task: Task::Ends,
                ..Scripted::new("b", &["a"], &log)
            })
            .component(Scripted::new("c", &["b"], &log))
            .runner("r", Scripted::new("r", &[], &log))
            .on_shutdown("hook", async move || hook.note("hook"));
        let (lifecycle, _) = builder.build().unwrap();

        let error = lifecycle.start_all().await.unwrap_err();
        let expected = format!("component `b` did not start: {cause}");
        assert_eq!(error.to_string(), expected);
        let lines = ["start a", "start b", "task of b ended", "stop a", "hook"];
        assert_eq!(log.lines(), lines);
        assert!(lifecycle.stop_all(in_seconds(1)).await.is_clean());
        assert_eq!(log.lines(), lines);
        assert!(lifecycle.tasks().list().is_empty());
    }
}

// acceptance 21.1 (5)
#[tokio::test]
async fn a_failed_runner_stops_runners_and_components() {
    let log = Log::default();
    let mut builder = builder();
    builder
        .component(Scripted::new("a", &[], &log))
        .runner("r1", Scripted::new("r1", &[], &log))
        .runner(
            "r2",
            Scripted {
                start: End::Error,
                ..Scripted::new("r2", &[], &log)
            },
        )
        .runner("r3", Scripted::new("r3", &[], &log));
    let (lifecycle, _) = builder.build().unwrap();
    let error = lifecycle.start_all().await.unwrap_err();
    assert_eq!(error.failure.kind, PartKind::Runner);
    assert_eq!(error.failure.name, "r2");
    assert_eq!(
        log.lines(),
        ["start a", "start r1", "start r2", "stop r1", "stop a"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_fails_at_its_deadline() {
    let log = Log::default();
    let mut builder = builder();
    builder.component(Scripted {
        start: End::Never,
        task: Task::Stays,
        ..Scripted::new("slow", &[], &log)
    });
    let (lifecycle, _) = builder.build().unwrap();
    let begin = Instant::now();
    let error = lifecycle.start_all().await.unwrap_err();
    assert!(begin.elapsed() >= Duration::from_secs(30));
    assert!(begin.elapsed() <= Duration::from_secs(36));
    assert_eq!(error.failure.cause, Cause::Timeout { after_ms: 30_000 });
    assert_eq!(error.report.leftover_tasks, ["slow"]);
    assert!(lifecycle.tasks().list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stops_that_hang_share_one_deadline_and_leave_time_to_the_others() {
    let log = Log::default();
    let mut builder = builder();
    builder.component(Scripted::new("a", &[], &log));
    for name in ["b", "c", "d"] {
        builder.component(Scripted {
            stop: End::Never,
            task: Task::Stays,
            ..Scripted::new(name, &["a"], &log)
        });
    }
    let hook = log.clone();
    builder.on_shutdown("hook", async move || hook.note("hook"));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();

    let begin = Instant::now();
    let report = lifecycle.stop_all(in_seconds(4)).await;
    assert!(
        begin.elapsed() <= Duration::from_millis(4500),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        log.lines()[4..],
        ["stop d", "stop c", "stop b", "stop a", "hook"]
    );
    let failed: Vec<_> = report
        .failures
        .iter()
        .map(|failure| &*failure.name)
        .collect();
    assert_eq!(failed, ["d", "c", "b"]);
    assert_eq!(report.leftover_tasks, ["d", "c", "b"]);
    assert_eq!(report.failures[0].cause, Cause::Timeout { after_ms: 3200 });
}

#[tokio::test]
async fn what_fails_while_stopping_is_told_and_stops_nobody_else() {
    let log = Log::default();
    let mut builder = builder();
    let hook = log.clone();
    builder
        .on_shutdown("last", async move || hook.note("last"))
        .on_shutdown("bad", async || Err(Error::internal("no disk")))
        .on_shutdown("worse", async || -> () { panic!("boom") })
        .component(Scripted {
            stop: End::Error,
            ..Scripted::new("a", &[], &log)
        })
        .component(Scripted {
            stop: End::Panic,
            ..Scripted::new("b", &[], &log)
        });
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let report = lifecycle.stop_all(in_seconds(5)).await;
    assert_eq!(log.lines()[2..], ["stop b", "stop a", "last"]);
    let lines = [
        "not everything stopped as it should",
        "  - component `b`: panic: b panicked",
        "  - component `a`: a went wrong",
        "  - shutdown hook `worse`: panic: boom",
        "  - shutdown hook `bad`: no disk",
    ];
    assert_eq!(report.to_string(), lines.join("\n"));
}

#[tokio::test]
async fn a_stop_without_a_start_runs_the_hooks_and_forbids_the_start() {
    let log = Log::default();
    let mut builder = builder();
    let hook = log.clone();
    builder
        .component(Scripted::new("a", &[], &log))
        .on_shutdown("hook", async move || hook.note("hook"));
    let (lifecycle, _) = builder.build().unwrap();
    assert!(lifecycle.stop_all(in_seconds(5)).await.is_clean());
    assert_eq!(log.lines(), ["hook"]);
    lifecycle.start_all().await.unwrap_err();
    assert_eq!(log.lines(), ["hook"]);
}

#[tokio::test]
async fn a_second_start_is_refused_and_changes_nothing() {
    let log = Log::default();
    let mut builder = builder();
    builder.component(Scripted::new("a", &[], &log));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    lifecycle.start_all().await.unwrap_err();
    assert_eq!(log.lines(), ["start a"]);
    assert!(lifecycle.stop_all(in_seconds(5)).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_start_gives_it_up() {
    let log = Log::default();
    let mut builder = builder();
    builder
        .component(Scripted::new("a", &[], &log))
        .component(Scripted {
            start: End::Never,
            task: Task::Ends,
            ..Scripted::new("b", &[], &log)
        })
        .component(Scripted::new("c", &[], &log));
    let (lifecycle, _) = builder.build().unwrap();
    let starting = lifecycle.clone();
    let starting = tokio::spawn(async move { starting.start_all().await });
    while log.lines().len() < 2 {
        tokio::task::yield_now().await;
    }
    let begin = Instant::now();
    let report = lifecycle.stop_all(in_seconds(5)).await;
    assert!(begin.elapsed() < Duration::from_millis(100));
    assert!(report.is_clean(), "{report}");
    assert!(starting.await.unwrap().unwrap_err().is_interrupted());
    assert_eq!(
        log.lines(),
        ["start a", "start b", "task of b ended", "stop a"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_leaves_what_a_stop_needs() {
    let log = Log::default();
    let mut builder = builder();
    builder
        .component(Scripted::new("a", &[], &log))
        .component(Scripted {
            start: End::Never,
            task: Task::Ends,
            ..Scripted::new("b", &[], &log)
        });
    let (lifecycle, _) = builder.build().unwrap();
    let start = lifecycle.start_all();
    tokio::time::timeout(Duration::from_secs(1), start)
        .await
        .unwrap_err();
    let report = lifecycle.stop_all(in_seconds(5)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(
        log.lines(),
        ["start a", "start b", "task of b ended", "stop a"]
    );
    assert!(lifecycle.tasks().list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_dropped_half_way_goes_on_with_the_next() {
    let log = Log::default();
    let mut builder = builder();
    builder
        .component(Scripted::new("a", &[], &log))
        .component(Scripted {
            stop: End::Never,
            ..Scripted::new("b", &[], &log)
        });
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let stop = lifecycle.stop_all(in_seconds(60));
    tokio::time::timeout(Duration::from_secs(1), stop)
        .await
        .unwrap_err();
    assert_eq!(log.lines()[2..], ["stop b"]);
    lifecycle.stop_all(in_seconds(5)).await;
    assert_eq!(log.lines()[2..], ["stop b", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_deadline_everybody_is_still_told() {
    let log = Log::default();
    let mut builder = builder();
    for name in ["a", "b", "c"] {
        builder.component(Scripted {
            stop: End::Never,
            ..Scripted::new(name, &[], &log)
        });
    }
    let hook = log.clone();
    builder.on_shutdown("hook", async move || hook.note("hook"));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let begin = Instant::now();
    lifecycle.stop_all(begin).await;
    assert_eq!(log.lines()[3..], ["stop c", "stop b", "stop a", "hook"]);
    assert!(
        begin.elapsed() < Duration::from_millis(100),
        "{:?}",
        begin.elapsed()
    );
}

struct Blocking(std::sync::Mutex<mpsc::Receiver<()>>);

impl Component for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        let _ = self.0.lock().unwrap().recv();
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_blocks_its_thread_cannot_hold_the_deadline() {
    let (release, gate) = mpsc::channel();
    let mut builder = builder();
    builder.component(Blocking(std::sync::Mutex::new(gate)));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let deadline = Instant::now() + Duration::from_millis(50);
    let report = lifecycle.stop_all(deadline).await;
    assert_eq!(report.failures.len(), 1, "{report}");
    drop(release);
}

struct Pool {
    checked: Arc<Notify>,
}

impl Component for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let checked = Arc::clone(&self.checked);
        setup.health(move || {
            checked.notify_one();
            Health::healthy()
        });
        Ok(())
    }

    async fn start(&self, cx: StartContext) -> Result<(), Error> {
        assert!(!cx.stop_token().is_stopped());
        assert!(cx.deadline() > Instant::now());
        Ok(())
    }
}

// acceptance 21.2 (23)
#[tokio::test(start_paused = true)]
async fn the_health_of_every_component_is_in() {
    let log = Log::default();
    let checked = Arc::new(Notify::new());
    let mut builder = builder();
    builder
        .component(Scripted::new("plain", &[], &log))
        .component(Pool {
            checked: Arc::clone(&checked),
        });
    let (lifecycle, _) = builder.build().unwrap();
    let before = lifecycle.health().snapshot();
    assert_eq!(before.status, HealthStatus::Unhealthy);

    lifecycle.start_all().await.unwrap();
    let found = lifecycle.health().snapshot();
    let names: Vec<_> = found.components.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["plain", "pool"]);
    assert_eq!(found.status, HealthStatus::Healthy);
    assert!(found.components.iter().all(|one| one.checked_at.is_some()));

    // The first round was before the start was done; the next comes by itself.
    let begin = Instant::now();
    checked.notified().await;
    checked.notified().await;
    assert_eq!(begin.elapsed().as_secs(), 10);

    assert!(lifecycle.stop_all(in_seconds(5)).await.is_clean());
    let after = lifecycle.health().snapshot();
    assert_eq!(after.components[0].message.as_deref(), Some("stopped"));
}

#[tokio::test(start_paused = true)]
async fn tasks_of_requests_end_before_anything_stops() {
    let log = Log::default();
    let mut builder = builder();
    builder.component(Scripted::new("db", &[], &log));
    let (lifecycle, _) = builder.build().unwrap();
    lifecycle.start_all().await.unwrap();
    let note = log.clone();
    let requests = lifecycle.request_tasks();
    let in_two_seconds = in_seconds(2);
    requests.spawn("audit", async move {
        tokio::time::sleep_until(in_two_seconds).await;
        note.note("audit written");
    });
    requests.spawn("stuck", std::future::pending::<()>());
    let report = lifecycle.stop_all(in_seconds(4)).await;
    assert_eq!(log.lines(), ["start db", "audit written", "stop db"]);
    assert_eq!(report.leftover_tasks, ["stuck"]);
}

#[tokio::test]
async fn a_far_deadline_is_no_panic() {
    let mut config = LifecycleConfig::default();
    config.start_timeout = Duration::MAX;
    config.unwind_timeout = Duration::MAX;
    config.health.interval = Duration::MAX;
    config.health.timeout = Duration::MAX;
    let log = Log::default();
    let build = |end: End| {
        let mut builder = Lifecycle::builder(config.clone());
        builder
            .component(Scripted::new("a", &[], &log))
            .component(Scripted {
                start: end,
                ..Scripted::new("b", &[], &log)
            });
        builder.build().unwrap().0
    };
    build(End::Error).start_all().await.unwrap_err();
    assert_eq!(log.lines(), ["start a", "start b", "stop a"]);
    let lifecycle = build(End::Well);
    lifecycle.start_all().await.unwrap();
    assert!(lifecycle.stop_all(in_seconds(5)).await.is_clean());
}

#[test]
fn all_problems_of_a_build_come_at_once() {
    let log = Log::default();
    let mut builder = builder();
    builder
        .component(from_fn("bad", |_| {
            Err(Error::internal("the key is missing"))
        }))
        .component(from_fn("worse", |_| panic!("no luck")))
        .component(from_fn("twice", |setup| {
            setup.health(|| ()).health(|| ());
            Ok(())
        }))
        .runner("r", Scripted::new("r", &[], &log))
        .runner("r", Scripted::new("r", &[], &log));
    let problems = builder.build().unwrap_err();
    let found: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        found,
        [
            "component `bad` was not installed: the key is missing",
            "component `worse` panicked in its `install`: no luck",
            "two runners are named `r`: give each its own name",
            "there are two health checks `twice`: tell them apart with `Check::named`",
        ]
    );
    assert!(problems.iter().all(|problem| !problem.locations.is_empty()));
}
