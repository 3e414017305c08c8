//! What the requests of one connection share.

use std::sync::Arc;

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

    pub(super) fn route(&self, place: Option<usize>) -> Option<&Arc<RouteInfo>> {
        self.routes.get(place?)
    }
}
