//! The configuration of the server: typed, bounded, loaded in layers.
//!
//! [`ServerConfig`] is plain data with a default for everything, and reads nothing from outside.
//! [`Config`] loads it from flags, environment, `.env` and a TOML file, beside the program's own
//! settings.

mod keys;
mod load;
mod read;

use std::time::Duration;

use ipnet::IpNet;
use plumego_config::Kind;
use plumego_contract::{Problem, Problems};
use plumego_observe::log::{LogFilter, LogFormat};
use plumego_stdx::Limit;
use serde::Deserialize;

pub use self::keys::SERVER_KEYS;
pub use self::load::{Config, ConfigLoader, LoadError, Loading};

/// Addresses, deadlines and bounds of a server.
///
/// Every field has the key `server.` and its name in a file ([`addrs`](Self::addrs) is
/// `server.addr`), a variable and a flag: see [`SERVER_KEYS`].
///
/// ```
/// use std::time::Duration;
/// use plumego_app::ServerConfig;
///
/// let mut config = ServerConfig::default();
/// assert_eq!(config.addrs, [":8080"]);
/// config.read_timeout = Duration::from_secs(10);
/// assert!(config.validate().is_empty());
/// config.max_header_bytes = 1;
/// assert_eq!(config.validate().iter().count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or `:8080` for all
    /// interfaces, IPv6 and IPv4; port 0 takes a free one. At most 64, separated by commas.
    /// Default: `:8080`.
    #[serde(rename = "addr", deserialize_with = "read::addrs")]
    pub addrs: Vec<String>,
    /// Whether this is a development run. Default: false.
    pub debug: bool,
    /// The time for everything to end: open requests, then runners, components and hooks. At most
    /// 1 h. Default: 5 s.
    #[serde(with = "plumego_config::duration")]
    pub shutdown_timeout: Duration,
    /// How long requests are still accepted after readiness has turned to 503, so that a load
    /// balancer can look away. Not part of `shutdown_timeout`. At most 1 h. Default: 0.
    #[serde(with = "plumego_config::duration")]
    pub pre_drain_delay: Duration,
    /// How often a drain logs what is still open. 10 ms to 1 min. Default: 500 ms.
    #[serde(with = "plumego_config::duration")]
    pub drain_interval: Duration,
    /// The time for the head of a request, from its first byte, or from the connection for the
    /// first one. At most 1 h; 0 switches it off. Default: 5 s.
    #[serde(with = "plumego_config::duration")]
    pub read_header_timeout: Duration,
    /// How long a handler waits for the body of a request, all waits together; time in which
    /// nobody reads the body does not count. Beyond it: `408 body_timeout`. At most 1 h; 0
    /// switches it off. Default: 30 s.
    #[serde(with = "plumego_config::duration")]
    pub read_timeout: Duration,
    /// The time for an answer to go out, from its first byte to its last. Streams opt out: they
    /// are held to `idle_timeout`. At most 1 h; 0 switches it off. Default: 30 s.
    #[serde(with = "plumego_config::duration")]
    pub write_timeout: Duration,
    /// How long a kept connection may wait for its next request, and how long a stream may go
    /// without a byte in either direction. At most 1 h; 0 switches it off. Default: 60 s.
    #[serde(with = "plumego_config::duration")]
    pub idle_timeout: Duration,
    /// The time for each component and runner to start. 1 ms to 1 h. Default: 30 s.
    #[serde(with = "plumego_config::duration")]
    pub start_timeout: Duration,
    /// The most bytes in the head of a request. 8 KiB to 16 MiB. Default: 1 MiB.
    pub max_header_bytes: usize,
    /// The most bytes in the body of a request, unless its route says otherwise. Default: 10 MiB;
    /// 0 in a setting means unlimited.
    pub max_body_bytes: Limit,
    /// The most open connections; more wait in the queue of the system. 1 to 1,000,000.
    /// Default: 10,000.
    pub max_connections: usize,
    /// Whether HTTP/2 without TLS (prior knowledge) is spoken beside HTTP/1.1. Default: true.
    pub http2: bool,
    /// The networks whose `Forwarded` and `X-Forwarded-*` headers are believed: `10.0.0.0/8`, or
    /// one address. At most 1,024. Default: none.
    #[serde(deserialize_with = "read::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How log lines look: `pretty` or `json`. Default: pretty.
    #[serde(deserialize_with = "read::from_text")]
    pub log_format: LogFormat,
    /// Which events are logged: a level, and levels for modules, as in `info,hyper=warn`.
    /// Default: `info`.
    #[serde(rename = "log_level", deserialize_with = "read::from_text")]
    pub log_filter: LogFilter,
    /// What the loading found worth a look, such as unknown variables. The application logs it
    /// when it starts.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            addrs: vec![":8080".to_owned()],
            debug: false,
            shutdown_timeout: Duration::from_secs(5),
            pre_drain_delay: Duration::ZERO,
            drain_interval: Duration::from_millis(500),
            read_header_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            start_timeout: Duration::from_secs(30),
            max_header_bytes: 1024 * 1024,
            max_body_bytes: Limit::At(10 * 1024 * 1024),
            max_connections: 10_000,
            http2: true,
            trusted_proxies: Vec::new(),
            log_format: LogFormat::Pretty,
            log_filter: LogFilter::default(),
            warnings: Vec::new(),
        }
    }
}

impl ServerConfig {
    /// What is out of its bounds: everything, at once. What a [`Config`] loaded has been checked.
    pub fn validate(&self) -> Problems {
        let mut problems = Problems::new();
        let durations = [
            ("shutdown_timeout", self.shutdown_timeout),
            ("pre_drain_delay", self.pre_drain_delay),
            ("drain_interval", self.drain_interval),
            ("read_header_timeout", self.read_header_timeout),
            ("read_timeout", self.read_timeout),
            ("write_timeout", self.write_timeout),
            ("idle_timeout", self.idle_timeout),
            ("start_timeout", self.start_timeout),
        ];
        for (name, value) in durations {
            if let Some(Kind::Duration { min, max }) = keys::kind(name)
                && !(min..=max).contains(&value)
            {
                problems.push(Problem::new(format!(
                    "server.{name} is {value:?}, expected {min:?} to {max:?}"
                )));
            }
        }
        let numbers = [
            ("max_header_bytes", self.max_header_bytes),
            ("max_connections", self.max_connections),
        ];
        for (name, value) in numbers {
            if let Some((min, max)) = keys::numbers(name)
                && !(min..=max).contains(&(value as u64))
            {
                problems.push(Problem::new(format!(
                    "server.{name} is {value}, expected {min} to {max}"
                )));
            }
        }
        if let Err(wrong) = read::check_addrs(&self.addrs) {
            problems.push(Problem::new(format!("server.addr: expected {wrong}")));
        }
        if let Err(wrong) = read::check_networks(self.trusted_proxies.len()) {
            problems.push(Problem::new(format!(
                "server.trusted_proxies: expected {wrong}"
            )));
        }
        problems
    }
}
