//! What the runtime and the system tell of the process.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::runtime::{Handle, RuntimeMetrics};

/// Workers and queues of tokio, memory and threads of the process.
pub(super) fn show() -> Value {
    let tokio = Handle::try_current().map(|handle| of_tokio(&handle.metrics()));
    json!({
        "build_profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        "tokio": tokio.unwrap_or_default(),
        "process": of_process(),
    })
}

fn of_tokio(metrics: &RuntimeMetrics) -> Value {
    let workers: Vec<_> = (0..metrics.num_workers())
        .map(|worker| {
            json!({
                "busy_ms": millis(metrics.worker_total_busy_duration(worker)),
                "parks": metrics.worker_park_count(worker),
                "parks_and_unparks": metrics.worker_park_unpark_count(worker),
            })
        })
        .collect();
    json!({
        "alive_tasks": metrics.num_alive_tasks(),
        "global_queue_depth": metrics.global_queue_depth(),
        "workers": workers,
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// From `/proc`; empty where there is none.
fn of_process() -> Value {
    let mut found = Map::new();
    found.insert("id".to_owned(), std::process::id().into());
    let cpus = std::thread::available_parallelism();
    found.insert("cpus".to_owned(), cpus.map_or(0, usize::from).into());
    #[expect(clippy::disallowed_methods, reason = "the system tells by a file")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let number = value.split_whitespace().next();
        let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) else {
            continue;
        };
        let (name, unit) = match name {
            "VmRSS" => ("resident_bytes", 1024),
            "VmHWM" => ("peak_resident_bytes", 1024),
            "VmSize" => ("virtual_bytes", 1024),
            "Threads" => ("threads", 1),
            _ => continue,
        };
        found.insert(name.to_owned(), (number * unit).into());
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        found.insert("open_files".to_owned(), entries.count().into());
    }
    Value::Object(found)
}
