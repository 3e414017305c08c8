//! Any mix of starts and stops that fail, panic or hang, against a naive model.

use std::time::Duration;

use plumego_component::{Lifecycle, LifecycleConfig};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::scripted::{End, Log, Scripted, Task};

const NAMES: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];

#[derive(Debug, Clone)]
struct Part {
    runner: bool,
    start: End,
    stop: End,
    task: Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Start,
    Stop,
    /// Dropped after a second of waiting, and taken up again.
    ImpatientStop,
}

#[derive(Debug, Clone)]
struct Plan {
    parts: Vec<Part>,
    hooks: Vec<End>,
    acts: Vec<Act>,
}

fn end(well: u32) -> impl Strategy<Value = End> {
    prop_oneof![
        well => Just(End::Well),
        1 => Just(End::Error),
        1 => Just(End::Panic),
        1 => Just(End::Never),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let task = prop::sample::select(vec![Task::None, Task::Ends, Task::Stays]);
    let part = (any::<bool>(), end(20), end(3), task);
    let part = part.prop_map(|(runner, start, stop, task)| Part {
        runner,
        start,
        stop,
        task,
    });
    let act = prop::sample::select(vec![Act::Start, Act::Stop, Act::ImpatientStop]);
    let acts = prop_oneof![
        1 => prop::collection::vec(act.clone(), 1..4),
        3 => prop::collection::vec(act, 0..4).prop_map(|mut acts| {
            acts.insert(0, Act::Start);
            acts
        }),
    ];
    let parts = prop::collection::vec(part, 0..=NAMES.len());
    let hooks = prop::collection::vec(end(3), 0..3);
    (parts, hooks, acts).prop_map(|(parts, hooks, acts)| Plan { parts, hooks, acts })
}

/// What must have happened.
#[derive(Default)]
struct Model {
    begun: bool,
    stopped: bool,
    started: Vec<usize>,
    lines: Vec<String>,
    failed: Vec<String>,
}

impl Model {
    /// Components first, then runners.
    fn order(plan: &Plan) -> Vec<usize> {
        let runner = |place: &usize| plan.parts[*place].runner;
        let places = || 0..plan.parts.len();
        let components = places().filter(|place| !runner(place));
        components.chain(places().filter(runner)).collect()
    }

    fn start(&mut self, plan: &Plan) -> bool {
        if std::mem::replace(&mut self.begun, true) {
            return false;
        }
        for place in Self::order(plan) {
            self.lines.push(format!("start {}", NAMES[place]));
            if plan.parts[place].start != End::Well {
                self.task(plan, place);
                self.stop(plan);
                return false;
            }
            self.started.push(place);
        }
        true
    }

    fn stop(&mut self, plan: &Plan) {
        self.begun = true;
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        while let Some(place) = self.started.pop() {
            self.lines.push(format!("stop {}", NAMES[place]));
            if plan.parts[place].stop != End::Well {
                self.failed.push(NAMES[place].to_owned());
            }
            self.task(plan, place);
        }
        for (place, end) in plan.hooks.iter().enumerate().rev() {
            self.lines.push(format!("hook {place}"));
            if *end != End::Well {
                self.failed.push(format!("hook {place}"));
            }
        }
    }

    fn task(&mut self, plan: &Plan, place: usize) {
        if plan.parts[place].task == Task::Ends {
            self.lines.push(format!("task of {} ended", NAMES[place]));
        }
    }
}

fn lifecycle(plan: &Plan, log: &Log) -> Lifecycle {
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    for (place, part) in plan.parts.iter().enumerate() {
        let scripted = Scripted {
            start: part.start,
            stop: part.stop,
            task: part.task,
            ..Scripted::new(NAMES[place], &[], log)
        };
        if part.runner {
            builder.runner(NAMES[place], scripted);
        } else {
            builder.component(scripted);
        }
    }
    for (place, end) in plan.hooks.iter().copied().enumerate() {
        let name = format!("hook {place}");
        let (log, line) = (log.clone(), name.clone());
        builder.on_shutdown(name, async move || {
            log.note(line);
            end.act("hook").await
        });
    }
    builder.build().unwrap().0
}

async fn run(plan: Plan) {
    let log = Log::default();
    let lifecycle = lifecycle(&plan, &log);
    let mut model = Model::default();
    for act in &plan.acts {
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(8);
        match act {
            Act::Start => {
                assert_eq!(lifecycle.start_all().await.is_ok(), model.start(&plan));
                assert!(begin.elapsed() < Duration::from_secs(30 + 5 + 1));
            }
            Act::Stop => {
                let first = !model.stopped;
                model.stop(&plan);
                let report = lifecycle.stop_all(deadline).await;
                assert!(begin.elapsed() < Duration::from_secs(9));
                if first {
                    let failed: Vec<_> = report.failures.iter().map(|one| &*one.name).collect();
                    assert_eq!(failed, model.failed);
                }
            }
            Act::ImpatientStop => {
                model.stop(&plan);
                let stop = lifecycle.stop_all(deadline);
                let _ = tokio::time::timeout(Duration::from_secs(1), stop).await;
                lifecycle
                    .stop_all(Instant::now() + Duration::from_secs(8))
                    .await;
            }
        }
        // A stop that is dropped may leave a task without its line or write it later.
        let exact = !plan.acts.contains(&Act::ImpatientStop);
        let counted = |lines: Vec<String>| -> Vec<String> {
            let counts = |line: &String| exact || !line.starts_with("task");
            lines.into_iter().filter(counts).collect()
        };
        assert_eq!(counted(log.lines()), counted(model.lines.clone()));
        if model.stopped {
            assert!(lifecycle.tasks().list().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_mix_of_failures_ends_as_the_model_says(plan in plan()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(plan));
    }
}
