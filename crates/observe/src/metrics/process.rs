//! What every service exposes about itself.

use std::time::Instant;

use super::error::MetricError;
use super::registry::Metrics;

impl Metrics {
    /// Registers the gauge `build_info`, always 1, with the labels `version`, `commit` and
    /// `build_time`.
    pub fn build_info(
        &self,
        version: &str,
        commit: &str,
        build_time: &str,
    ) -> Result<(), MetricError> {
        let labels = ["version", "commit", "build_time"];
        let help = "What is running; the value is always 1.";
        let info = self.gauge_family("build_info", help, &labels)?;
        info.with(&[version, commit, build_time]).set(1);
        Ok(())
    }

    /// Registers the gauge `process_uptime_seconds`: the time since `started`, read at each
    /// exposition.
    pub fn uptime(&self, started: Instant) -> Result<(), MetricError> {
        let help = "Seconds since the process started serving.";
        self.gauge_fn("process_uptime_seconds", help, move || {
            started.elapsed().as_secs_f64()
        })
    }
}
