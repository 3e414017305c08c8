//! What components put out for an operator: routes to act on them, and snapshots to look at.
//!
//! A component fills its drawers in `install`. One other component, such as the one of the operator
//! endpoints, says where they are shown; without it nobody can open them.

use std::fmt;
use std::sync::Arc;

use plumego_router::Router;
use serde::Serialize;
use serde_json::Value;

use crate::panic::catch_now;

type Show = dyn Fn() -> Result<Value, serde_json::Error> + Send + Sync;

/// A snapshot of a component, made when somebody looks: from
/// [`Setup::debug`](crate::Setup::debug).
#[derive(Clone)]
pub struct DebugDrawer {
    component: &'static str,
    show: Arc<Show>,
}

impl DebugDrawer {
    pub(crate) fn new<T: Serialize>(
        component: &'static str,
        snapshot: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self {
        Self {
            component,
            show: Arc::new(move || serde_json::to_value(snapshot())),
        }
    }

    /// The component that it belongs to.
    pub fn component(&self) -> &'static str {
        self.component
    }

    /// What the component shows now.
    ///
    /// # Errors
    /// A line for the operator: the snapshot panicked, or cannot be written as JSON.
    pub fn open(&self) -> Result<Value, String> {
        match catch_now(|| (self.show)()) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(format!("the snapshot cannot be written as JSON: {error}")),
            Err(panic) => {
                tracing::error!(component = self.component, panic, "a snapshot panicked");
                Err("the snapshot panicked; see the log".to_owned())
            }
        }
    }
}

impl fmt::Debug for DebugDrawer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DebugDrawer").field(&self.component).finish()
    }
}

/// Routes by which an operator acts on a component: from [`Setup::admin`](crate::Setup::admin).
#[derive(Debug)]
pub struct AdminDrawer {
    pub(crate) component: &'static str,
    pub(crate) routes: Router,
}

impl AdminDrawer {
    /// The component that it belongs to.
    pub fn component(&self) -> &'static str {
        self.component
    }

    /// The routes, to be put under a prefix and behind a guard.
    pub fn into_routes(self) -> Router {
        self.routes
    }
}

/// The drawers of all components, once every one of them is installed.
#[derive(Debug, Default)]
pub struct Drawers {
    pub(crate) admin: Vec<AdminDrawer>,
    pub(crate) debug: Vec<DebugDrawer>,
}

impl Drawers {
    /// The routes for operators, by component in the order they start. Who takes them shows them:
    /// the next one finds none.
    pub fn take_admin(&mut self) -> Vec<AdminDrawer> {
        std::mem::take(&mut self.admin)
    }

    /// The components that have routes for operators, as long as nobody has taken them.
    pub fn admin(&self) -> &[AdminDrawer] {
        &self.admin
    }

    /// The snapshots, by component in the order they start.
    pub fn debug(&self) -> &[DebugDrawer] {
        &self.debug
    }
}
