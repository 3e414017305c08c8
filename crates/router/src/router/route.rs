//! Modifiers: what is said of the route added last.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_contract::{BoxError, OnDisconnect, Problem, Request, RouteTimeout};
use plumego_stdx::Limit;
use tower_layer::Layer;
use tower_service::Service;

use super::{Item, Route, Router};
use crate::Endpoint;
use crate::endpoint::{LayerEntry, short_name};

/// These speak of the route added last. Without one they are a problem at freeze.
impl Router {
    /// Names the route for [`Frozen::url`](crate::Frozen::url). Names are unique in the whole
    /// application.
    #[track_caller]
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.modify("name", |route| route.info.name = Some(name.into()))
    }

    /// Adds a label, such as those of an OpenAPI document.
    #[track_caller]
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.modify("tag", |route| route.info.tags.push(tag.into()))
    }

    /// Describes the route in one line.
    #[track_caller]
    #[must_use]
    pub fn description(self, text: impl Into<String>) -> Self {
        self.modify("description", |route| {
            route.info.description = Some(text.into());
        })
    }

    /// Tells clients to move away from the route.
    #[track_caller]
    #[must_use]
    pub fn deprecated(self) -> Self {
        self.modify("deprecated", |route| route.info.deprecated = true)
    }

    /// The largest request body, in place of the application's.
    #[track_caller]
    #[must_use]
    pub fn max_body_bytes(self, limit: Limit) -> Self {
        self.modify("max_body_bytes", |route| {
            route.info.max_body_bytes = Some(limit);
        })
    }

    /// What happens to the handler when its client goes away.
    #[track_caller]
    #[must_use]
    pub fn on_disconnect(self, policy: OnDisconnect) -> Self {
        self.modify("on_disconnect", |route| route.info.on_disconnect = policy)
    }

    /// How long the route may take to answer, in place of the application's time: a `Duration`, or
    /// [`RouteTimeout::Never`]. Zero is a problem at freeze: every request that waits would be 504.
    #[track_caller]
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<RouteTimeout>) -> Self {
        let timeout = timeout.into();
        if timeout == RouteTimeout::After(Duration::ZERO) {
            self.problems.push(Problem::at(
                "the timeout of a route is 0s, so every request that waits would be 504: expected \
                 more than that, or `RouteTimeout::Never`",
                Location::caller(),
            ));
        }
        self.modify("timeout", |route| {
            route.info.timeout = Some(timeout);
        })
    }

    /// Makes the route a probe of the operator (health, metrics), which limits and the access log
    /// treat apart.
    #[track_caller]
    #[must_use]
    pub fn operational(self) -> Self {
        self.modify("operational", |route| route.info.operational = true)
    }

    /// A tower layer around this route alone, inside those of its group. The first one written is
    /// the outermost.
    #[track_caller]
    #[must_use]
    pub fn wrap<L, B>(self, layer: L) -> Self
    where
        L: Layer<Endpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.modify("wrap", |route| {
            let names = Arc::from([short_name::<L>()]);
            route.layers.push(LayerEntry::new(names, layer));
        })
    }

    #[track_caller]
    fn modify(mut self, modifier: &str, change: impl FnOnce(&mut Route)) -> Self {
        match self.items.last_mut() {
            Some(Item::Route(route)) if self.open => change(route),
            _ => self.problems.push(Problem::at(
                format!(
                    "`{modifier}` speaks of the route before it, and there is none: write it right \
                     after the route"
                ),
                Location::caller(),
            )),
        }
        self
    }
}
