//! The end of an application, step by step.

use std::time::Duration;

use plumego_component::{Lifecycle, Phase, StopReport};
use tokio::sync::watch;
use tokio::time::Instant;

use super::control::Stop;
use super::handover::{self, Armed, Successor};
use super::logging::Flusher;
use super::report::Report;
use crate::builder::Settings;
use crate::server::Server;

/// Everything that has to end.
pub(super) struct Shutdown {
    pub(super) server: Server,
    pub(super) lifecycle: Lifecycle,
    pub(super) stop: watch::Receiver<Stop>,
    pub(super) settings: Settings,
    pub(super) flusher: Flusher,
    pub(super) successor: Successor,
    /// What a successor needs; gone when the sockets must be.
    pub(super) armed: Option<Armed>,
}

impl Shutdown {
    /// Waits until it is told to stop, and stops.
    pub(super) async fn supervise(mut self) -> Report {
        // The sender lives in `Running` or in a handle; without any there is nobody to wait for.
        let _ = self.stop.wait_for(|stop| *stop != Stop::No).await;
        let handed_over = self.successor.has_taken_over();
        if handed_over {
            self.lifecycle.readiness().set_handed_over();
        } else if self.armed.is_some() {
            handover::announce_stop();
        }
        self.armed = None;
        self.lifecycle.readiness().advance(Phase::Draining);
        let mut report = Report::default();
        let began = Instant::now();
        if !handed_over {
            self.pre_drain().await;
        }
        report.pre_drain = began.elapsed();

        let time = self.settings.times.shutdown.get();
        let deadline = Instant::now() + time;
        self.drain(&mut report, time, handed_over).await;
        self.stop_parts(&mut report, deadline).await;

        self.lifecycle.readiness().advance(Phase::Stopped);
        report.total = began.elapsed();
        if report.is_clean() {
            tracing::info!("{report}");
        } else {
            tracing::warn!("{report}");
        }
        self.flusher.stop().await;
        report
    }

    /// Serves everything while balancers look away. A successor needs none of it: nobody is to look
    /// away from the address.
    async fn pre_drain(&self) {
        let delay = self.settings.times.pre_drain.get();
        tracing::info!(
            connections = self.server.connections(),
            ?delay,
            "not ready any more, draining"
        );
        let _ = unless(&self.stop, Stop::Now, tokio::time::sleep(delay)).await;
    }

    /// Answers what is open. The last fifth of the time is for what stops afterwards.
    async fn drain(&mut self, report: &mut Report, time: Duration, handed_over: bool) {
        let began = Instant::now();
        let server = &mut self.server;
        let patience = time.mul_f64(0.8);
        let interval = self.settings.times.drain_interval.get();
        server.stop_accepting(handed_over).await;
        server.drain(time);
        let drained = server.wait(began + patience, interval);
        if unless(&self.stop, Stop::Now, drained).await != Some(true) {
            report.open_requests = server.open_requests();
            report.cut_connections = server.connections();
            for request in &report.open_requests {
                tracing::warn!(%request, "a request was cut");
            }
            server.cut().await;
        }
        report.drain = began.elapsed();
    }

    async fn stop_parts(&self, report: &mut Report, deadline: Instant) {
        let began = Instant::now();
        let stopped = unless(&self.stop, Stop::Now, self.lifecycle.stop_all(deadline)).await;
        let stopped: StopReport = match stopped {
            Some(stopped) => stopped,
            None => self.lifecycle.stop_all(Instant::now()).await,
        };
        report.stopped = stopped;
        report.stop = began.elapsed();
    }
}

/// The output, or `None` when the application is told this, or more, meanwhile.
pub(super) async fn unless<F: Future>(
    stop: &watch::Receiver<Stop>,
    told: Stop,
    future: F,
) -> Option<F::Output> {
    let mut stop = stop.clone();
    let is_told = async move {
        if stop.wait_for(|stop| *stop >= told).await.is_err() {
            // Nobody is left who could tell.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = is_told => None,
        output = future => Some(output),
    }
}
