//! The guards of an application, and a log of the requests that they let by.

use std::sync::{Arc, Mutex};

use plumego_contract::Problems;
use plumego_middleware::ObserveLayer;
use plumego_middleware::cors::CorsConfig;
use plumego_middleware::debug_errors::RouteList;
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_router::Router;

use crate::Guards;
use crate::guards::GuardStack;

pub(super) type Records = Arc<Mutex<Vec<String>>>;

struct Log(Records);

impl RequestSink for Log {
    fn record(&self, record: &RequestRecord<'_>) {
        // A body that came whole counts as read, that of the engine when somebody reads it.
        let is_read = !["/ignore", "/get"].contains(&record.path) && record.error_code.is_none();
        let line = format!(
            "{} {} {:?} {} {} {} {:?} {:?} {:?} {:?} {:?}",
            record.method,
            record.path,
            record.route,
            record.status,
            u64::from(is_read) * record.request_bytes,
            record.response_bytes,
            record.host,
            record.protocol,
            record.error_code,
            record.error_message,
            record.outcome,
        );
        self.0.lock().unwrap().push(line);
    }
}

/// All of them.
pub(super) fn around(records: &Records) -> Router {
    let guards = Guards {
        cors: Some(CorsConfig::origins(["https://shop.example"])),
        ..Guards::default()
    };
    let observe = ObserveLayer::new().sink(Log(records.clone()));
    let mut problems = Problems::default();
    let told = (&RouteList::new(), Vec::new());
    let stack = GuardStack::new(guards, Some(observe), told, &mut problems);
    assert!(problems.is_empty());
    stack.add_to(Router::new())
}
