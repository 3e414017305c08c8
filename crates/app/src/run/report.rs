//! What the end of an application came to.

use std::fmt;
use std::time::Duration;

use plumego_component::StopReport;

use crate::server::OpenRequest;

/// What the end of an application came to. Its `Display` is the line that is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The time that requests were still served while the probe said 503.
    pub pre_drain: Duration,
    /// The time that open requests took to be answered.
    pub drain: Duration,
    /// The time that runners, components, hooks and tasks took to stop.
    pub stop: Duration,
    /// All of it.
    pub total: Duration,
    /// The connections that were open when the time for draining was over.
    pub cut_connections: usize,
    /// The requests on them, and handlers without a client; the oldest first.
    pub open_requests: Vec<OpenRequest>,
    /// What did not stop as it should, and the tasks that were left.
    pub stopped: StopReport,
}

impl Report {
    /// Whether every request was answered and everything stopped in time and without an error.
    pub fn is_clean(&self) -> bool {
        self.cut_connections == 0 && self.open_requests.is_empty() && self.stopped.is_clean()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = if self.is_clean() { "" } else { ", not cleanly" };
        write!(
            f,
            "stopped in {} ms{clean}: pre-drain {} ms, drain {} ms, stop {} ms",
            self.total.as_millis(),
            self.pre_drain.as_millis(),
            self.drain.as_millis(),
            self.stop.as_millis(),
        )?;
        if self.cut_connections > 0 {
            write!(f, "; {} connections cut", self.cut_connections)?;
        }
        for request in &self.open_requests {
            write!(f, "; open: {request}")?;
        }
        for failure in &self.stopped.failures {
            write!(f, "; {failure}")?;
        }
        for task in &self.stopped.leftover_tasks {
            write!(f, "; task `{task}` did not end")?;
        }
        Ok(())
    }
}
