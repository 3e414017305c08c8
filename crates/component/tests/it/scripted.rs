//! Components that do as they are told and write down what happened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumego_component::{Component, Runner, StartContext, StopContext, StopToken};
use plumego_contract::Error;

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// How a start or a stop ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Well,
    Error,
    Panic,
    Never,
}

impl End {
    pub(crate) async fn act(self, what: &str) -> Result<(), Error> {
        match self {
            Self::Well => Ok(()),
            Self::Error => Err(Error::internal(format!("{what} went wrong"))),
            Self::Panic => panic!("{what} panicked"),
            Self::Never => std::future::pending().await,
        }
    }
}

/// What the task of a component does when it is told to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Task {
    #[default]
    None,
    Ends,
    Stays,
}

impl Task {
    async fn run(self, stop: StopToken, log: Log, name: &'static str) {
        stop.stopped().await;
        if self == Self::Stays {
            std::future::pending::<()>().await;
        }
        log.note(format!("task of {name} ended"));
    }
}

#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) name: &'static str,
    pub(crate) needs: Vec<&'static str>,
    pub(crate) start: End,
    pub(crate) stop: End,
    pub(crate) task: Task,
    pub(crate) log: Log,
}

impl Scripted {
    pub(crate) fn new(name: &'static str, needs: &[&'static str], log: &Log) -> Self {
        Self {
            name,
            needs: needs.to_vec(),
            log: log.clone(),
            ..Self::default()
        }
    }

    async fn run_start(&self, cx: StartContext) -> Result<(), Error> {
        self.log.note(format!("start {}", self.name));
        if self.task != Task::None {
            let (task, name, log) = (self.task, self.name, self.log.clone());
            assert!(cx.spawn(name, async move |stop| task.run(stop, log, name).await));
        }
        self.start.act(self.name).await
    }

    async fn run_stop(&self, cx: StopContext) -> Result<(), Error> {
        self.log.note(format!("stop {}", self.name));
        assert!(cx.time_left() <= Duration::from_mins(1));
        self.stop.act(self.name).await
    }
}

impl Component for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn dependencies(&self) -> &[&'static str] {
        &self.needs
    }

    async fn start(&self, cx: StartContext) -> Result<(), Error> {
        self.run_start(cx).await
    }

    async fn stop(&self, cx: StopContext) -> Result<(), Error> {
        self.run_stop(cx).await
    }
}

impl Runner for Scripted {
    async fn start(&self, cx: StartContext) -> Result<(), Error> {
        self.run_start(cx).await
    }

    async fn stop(&self, cx: StopContext) -> Result<(), Error> {
        self.run_stop(cx).await
    }
}
