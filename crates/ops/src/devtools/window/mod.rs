//! What was asked lately: the requests of the last five minutes by route, and the newest ones.
//!
//! For a developer. It is apart from the metrics that are exported, and clearing it changes nothing
//! there.
//!
//! Limits: 200 routes (a method and a pattern; more of them share one line), 200 newest requests,
//! paths of 256 bytes. Percentiles are those of buckets an eighth of an octave wide, so they are
//! off by 6 % at most. A route takes up to 40 KiB.

mod series;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_stdx::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use self::series::{SLOT, SLOTS, Series, Snapshot};

const MAX_ROUTES: usize = 200;
const MAX_RECENT: usize = 200;
const MAX_PATH_BYTES: usize = 256;

/// Whatever no route matched.
const UNMATCHED: &str = "(unmatched)";
/// Routes beyond the bound.
const OTHERS: &str = "(others)";

/// The window. It is told of every request.
#[derive(Debug)]
pub(super) struct Window(Mutex<State>);

#[derive(Debug)]
struct State {
    began: Instant,
    started_at: Timestamp,
    total: Series,
    routes: BTreeMap<(String, String), Series>,
    recent: VecDeque<Recent>,
}

#[derive(Debug, Clone, Serialize)]
struct Recent {
    method: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    status: u16,
    duration_ms: f64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    outcome: &'static str,
    timestamp: Timestamp,
}

#[derive(Serialize)]
struct Line {
    method: String,
    path: String,
    #[serde(flatten)]
    values: Snapshot,
}

/// What is in the window.
#[derive(Serialize)]
pub(super) struct Shown {
    window_seconds: u64,
    started_at: Timestamp,
    total: Line,
    routes: Vec<Line>,
    recent: Vec<Recent>,
}

impl Window {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::new()))
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.state() = State::new();
    }

    /// The routes with the most requests first, the newest request first.
    pub(super) fn show(&self) -> Shown {
        let state = self.state();
        let slot = state.slot();
        let mut routes: Vec<Line> = state
            .routes
            .iter()
            .map(|((method, path), series)| line(method, path, series, slot))
            .filter(|line| line.values.count > 0)
            .collect();
        routes.sort_by(|a, b| {
            let count = b.values.count.cmp(&a.values.count);
            count.then_with(|| a.path.cmp(&b.path))
        });
        Shown {
            window_seconds: SLOT.as_secs() * u64::from(SLOTS),
            started_at: state.started_at,
            total: line("ALL", "", &state.total, slot),
            routes,
            recent: state.recent.iter().rev().cloned().collect(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            started_at: Timestamp::now(),
            total: Series::default(),
            routes: BTreeMap::new(),
            recent: VecDeque::new(),
        }
    }

    /// The number of the slot that is being filled.
    fn slot(&self) -> u64 {
        self.began.elapsed().as_secs() / SLOT.as_secs()
    }

    fn series(&mut self, record: &RequestRecord<'_>) -> &mut Series {
        let key = match record.route {
            Some(route) => (known_method(record.method), route.to_owned()),
            None => ("ANY".to_owned(), UNMATCHED.to_owned()),
        };
        let slot = self.slot();
        if self.routes.len() >= MAX_ROUTES && !self.routes.contains_key(&key) {
            self.routes.retain(|_, series| series.is_live(slot));
        }
        let has_room = self.routes.len() < MAX_ROUTES || self.routes.contains_key(&key);
        let others = || ("ANY".to_owned(), OTHERS.to_owned());
        let key = if has_room { key } else { others() };
        self.routes.entry(key).or_default()
    }
}

impl RequestSink for Window {
    fn record(&self, record: &RequestRecord<'_>) {
        let recent = Recent::new(record);
        let mut state = self.state();
        let slot = state.slot();
        state.total.add(slot, record);
        state.series(record).add(slot, record);
        if state.recent.len() >= MAX_RECENT {
            state.recent.pop_front();
        }
        state.recent.push_back(recent);
    }
}

impl Recent {
    fn new(record: &RequestRecord<'_>) -> Self {
        let end = record.path.floor_char_boundary(MAX_PATH_BYTES);
        Self {
            method: known_method(record.method),
            path: record.path.get(..end).unwrap_or_default().to_owned(),
            route: record.route.map(str::to_owned),
            status: record.status,
            duration_ms: record.duration.as_secs_f64() * 1000.0,
            bytes: record.response_bytes,
            error: record.error_code.map(str::to_owned),
            outcome: record.outcome.as_str(),
            timestamp: record.start,
        }
    }
}

fn line(method: &str, path: &str, series: &Series, slot: u64) -> Line {
    Line {
        method: method.to_owned(),
        path: path.to_owned(),
        values: series.snapshot(slot),
    }
}

/// A client may write any method, and as many of them as it likes.
fn known_method(method: &str) -> String {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ];
    let known = KNOWN.iter().find(|known| **known == method);
    (*known.unwrap_or(&"OTHER")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn ask(window: &Window, route: &str, status: u16, ms: u64) {
        let mut record = RequestRecord::new("GET", "/somewhere", status);
        record.route = (!route.is_empty()).then_some(route);
        record.duration = Duration::from_millis(ms);
        record.response_bytes = 100;
        window.record(&record);
    }

    fn shown(window: &Window) -> Value {
        json!(window.show())
    }

    #[tokio::test(start_paused = true)]
    async fn counts_errors_and_percentiles_by_route() {
        let window = Window::new();
        for ms in 1..=100 {
            ask(&window, "/users/{id}", 200, ms);
        }
        ask(&window, "/broken", 500, 1);
        ask(&window, "", 404, 1);
        let shown = shown(&window);
        assert_eq!(shown["total"]["count"], 102);
        assert_eq!(shown["total"]["error_count"], 2);
        let first = &shown["routes"][0];
        assert_eq!(first["path"], "/users/{id}");
        assert_eq!(
            first["status"],
            json!({"1xx":0,"2xx":100,"3xx":0,"4xx":0,"5xx":0})
        );
        let time = &first["duration_ms"];
        for (name, expected) in [
            ("min", 1.0),
            ("max", 100.0),
            ("mean", 50.5),
            ("sum", 5050.0),
        ] {
            assert_eq!(time[name], json!(expected), "{name}");
        }
        for (name, exact) in [("p50", 50.0), ("p95", 95.0), ("p99", 99.0)] {
            let value = time[name].as_f64().unwrap();
            assert!((value - exact).abs() <= exact * 0.0625, "{name} is {value}");
        }
        assert_eq!(first["bytes"]["sum"], json!(10_000.0));
        assert_eq!(shown["routes"][1]["path"], UNMATCHED);
        assert_eq!(shown["recent"][0]["status"], 404, "the newest first");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_the_window_is_gone() {
        let window = Window::new();
        ask(&window, "/old", 200, 1000);
        tokio::time::advance(Duration::from_secs(270)).await;
        ask(&window, "/new", 200, 1);
        assert_eq!(shown(&window)["total"]["count"], 2);
        tokio::time::advance(Duration::from_secs(31)).await;
        let later = shown(&window);
        assert_eq!(later["total"]["count"], 1);
        assert_eq!(later["total"]["duration_ms"]["max"], 1.0);
        assert_eq!(later["routes"].as_array().unwrap().len(), 1);
        window.clear();
        assert_eq!(shown(&window)["total"]["count"], 0);
        assert_eq!(shown(&window)["recent"], json!([]));
    }

    #[tokio::test(start_paused = true)]
    async fn neither_routes_nor_methods_nor_requests_make_it_grow() {
        let window = Window::new();
        for place in 0..1000 {
            ask(&window, &format!("/route/{place}"), 200, 1);
        }
        let mut record = RequestRecord::new("MADE-UP", "/", 200);
        let long = "/x".repeat(1000);
        record.path = &long;
        window.record(&record);
        let shown = shown(&window);
        let routes = shown["routes"].as_array().unwrap();
        assert_eq!(routes.len(), MAX_ROUTES + 1);
        assert_eq!(routes[0]["path"], OTHERS);
        assert_eq!(shown["total"]["count"], 1001, "none is lost");
        assert_eq!(shown["recent"].as_array().unwrap().len(), MAX_RECENT);
        assert_eq!(shown["recent"][0]["method"], "OTHER");
        assert_eq!(shown["recent"][0]["path"].as_str().unwrap().len(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn routes_that_nobody_asks_any_more_make_room() {
        let window = Window::new();
        for place in 0..300 {
            ask(&window, &format!("/route/{place}"), 200, 1);
        }
        tokio::time::advance(Duration::from_secs(301)).await;
        ask(&window, "/new", 200, 1);
        let routes = &shown(&window)["routes"];
        assert_eq!(
            (&routes[0]["path"], &routes[1]),
            (&json!("/new"), &Value::Null)
        );
    }
}
