//! What an application is made of: components and runners.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plumego_contract::Error;
use tokio::time::Instant;

use crate::Name;
use crate::setup::Setup;
use crate::stop::StopToken;
use crate::tasks::{TaskOutput, Tasks};

/// A part of an application with a life of its own: a pool, a hub, a queue, a mailer.
///
/// It declares what it brings in [`install`](Component::install), works from
/// [`start`](Component::start) on, and lets go in [`stop`](Component::stop). The methods but
/// `name` do nothing unless written; write the async ones as `async fn`.
///
/// `Arc<C>` is a component too, for a program that keeps hold of it.
///
/// ```
/// use std::sync::Arc;
/// use plumego_component::{Component, Setup, StartContext, StopToken};
/// use plumego_contract::{Error, Health};
///
/// #[derive(Default)]
/// struct Outbox;
///
/// impl Outbox {
///     async fn flush_until(&self, stop: StopToken) {
///         stop.stopped().await;
///     }
/// }
///
/// struct Mailer { outbox: Arc<Outbox> }
///
/// impl Component for Mailer {
///     fn name(&self) -> &'static str { "mailer" }
///
///     fn dependencies(&self) -> &[&'static str] { &["db"] }
///
///     fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
///         setup.state(self.outbox.clone()).health(async || Health::healthy());
///         Ok(())
///     }
///
///     async fn start(&self, cx: StartContext) -> Result<(), Error> {
///         let outbox = self.outbox.clone();
///         cx.spawn("mailer.flush", async move |stop| outbox.flush_until(stop).await);
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a component",
    label = "not a component",
    note = "write `impl Component`, or make one of a closure with `from_fn(name, |setup| …)`"
)]
pub trait Component: Send + Sync + 'static {
    /// The name that other components, the log and the health endpoints use. Two components of one
    /// application never share one.
    fn name(&self) -> &'static str;

    /// The names of the components that start before this one and stop after it.
    fn dependencies(&self) -> &[&'static str] {
        &[]
    }

    /// Declares what it brings: state, routes, layers, health. Runs while the application is
    /// built; opens and starts nothing.
    ///
    /// # Errors
    /// Any error is a problem of the build, told together with all others.
    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let _ = setup;
        Ok(())
    }

    /// Starts its work, after its dependencies. The address is bound, but nothing is served before
    /// every component has started.
    ///
    /// # Errors
    /// An error, a panic, or not being done by the deadline stops what had started before, in
    /// reverse, and ends the application. This component itself is not stopped; the tasks it
    /// spawned are.
    ///
    /// # Cancel safety
    /// The future is dropped at the deadline, and when the application is stopped meanwhile.
    fn start(&self, cx: StartContext) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Ends its work, before its dependencies do. Its tasks still run; they are told to end when
    /// this returns.
    ///
    /// # Errors
    /// An error, a panic, or not being done by the deadline is reported; the others are stopped
    /// all the same.
    ///
    /// # Cancel safety
    /// The future is dropped at the deadline.
    fn stop(&self, cx: StopContext) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = cx;
        async { Ok(()) }
    }
}

impl<C: Component> Component for Arc<C> {
    fn name(&self) -> &'static str {
        C::name(self)
    }

    fn dependencies(&self) -> &[&'static str] {
        C::dependencies(self)
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        C::install(self, setup)
    }

    fn start(&self, cx: StartContext) -> impl Future<Output = Result<(), Error>> + Send {
        C::start(self, cx)
    }

    fn stop(&self, cx: StopContext) -> impl Future<Output = Result<(), Error>> + Send {
        C::stop(self, cx)
    }
}

/// A component that only declares.
///
/// ```
/// use plumego_component::{Setup, from_fn};
/// use plumego_contract::Error;
///
/// let greeting = from_fn("greeting", |setup: &mut Setup<'_>| {
///     setup.state("hello");
///     Ok::<_, Error>(())
/// });
/// ```
pub fn from_fn<F>(name: &'static str, install: F) -> FromFn<F>
where
    F: Fn(&mut Setup<'_>) -> Result<(), Error> + Send + Sync + 'static,
{
    FromFn { name, install }
}

/// What [`from_fn`] makes.
#[derive(Clone)]
pub struct FromFn<F> {
    name: &'static str,
    install: F,
}

impl<F> Component for FromFn<F>
where
    F: Fn(&mut Setup<'_>) -> Result<(), Error> + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        (self.install)(setup)
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromFn").field(&self.name).finish()
    }
}

/// Work beside the requests that brings nothing else: a poller, a second listener, a pump.
///
/// Runners start after all components, in the order they were added, and stop before them, in
/// reverse. `Arc<R>` is a runner too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a runner",
    label = "not a runner",
    note = "write `impl Runner`; its `start` spawns the work with `cx.spawn` and returns"
)]
pub trait Runner: Send + Sync + 'static {
    /// Starts the work and returns; what goes on, it spawns.
    ///
    /// # Errors
    /// As with [`Component::start`].
    fn start(&self, cx: StartContext) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends the work. Its tasks still run; they are told to end when this returns.
    ///
    /// # Errors
    /// As with [`Component::stop`].
    fn stop(&self, cx: StopContext) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = cx;
        async { Ok(()) }
    }
}

impl<R: Runner> Runner for Arc<R> {
    fn start(&self, cx: StartContext) -> impl Future<Output = Result<(), Error>> + Send {
        R::start(self, cx)
    }

    fn stop(&self, cx: StopContext) -> impl Future<Output = Result<(), Error>> + Send {
        R::stop(self, cx)
    }
}

/// What a component or a runner gets to start with.
#[derive(Debug, Clone)]
pub struct StartContext {
    tasks: Tasks,
    deadline: Instant,
}

impl StartContext {
    /// A context whose tasks go into this group. For a test of one component.
    pub fn new(tasks: Tasks, deadline: Instant) -> Self {
        Self { tasks, deadline }
    }

    /// Runs a task that belongs to the component: named, counted, told to end and awaited when the
    /// component stops. What it returns, `()` or a `Result`, and its panic are logged.
    ///
    /// Answers `false`, and drops the task, when the application takes no more: see [`Tasks`].
    pub fn spawn<F, Fut>(&self, name: impl Into<Name>, task: F) -> bool
    where
        F: FnOnce(StopToken) -> Fut,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        self.tasks.spawn_until(name, task)
    }

    /// The group of tasks of the component, to be kept for later spawns.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The token that fires when the tasks of the component are told to end.
    pub fn stop_token(&self) -> StopToken {
        self.tasks.stop_token()
    }

    /// When the start must be done.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

/// What a component or a runner gets to stop with.
#[derive(Debug, Clone)]
pub struct StopContext {
    deadline: Instant,
}

impl StopContext {
    /// A context with this deadline. For a test of one component.
    pub fn new(deadline: Instant) -> Self {
        Self { deadline }
    }

    /// When the stop must be done.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time left until then.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
