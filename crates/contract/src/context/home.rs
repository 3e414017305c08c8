//! What the requests of one connection share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use super::{AppContext, Connection};
use crate::RouteInfo;

/// What the requests of one connection share: the connection itself, the application and its
/// routes.
///
/// A server makes one for each connection, so that a request counts its references in memory that
/// no other connection writes to.
#[derive(Debug)]
pub struct ConnectionContext {
    app: Arc<AppContext>,
    connection: Connection,
    routes: Arc<[Arc<RouteInfo>]>,
    usual_host: OnceLock<HeaderValue>,
    takes_late_fields: AtomicBool,
}

impl ConnectionContext {
    /// Requests of this connection to this application, whose routes are these.
    pub fn new(
        app: Arc<AppContext>,
        connection: Connection,
        routes: Arc<[Arc<RouteInfo>]>,
    ) -> Self {
        Self {
            app,
            connection,
            routes,
            usual_host: OnceLock::new(),
            takes_late_fields: AtomicBool::new(false),
        }
    }

    /// What every request of the application shares.
    pub fn app(&self) -> &Arc<AppContext> {
        &self.app
    }

    /// The connection as the server saw it.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Remembers a `Host` that was found to be valid. The first one stays: a client names the same
    /// one in every request of a connection, as a rule.
    pub fn remember_host(&self, host: &HeaderValue) {
        if self.usual_host.get().is_none() {
            // Its own bytes: those of the header would keep a buffer of the connection alive.
            if let Ok(host) = HeaderValue::from_bytes(host.as_bytes()) {
                let _ = self.usual_host.set(host);
            }
        }
    }

    /// Whether this is the `Host` that is remembered, which need not be looked at again.
    pub fn remembers_host(&self, host: &HeaderValue) -> bool {
        self.usual_host() == Some(host)
    }

    /// Whether the server adds [`LateFields`](super::LateFields) to the answers of the requests
    /// that follow. Not unless it says so.
    pub fn take_late_fields(&self, takes: bool) {
        self.takes_late_fields.store(takes, Ordering::Relaxed);
    }

    pub(super) fn takes_late_fields(&self) -> bool {
        self.takes_late_fields.load(Ordering::Relaxed)
    }

    pub(super) fn usual_host(&self) -> Option<&HeaderValue> {
        self.usual_host.get()
    }

    pub(super) fn route(&self, place: Option<usize>) -> Option<&Arc<RouteInfo>> {
        self.routes.get(place?)
    }
}
