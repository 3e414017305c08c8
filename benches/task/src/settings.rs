//! What a server is told on its command line: `mode=bare`, or `mode=production` with its limits.
//! The same file for everybody.

use std::path::PathBuf;
use std::time::Duration;

/// The arguments of a server, each as `key=value`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `port`: on the loopback.
    pub port: u16,
    /// `workers`: threads that serve.
    pub workers: usize,
    /// `mode`: `production` has everything below, `bare` the routes alone.
    pub production: bool,
    /// `log`: the file of the access log; without it there is none.
    pub log: Option<PathBuf>,
    /// `metrics=on`: requests are counted and timed by route.
    pub metrics: bool,
    /// `rate`: requests a second for each client.
    pub rate: u32,
    /// `burst`: requests at once for each client.
    pub burst: u32,
    /// `body`: bytes of a request body.
    pub body: usize,
    /// `concurrency`: requests that run at once.
    pub concurrency: usize,
    /// `timeout`: milliseconds to the head of the answer.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            workers: 2,
            production: false,
            log: None,
            metrics: false,
            // A request every microsecond: nobody is refused, and every request is checked.
            rate: 1_000_000,
            burst: 1_000_000,
            body: 10 * 1024 * 1024,
            concurrency: 256,
            timeout: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Reads arguments. The error names the first that is wrong.
    pub fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self::default();
        for arg in args {
            let known = arg
                .split_once('=')
                .and_then(|(key, value)| settings.set(key, value));
            if known.is_none() {
                return Err(format!("`{arg}`: expected a known `key=value`"));
            }
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "port" => self.port = value.parse().ok()?,
            "workers" => self.workers = value.parse().ok()?,
            "mode" => self.production = flag(value, "production", "bare")?,
            "log" => self.log = Some(PathBuf::from(value)),
            "metrics" => self.metrics = flag(value, "on", "off")?,
            "rate" => self.rate = value.parse().ok()?,
            "burst" => self.burst = value.parse().ok()?,
            "body" => self.body = value.parse().ok()?,
            "concurrency" => self.concurrency = value.parse().ok()?,
            "timeout" => self.timeout = Duration::from_millis(value.parse().ok()?),
            _ => return None,
        }
        Some(())
    }
}

fn flag(value: &str, yes: &str, no: &str) -> Option<bool> {
    if value == yes {
        return Some(true);
    }
    (value == no).then_some(false)
}
