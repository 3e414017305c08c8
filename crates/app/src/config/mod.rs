//! The configuration of the server: typed, bounded, loaded in layers.
//!
//! [`ServerConfig`] is plain data with a default for everything, and reads nothing from outside.
//! [`Config`] loads it from flags, environment, `.env` and a TOML file, beside the program's own
//! settings.

mod keys;
mod load;
mod read;
mod show;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use plumego_config::Kind;
use plumego_contract::{ForwardedHeader, Problem, Problems, TrustedProxies};
use plumego_observe::log::{LogFilter, LogFormat, Rotation};
use plumego_stdx::{Limit, Secret};
use serde::Deserialize;

pub use self::keys::SERVER_KEYS;
pub use self::load::{Config, ConfigLoader, Configuration, LoadError, Loading};
pub(crate) use self::read::check_addrs;
pub(crate) use self::show::Shown;
#[cfg(feature = "tls")]
pub(crate) use self::tls::HTTPS;
pub use self::tls::{ClientAuth, TlsSettings, TlsVersion};

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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct ServerConfig {
    /// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or `:8080` for all
    /// interfaces, IPv6 and IPv4; port 0 takes a free one. `unix:/run/shop/http.sock` is a Unix
    /// socket, `unix:@shop` one without a file (Linux). At most 64, separated by commas.
    /// [Sockets that the process inherited](crate::App::run) come before them all.
    /// Default: `:8080`.
    #[serde(rename = "addr", deserialize_with = "read::addrs")]
    pub addrs: Vec<String>,
    /// The mode of the files of Unix sockets: who may connect must be allowed to write. At most
    /// 0777; in a setting three or four octal digits. Default: 0660.
    #[serde(deserialize_with = "read::mode")]
    pub unix_socket_mode: u32,
    /// Whether this is a development run: then errors show where they come from and what is behind
    /// them, to whoever asks [from this machine](plumego_middleware::local). Default: false.
    pub debug: bool,
    /// Whether `.env` and the TOML file are read again when they change (feature `watch`), as they
    /// are in a development run. SIGHUP reads them in any case. Default: false.
    pub config_watch: bool,
    /// The time for everything to end: open requests, then runners, components and hooks. At most
    /// 1 h. Default: 5 s.
    #[serde(with = "plumego_config::duration")]
    pub shutdown_timeout: Duration,
    /// How long requests are still accepted after readiness has turned to 503, so that a load
    /// balancer can look away. Not part of `shutdown_timeout`. At most 1 h. Default: 0.
    #[serde(with = "plumego_config::duration")]
    pub pre_drain: Duration,
    /// How often a drain logs what is still open. 10 ms to 1 min. Default: 500 ms.
    #[serde(with = "plumego_config::duration")]
    pub drain_interval: Duration,
    /// The time for the head of a request, from its first byte, or from the connection for the
    /// first one. At most 1 h; 0 switches it off. Default: 5 s.
    #[serde(with = "plumego_config::duration")]
    pub read_header_timeout: Duration,
    /// How long a handler waits for the body of a request that stands still; time in which nobody
    /// reads the body does not count. The waits add up, and every 240 bytes give one second back:
    /// so a body that drips is cut as well, and one that keeps coming takes as long as it needs.
    /// Beyond it: `408 body_timeout`. At most 1 h; 0 switches it off. Default: 30 s.
    #[serde(with = "plumego_config::duration")]
    pub read_timeout: Duration,
    /// How long an answer may take to go out. Every 240 bytes that went give one second back, up to
    /// this time: so a client that reads in drips is cut as well, and a download that keeps moving
    /// takes as long as it needs. The system tells in steps of some KiB what went: a client that
    /// takes less than about 1 KB a second may be cut with the default. Streams opt out: they are
    /// held to `idle_timeout`. At most 1 h; 0 switches it off. Default: 30 s.
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
    /// The most open connections of one client: its IPv4 address, or the /64 of its IPv6 one. One
    /// more is closed as soon as it is accepted. Peers in `trusted_proxies` and Unix sockets are
    /// not counted: they carry the connections of many. 1 to 1,000,000. Default: unlimited, which
    /// is 0 in a setting.
    pub max_connections_per_ip: Limit,
    /// Whether HTTP/2 is spoken beside HTTP/1.1: chosen by ALPN over TLS, by prior knowledge
    /// without. Default: true.
    pub http2: bool,
    /// The most streams that a client may have open at once on one connection by HTTP/2; more are
    /// refused as the protocol says. 1 to 10,000. Default: 250.
    pub http2_max_streams: u32,
    /// The most bytes in the head of a request by HTTP/2, counted as RFC 9113 has it: 32 for each
    /// field beside its name and value. Beyond it 431; beyond four times as much the connection
    /// ends. It is smaller than `max_header_bytes`, which holds as well, because a few bytes on the
    /// wire stand for many, and one connection has many heads. 4 KiB to 16 MiB. Default: 64 KiB.
    pub http2_max_header_bytes: usize,
    /// The most streams that a client may give up before their answer, beyond as many as were
    /// answered; then its connection ends. 1 to 1,000,000. Default: 200.
    pub http2_max_resets: u32,
    /// HTTPS: the keys below `server.tls`. Default: off.
    pub tls: TlsSettings,
    /// The networks whose forwarding headers are believed: `10.0.0.0/8`, or one address; `unix` for
    /// whoever may connect to the Unix sockets. At most 1,024. One that holds every address
    /// (`0.0.0.0/0`, `::/0`) is taken, with a warning in the log at start. Default: none.
    #[serde(deserialize_with = "read::proxies")]
    pub trusted_proxies: TrustedProxies,
    /// The forwarding headers that your proxy writes, `x-forwarded` or `forwarded`. It hands on
    /// what a client wrote into the other ones, so those are never looked at.
    /// Default: `x-forwarded`.
    #[serde(deserialize_with = "read::from_text")]
    pub forwarded_header: ForwardedHeader,
    /// The time to the head of the response; beyond it `504 timeout`. Handlers read what is left of
    /// it from their `Context`. A route may have a time of its own. At most 1 h; 0 switches both
    /// off. Default: 30 s.
    #[serde(with = "plumego_config::duration")]
    pub request_timeout: Duration,
    /// The most requests that run at once, 1 to 1,000,000. Default: 256; 0 in a setting means
    /// unlimited.
    pub max_concurrency: Limit,
    /// The most requests that wait beside those that run; beyond it `503 server_busy`. At most
    /// 1,000,000; 0 for none. Default: 512.
    pub queue_depth: usize,
    /// How long a request waits for its turn; beyond it `503 server_queue_timeout`. At most 1 min.
    /// Default: 250 ms.
    #[serde(with = "plumego_config::duration")]
    pub queue_timeout: Duration,
    /// Of the requests that run, those of one client (its address, or its IPv6 /64) whose body is
    /// waited for; beyond it `503 server_busy` when the body is read. 1 to 1,000,000; 0 in a
    /// setting means unlimited. Unless it is, a quarter of `max_concurrency` stays for others.
    /// Default: 64.
    pub max_waiting_bodies_per_client: Limit,
    /// Whether every client has a share of the requests; beyond it `429 rate_limited`.
    /// Default: true.
    pub abuse_guard_enabled: bool,
    /// Requests a second for each client, 1 to 10⁹. Default: 100.
    pub abuse_guard_rate: u64,
    /// Requests at once for each client, 1 to 10⁹. Default: 200.
    pub abuse_guard_burst: u64,
    /// The clients that are told apart, 1 to 10⁷; newcomers beyond it share one quota.
    /// Default: 100,000.
    pub abuse_guard_max_keys: usize,
    /// Whether responses carry security headers for browsers. Default: true.
    pub security_headers_enabled: bool,
    /// What the program may hand to `TokenAuthLayer::from_list`: tokens separated by commas. There
    /// is no flag for it, since everybody on a machine can read the arguments of a process. Nothing
    /// else looks at it. Default: none.
    pub auth_token: Option<Secret<String>>,
    /// Tokens of operators who may look and act, separated by commas: what the program may hand to
    /// the guard of the operator endpoints (feature `ops`). No flag, as with `auth_token`.
    /// Default: none.
    pub ops_token: Option<Secret<String>>,
    /// Tokens of operators who may look only, separated by commas. No flag. Default: none.
    pub ops_read_token: Option<Secret<String>>,
    /// How log lines look: `pretty` or `json`. Default: pretty.
    #[serde(deserialize_with = "read::from_text")]
    pub log_format: LogFormat,
    /// Which events are logged: a level, and levels for modules, as in `info,hyper=warn`.
    /// Default: `info`.
    #[serde(rename = "log_level", deserialize_with = "read::from_text")]
    pub log_filter: LogFilter,
    /// The file that log lines are appended to, made when it is missing; one that cannot be written
    /// is a problem at build. Standard output without one. Default: none.
    #[serde(deserialize_with = "read::path")]
    pub log_file: Option<PathBuf>,
    /// The most bytes of the log file; then it is put aside under the time, and a new one begun. At
    /// least 64 KiB. Default: unlimited, which is 0 in a setting: then it is not rotated by size.
    pub log_file_max_bytes: Limit,
    /// The time after which the log file is put aside. At most 366 days; 0 switches it off.
    /// Default: 0.
    #[serde(with = "plumego_config::duration")]
    pub log_file_max_age: Duration,
    /// How many log files that were put aside are kept, 0 to 1,000; the oldest go first. Default:
    /// 10.
    pub log_file_keep: usize,
    /// What the loading found worth a look, such as unknown variables. The application logs it
    /// when it starts.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            addrs: vec![":8080".to_owned()],
            unix_socket_mode: 0o660,
            debug: false,
            config_watch: false,
            shutdown_timeout: Duration::from_secs(5),
            pre_drain: Duration::ZERO,
            drain_interval: Duration::from_millis(500),
            read_header_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            start_timeout: Duration::from_secs(30),
            max_header_bytes: 1024 * 1024,
            max_body_bytes: Limit::At(10 * 1024 * 1024),
            max_connections: 10_000,
            max_connections_per_ip: Limit::Unlimited,
            http2: true,
            http2_max_streams: 250,
            http2_max_header_bytes: 64 * 1024,
            http2_max_resets: 200,
            tls: TlsSettings::default(),
            trusted_proxies: TrustedProxies::default(),
            forwarded_header: ForwardedHeader::default(),
            request_timeout: Duration::from_secs(30),
            max_concurrency: Limit::At(256),
            queue_depth: 512,
            queue_timeout: Duration::from_millis(250),
            max_waiting_bodies_per_client: Limit::At(64),
            abuse_guard_enabled: true,
            abuse_guard_rate: 100,
            abuse_guard_burst: 200,
            abuse_guard_max_keys: 100_000,
            security_headers_enabled: true,
            auth_token: None,
            ops_token: None,
            ops_read_token: None,
            log_format: LogFormat::Pretty,
            log_filter: LogFilter::default(),
            log_file: None,
            log_file_max_bytes: Limit::Unlimited,
            log_file_max_age: Duration::ZERO,
            log_file_keep: 10,
            warnings: Vec::new(),
        }
    }
}

impl ServerConfig {
    /// What is out of its bounds: everything, at once. What a [`Config`] loaded has been checked.
    pub fn validate(&self) -> Problems {
        let mut problems = Problems::new();
        self.check_durations(&mut problems);
        self.check_numbers(&mut problems);
        self.tls.check(&mut problems);
        if let Err(wrong) = read::check_addrs(&self.addrs) {
            problems.push(Problem::new(format!("server.addr: expected {wrong}")));
        }
        if let Err(wrong) = read::check_networks(self.trusted_proxies.len()) {
            problems.push(Problem::new(format!(
                "server.trusted_proxies: expected {wrong}"
            )));
        }
        if self.unix_socket_mode > 0o777 {
            let mode = self.unix_socket_mode;
            problems.push(Problem::new(format!(
                "server.unix_socket_mode is {mode:o}, expected 000 to 0777"
            )));
        }
        problems
    }

    /// When the log file is put aside; `None` for never.
    pub(crate) fn log_rotation(&self) -> Option<Rotation> {
        let mut rotation = Rotation::default();
        rotation.max_bytes = self.log_file_max_bytes.get();
        rotation.max_age = Some(self.log_file_max_age).filter(|age| !age.is_zero());
        rotation.keep = self.log_file_keep;
        (rotation.max_bytes.is_some() || rotation.max_age.is_some()).then_some(rotation)
    }

    fn check_durations(&self, problems: &mut Problems) {
        let durations = [
            ("shutdown_timeout", self.shutdown_timeout),
            ("pre_drain", self.pre_drain),
            ("drain_interval", self.drain_interval),
            ("read_header_timeout", self.read_header_timeout),
            ("read_timeout", self.read_timeout),
            ("write_timeout", self.write_timeout),
            ("idle_timeout", self.idle_timeout),
            ("start_timeout", self.start_timeout),
            ("request_timeout", self.request_timeout),
            ("queue_timeout", self.queue_timeout),
            ("log_file_max_age", self.log_file_max_age),
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
    }

    fn check_numbers(&self, problems: &mut Problems) {
        let numbers = [
            ("max_header_bytes", Some(self.max_header_bytes as u64)),
            ("max_connections", Some(self.max_connections as u64)),
            ("max_connections_per_ip", self.max_connections_per_ip.get()),
            ("http2_max_streams", Some(self.http2_max_streams.into())),
            (
                "http2_max_header_bytes",
                Some(self.http2_max_header_bytes as u64),
            ),
            ("http2_max_resets", Some(self.http2_max_resets.into())),
            ("max_concurrency", self.max_concurrency.get()),
            ("queue_depth", Some(self.queue_depth as u64)),
            (
                "max_waiting_bodies_per_client",
                self.max_waiting_bodies_per_client.get(),
            ),
            ("abuse_guard_rate", Some(self.abuse_guard_rate)),
            ("abuse_guard_burst", Some(self.abuse_guard_burst)),
            (
                "abuse_guard_max_keys",
                Some(self.abuse_guard_max_keys as u64),
            ),
            ("log_file_max_bytes", self.log_file_max_bytes.get()),
            ("log_file_keep", Some(self.log_file_keep as u64)),
        ];
        for (name, value) in numbers {
            if let (Some(value), Some((min, max))) = (value, keys::numbers(name))
                && !(min..=max).contains(&value)
            {
                problems.push(Problem::new(format!(
                    "server.{name} is {value}, expected {min} to {max}"
                )));
            }
        }
    }
}
