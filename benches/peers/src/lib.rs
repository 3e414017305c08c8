//! What the peers have in common: how they start, and where their log goes.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

pub use task::{ORIGIN, Order, SECURITY_HEADERS, Settings, panics, patterns};

/// What goes wrong before a server listens.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The arguments of this program.
pub fn settings() -> Result<Settings, Failure> {
    Ok(Settings::parse(std::env::args().skip(1))?)
}

/// Runs a server on tokio's runtime, which steals work, with as many workers as it was told.
pub fn run<F>(workers: usize, server: F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    runtime.block_on(server)
}

/// Where a server listens.
pub fn address(settings: &Settings) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, settings.port).into()
}

/// The file of the access log, when there is to be one.
pub fn log_file(settings: &Settings) -> Result<Option<File>, Failure> {
    let Some(path) = &settings.log else {
        return Ok(None);
    };
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(Some(file))
}

/// Sends what is told to `tracing` to the file, each line by itself, as JSON. The answer is whether
/// there is a file.
pub fn log_by_tracing(settings: &Settings) -> Result<bool, Failure> {
    let Some(file) = log_file(settings)? else {
        return Ok(false);
    };
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(Mutex::new(file))
        .init();
    Ok(true)
}
