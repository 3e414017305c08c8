//! Tasks: counted, named, awaited, never lost.

use std::sync::Arc;
use std::time::Duration;

use plumego_component::{MAX_TASKS, StopSource, Tasks};
use plumego_contract::{Error, SpawnTask};
use plumego_observe::metrics::Metrics;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test]
async fn a_task_runs_and_is_listed_while_it_lives() {
    let tasks = Tasks::default();
    let (go, gate) = oneshot::channel::<()>();
    assert!(tasks.spawn("first", async move {
        let _ = gate.await;
    }));
    assert!(tasks.group("mailer").spawn("second", async {}));

    let list = tasks.list();
    assert_eq!(list[0].name, "first");
    assert_eq!(list[0].owner, None);
    assert_eq!(list[1].owner.as_deref(), Some("mailer"));

    go.send(()).unwrap();
    assert!(tasks.join(soon()).await.is_empty());
    assert!(tasks.list().is_empty());
    let stats = tasks.stats();
    assert_eq!((stats.live, stats.spawned, stats.refused), (0, 2, 0));
}

#[tokio::test]
async fn beyond_the_bound_a_task_is_refused_and_counted() {
    assert_eq!(MAX_TASKS, 65_536);
    let tasks = Tasks::new(2);
    let gate = Arc::new(Notify::new());
    let wait = || {
        let gate = Arc::clone(&gate);
        async move { gate.notified().await }
    };
    assert!(tasks.spawn("one", wait()));
    assert!(tasks.group("g").spawn("two", wait()));
    assert!(!tasks.spawn("three", wait()));
    assert_eq!(tasks.stats().refused, 1);

    tokio::task::yield_now().await;
    gate.notify_waiters();
    assert!(tasks.join(soon()).await.is_empty());
}

#[tokio::test]
async fn a_place_is_free_again_when_its_task_has_ended() {
    let tasks = Tasks::new(1);
    for _ in 0..3 {
        assert!(tasks.spawn("one", async {}));
        while tasks.stats().live > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_panic_and_an_error_are_counted_and_harm_nobody() {
    let tasks = Tasks::default();
    tasks.spawn("bad", async { panic_now() });
    tasks.spawn("wrong", async { Err(Error::internal("broken")) });
    tasks.spawn("good", async { Ok::<(), Error>(()) });
    assert!(tasks.join(soon()).await.is_empty());
    let stats = tasks.stats();
    assert_eq!((stats.panicked, stats.failed, stats.live), (1, 1, 0));
}

#[tokio::test]
async fn the_metrics_tell_what_became_of_them() {
    let tasks = Tasks::new(1);
    let metrics = Metrics::default();
    tasks.export(&metrics).unwrap();
    tasks.spawn("bad", async { panic_now() });
    tasks.spawn("one too many", async {});
    assert!(
        metrics.encode().contains("tasks_live 1"),
        "{}",
        metrics.encode()
    );
    assert!(tasks.join(soon()).await.is_empty());
    let text = metrics.encode();
    let lines = [
        "tasks_live 0",
        "tasks_spawned_total 1",
        "tasks_refused_total 1",
    ];
    for line in lines
        .iter()
        .chain(&["tasks_panicked_total 1", "tasks_failed_total 0"])
    {
        assert!(
            text.lines().any(|one| one.trim_end_matches(".0") == *line),
            "{line}\n{text}"
        );
    }
    tasks.export(&metrics).unwrap_err();
}

#[tokio::test]
async fn a_closed_set_takes_no_more() {
    let tasks = Tasks::default();
    let group = tasks.group("g");
    group.close();
    assert!(!group.spawn("late", async {}));
    assert!(tasks.spawn("still", async {}));
    tasks.close();
    assert!(!tasks.spawn("late", async {}));
    assert!(!tasks.group("new").spawn("late", async {}));
    assert_eq!(tasks.stats().refused, 3);
}

#[test]
fn outside_of_a_runtime_a_task_is_refused() {
    let tasks = Tasks::default();
    assert!(!tasks.spawn("nowhere", async {}));
    assert_eq!(tasks.stats().refused, 1);
}

#[test]
fn a_runtime_that_ends_takes_its_tasks_along() {
    let tasks = Tasks::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        tasks.spawn("one", std::future::pending::<()>());
    });
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_eq!(tasks.stats().live, 0);
    // The runtime is gone: the task is dropped inside of `spawn`.
    let _here = handle.enter();
    tasks.spawn("two", std::future::pending::<()>());
    assert_eq!(tasks.stats().live, 0);
}

#[tokio::test(start_paused = true)]
async fn join_names_what_is_left_and_abort_ends_it() {
    let tasks = Tasks::default();
    let group = tasks.group("g");
    tasks.spawn("outside", async {});
    group.spawn("stubborn", std::future::pending::<()>());
    group.spawn("other", std::future::pending::<()>());
    group.spawn("quick", async {});

    let begin = Instant::now();
    let left = group.join(begin + Duration::from_secs(2)).await;
    assert_eq!(left, ["stubborn", "other"]);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));

    group.abort_all();
    assert!(tasks.join(soon()).await.is_empty());
}

#[tokio::test]
async fn the_set_stops_its_groups_and_a_group_only_itself() {
    let tasks = Tasks::default();
    let (one, two) = (tasks.group("one"), tasks.group("two"));
    one.spawn_until("one", async |stop| stop.stopped().await);
    two.spawn_until("two", async |stop| stop.stopped().await);
    one.stop();
    assert!(one.join(soon()).await.is_empty());
    assert!(!two.stop_token().is_stopped());
    tasks.stop();
    assert!(two.stop_token().is_stopped());
    assert!(tasks.join(soon()).await.is_empty());
}

#[tokio::test]
async fn the_application_takes_tasks_of_requests() {
    let tasks = Tasks::default();
    let spawn: Arc<dyn SpawnTask> = Arc::new(tasks.clone());
    let (done, ended) = oneshot::channel();
    let task = Box::pin(async move {
        let _ = done.send(7);
    });
    assert!(spawn.spawn_task("after response", task));
    assert_eq!(ended.await.unwrap(), 7);
    tasks.close();
    assert!(!spawn.spawn_task("late", Box::pin(async {})));
}

#[tokio::test]
async fn a_token_drops_what_runs_and_wins_over_what_is_ready() {
    let source = StopSource::new();
    let token = source.token();
    assert_eq!(token.run(async { 1 }).await, Some(1));
    source.stop();
    assert_eq!(token.run(async { 1 }).await, None);
    assert_eq!(token.run(std::future::pending::<()>()).await, None);
    token.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn abort_reaches_tasks_that_are_just_being_spawned() {
    let tasks = Tasks::default();
    for _ in 0..50 {
        let group = tasks.group("g");
        let spawner = {
            let group = group.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    group.spawn("stubborn", std::future::pending::<()>());
                }
            })
        };
        group.close();
        group.abort_all();
        spawner.await.unwrap();
        assert!(group.join(soon()).await.is_empty());
    }
}

fn panic_now() {
    panic!("secret of a task")
}
