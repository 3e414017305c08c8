//! Components and runners with their async methods boxed: the engine knows nothing else.

use std::pin::Pin;
use std::sync::Arc;

use plumego_contract::Error;

use crate::Name;
use crate::component::{Component, Runner, StartContext, StopContext};
use crate::tasks::{TaskOutput, Tasks};

type BoxResult = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What a step of the lifecycle is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PartKind {
    /// A [`Component`].
    Component,
    /// A [`Runner`].
    Runner,
    /// A shutdown hook.
    Hook,
}

impl PartKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Runner => "runner",
            Self::Hook => "shutdown hook",
        }
    }
}

/// A component or a runner in its place in the order.
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    pub(crate) name: Name,
    pub(crate) work: Arc<dyn Work>,
    pub(crate) tasks: Tasks,
    /// Whether it is in the health registry without a check of its own.
    pub(crate) reported: bool,
}

pub(crate) trait Work: Send + Sync {
    fn start(self: Arc<Self>, cx: StartContext) -> BoxResult;
    fn stop(self: Arc<Self>, cx: StopContext) -> BoxResult;
}

pub(crate) struct OfComponent<C>(pub(crate) Arc<C>);

impl<C: Component> Work for OfComponent<C> {
    fn start(self: Arc<Self>, cx: StartContext) -> BoxResult {
        Box::pin(async move { self.0.start(cx).await })
    }

    fn stop(self: Arc<Self>, cx: StopContext) -> BoxResult {
        Box::pin(async move { self.0.stop(cx).await })
    }
}

pub(crate) struct OfRunner<R>(pub(crate) R);

impl<R: Runner> Work for OfRunner<R> {
    fn start(self: Arc<Self>, cx: StartContext) -> BoxResult {
        Box::pin(async move { self.0.start(cx).await })
    }

    fn stop(self: Arc<Self>, cx: StopContext) -> BoxResult {
        Box::pin(async move { self.0.stop(cx).await })
    }
}

/// Something to do when the application stops.
pub(crate) struct Hook {
    pub(crate) name: Name,
    pub(crate) run: Box<dyn FnOnce() -> BoxResult + Send>,
}

impl Hook {
    pub(crate) fn new<F, Fut>(name: impl Into<Name>, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        Self {
            name: name.into(),
            run: Box::new(|| Box::pin(async move { hook().await.error().map_or(Ok(()), Err) })),
        }
    }
}
