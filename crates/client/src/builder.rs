//! How a client is put together.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use ipnet::{IpNet, Ipv4Net};
use plumego_contract::{Problem, Problems};
use plumego_observe::metrics::Metrics;

use crate::client::{Client, Inner, Limits};
use crate::connect::Connector;
use crate::gate::{Gate, GateLimits};
use crate::metrics::ClientMetrics;
use crate::policy::{Guard, HostPattern, Policy};
use crate::pool::{Pool, PoolLimits};
use crate::profile::{Guarded, Profile, Trusted};
use crate::resolve::{Resolve, SystemResolver};
use crate::retry::Retry;
use crate::send::MAX_TIMEOUT;
use crate::tls::{Roots, Tls, read_authorities};
use crate::url::{Host, Origin, Url, UrlError, read_host};

const USER_AGENT: &str = concat!("plumego/", env!("CARGO_PKG_VERSION"));
const DURATIONS: RangeInclusive<Duration> = Duration::from_millis(1)..=MAX_TIMEOUT;
const COUNTS: RangeInclusive<usize> = 1..=100_000;

/// Puts a client together. `build` tells every problem at once, with its line.
///
/// | | default | beyond it |
/// | --- | --- | --- |
/// | [`connect_timeout`](Self::connect_timeout) | 5 s, for name, TCP and TLS | [`is_timeout`](crate::Error::is_timeout) |
/// | [`first_byte_timeout`](Self::first_byte_timeout) | 10 s to the head of the answer, each attempt | the same |
/// | [`timeout`](Self::timeout) | 30 s for all of it, with the body | the same |
/// | [`max_response_bytes`](Self::max_response_bytes) | 1 MiB | [`is_too_large`](crate::Error::is_too_large) |
/// | head of an answer | 64 KiB, 100 fields; not to be changed | an error |
/// | what a server says beside its answers (interim ones, pings, settings) | 4 MiB, and 640 KiB for each request; not to be changed | its connection ends |
/// | [`max_in_flight`](Self::max_in_flight) | 64 requests, 16 to one origin | up to 256 wait up to 5 s, then [`is_busy`](crate::Error::is_busy) |
/// | [`max_idle`](Self::max_idle) | 32 connections, 8 to one origin | that unused for longest is closed |
/// | [`idle_timeout`](Self::idle_timeout) | 60 s | the connection is closed |
/// | [`max_connection_age`](Self::max_connection_age) | 10 min | no further request is sent on it |
/// | [`follow_redirects`](Self::follow_redirects) | none | an answer with 3xx is an answer |
/// | [`retry`](Self::retry) | 3 attempts, see [`Retry`] | the last answer or error |
/// | addresses of a name | 16, the next one tried after 250 ms | the others are not looked at |
/// | proxies | none: the environment is not asked | |
#[must_use = "`build` makes the client"]
pub struct ClientBuilder<P: Profile> {
    name: &'static str,
    guard: Guard,
    /// Of a trusted client.
    origins: Option<Vec<Origin>>,
    connect_timeout: Duration,
    limits: Limits,
    gate: GateLimits,
    pool: PoolLimits,
    http2: bool,
    roots: Roots,
    resolver: Option<Arc<dyn Resolve>>,
    user_agent: HeaderValue,
    metrics: Option<Metrics>,
    problems: Problems,
    profile: PhantomData<fn() -> P>,
}

impl ClientBuilder<Guarded> {
    #[track_caller]
    pub(crate) fn guarded(name: &'static str) -> Self {
        Self::new(name, None)
    }

    /// Reaches this network although it is not public: `10.1.0.0/16`, or one address. Each address
    /// there is reached by anybody who may name a URL.
    #[track_caller]
    pub fn allow_net(mut self, net: &str) -> Self {
        if let Some(net) = self.read_net("allow_net", net) {
            self.guard.nets.push(net);
        }
        self
    }

    /// Refuses this network although it is public, whatever else is allowed: that of your own
    /// public addresses, where services may listen that are closed to strangers elsewhere. One of
    /// IPv4 is refused inside of IPv6 addresses too, as NAT64 has them.
    #[track_caller]
    pub fn deny_net(mut self, net: &str) -> Self {
        if let Some(net) = self.read_net("deny_net", net) {
            self.guard.denied.push(net);
        }
        self
    }

    /// Reaches whatever this name leads to: `hooks.internal`, or `*.hooks.internal` for those below
    /// it. Whoever answers for the name in DNS decides then.
    #[track_caller]
    pub fn allow_host(mut self, host: &str) -> Self {
        if let Some(pattern) = self.read_pattern("allow_host", host) {
            self.guard.hosts.push(pattern);
        }
        self
    }

    /// Reaches these names alone, `hooks.example` or `*.hooks.example`; addresses are still
    /// checked. May be called several times. Default: any name.
    #[track_caller]
    pub fn only_host(mut self, host: &str) -> Self {
        if let Some(pattern) = self.read_pattern("only_host", host) {
            self.guard.only.push(pattern);
        }
        self
    }

    /// Reaches this port too. Default: 80 and 443.
    pub fn allow_port(mut self, port: u16) -> Self {
        self.guard.ports.push(port);
        self
    }

    /// Reaches every port: those of databases and mail servers too, which may take HTTP for
    /// commands.
    pub fn allow_any_port(mut self) -> Self {
        self.guard.any_port = true;
        self
    }

    /// Refuses `http`. Default: it is taken.
    pub fn https_only(mut self) -> Self {
        self.guard.https_only = true;
        self
    }

    #[track_caller]
    fn read_net(&mut self, what: &str, net: &str) -> Option<IpNet> {
        let one = || net.parse::<IpAddr>().ok().map(IpNet::from);
        let read = net.parse::<IpNet>().ok().or_else(one);
        if read.is_none() {
            self.problem(format!(
                "`{what}({net:?})` is no network; write one as `10.1.0.0/16`"
            ));
        }
        read.map(unmapped)
    }

    #[track_caller]
    fn read_pattern(&mut self, what: &str, host: &str) -> Option<HostPattern> {
        let (name, below) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host, false),
        };
        match read_host(name) {
            Ok(Host::Name(name)) if below => Some(HostPattern::Below(format!(".{name}").into())),
            Ok(Host::Name(name)) => Some(HostPattern::Exact(name)),
            Ok(Host::Ip(_)) => {
                self.problem(format!(
                    "`{what}({host:?})` is an address; use `allow_net` for it"
                ));
                None
            }
            Err(error) => {
                self.problem(format!("`{what}({host:?})`: {error}"));
                None
            }
        }
    }
}

/// A network of mapped addresses (`::ffff:10.0.0.0/104`) as what it is: addresses are compared as
/// IPv4.
fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let bits = v6.prefix_len().checked_sub(96);
    let inner = v6.addr().to_ipv4_mapped().zip(bits);
    let mapped = inner.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    mapped.map_or(net, IpNet::V4)
}

impl ClientBuilder<Trusted> {
    #[track_caller]
    pub(crate) fn trusted(name: &'static str) -> Self {
        Self::new(name, Some(Vec::new()))
    }

    /// Reaches the origin of this URL too, for example where an issuer keeps its keys.
    #[track_caller]
    pub fn and_origin<U>(mut self, url: U) -> Self
    where
        U: TryInto<Url>,
        U::Error: Into<UrlError>,
    {
        match url.try_into() {
            Ok(url) => {
                let origin = url.origin().clone();
                self.origins.get_or_insert_default().push(origin);
            }
            Err(error) => {
                let error: UrlError = error.into();
                self.problem(format!("the endpoint of a trusted client: {error}"));
            }
        }
        self
    }
}

impl<P: Profile> ClientBuilder<P> {
    #[track_caller]
    fn new(name: &'static str, origins: Option<Vec<Origin>>) -> Self {
        let mut builder = Self {
            name,
            guard: Guard::default(),
            origins,
            connect_timeout: Duration::from_secs(5),
            limits: Limits {
                first_byte_timeout: Duration::from_secs(10),
                timeout: Duration::from_secs(30),
                max_response_bytes: 1024 * 1024,
                max_redirects: 0,
                retry: Retry::default(),
            },
            gate: GateLimits {
                in_flight: 64,
                per_origin: 16,
                waiting: 256,
                wait: Duration::from_secs(5),
            },
            pool: PoolLimits {
                max_idle: 32,
                max_idle_per_origin: 8,
                idle_timeout: Duration::from_mins(1),
                max_age: Duration::from_mins(10),
            },
            http2: true,
            roots: Roots::default(),
            resolver: None,
            user_agent: HeaderValue::from_static(USER_AGENT),
            metrics: None,
            problems: Problems::new(),
            profile: PhantomData,
        };
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
            builder.problem(format!(
                "{name:?} cannot name a client; use 1 to 64 lower-case letters, digits, `-`, `_`"
            ));
        }
        builder
    }

    /// The time to look up the name, to connect and for the handshake of TLS. Default: 5 s.
    #[track_caller]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = self.within("connect_timeout", timeout, DURATIONS);
        self
    }

    /// The time from the request to the head of its answer, for each attempt. A body that is sent
    /// as a stream puts it off as long as it moves. Default: 10 s.
    #[track_caller]
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.limits.first_byte_timeout = self.within("first_byte_timeout", timeout, DURATIONS);
        self
    }

    /// The time for all of it: the wait for a place, attempts, redirects, and reading the body.
    /// Default: 30 s.
    #[track_caller]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = self.within("timeout", timeout, DURATIONS);
        self
    }

    /// The largest body of an answer, as it comes over the wire. Default: 1 MiB.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// The most requests at once, in all and to one origin; a request ends with the body of its
    /// answer. Default: 64 and 16.
    #[track_caller]
    pub fn max_in_flight(mut self, all: usize, per_origin: usize) -> Self {
        self.gate.in_flight = self.within("max_in_flight", all, COUNTS);
        self.gate.per_origin = self.within("max_in_flight to one origin", per_origin, COUNTS);
        self
    }

    /// The most requests that wait for their turn, and how long. Default: 256, for 5 s. Zero: none
    /// waits.
    #[track_caller]
    pub fn max_waiting(mut self, requests: usize, time: Duration) -> Self {
        self.gate.waiting = self.within("max_waiting", requests, 0..=100_000);
        self.gate.wait = self.within("the time of max_waiting", time, DURATIONS);
        self
    }

    /// The most connections that wait for a next request, in all and to one origin. Default: 32 and
    /// 8. Zero: none is kept.
    #[track_caller]
    pub fn max_idle(mut self, all: usize, per_origin: usize) -> Self {
        self.pool.max_idle = self.within("max_idle", all, 0..=100_000);
        self.pool.max_idle_per_origin =
            self.within("max_idle to one origin", per_origin, 0..=100_000);
        self
    }

    /// How long a connection waits for a next request. Default: 60 s.
    #[track_caller]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool.idle_timeout = self.within("idle_timeout", timeout, DURATIONS);
        self
    }

    /// How old a connection may be when a request is sent on it, so that changes in DNS arrive.
    /// Default: 10 minutes.
    #[track_caller]
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.pool.max_age = self.within("max_connection_age", age, DURATIONS);
        self
    }

    /// Follows up to so many redirects. Each hop is checked as the first one was; from `https` to
    /// `http` none is followed; to another origin no field goes along that could be a credential,
    /// and to another host no body. Default: none is followed.
    pub fn follow_redirects(mut self, max: u8) -> Self {
        self.limits.max_redirects = max;
        self
    }

    /// When requests are sent again. Default: [`Retry::default`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.limits.retry = retry;
        self
    }

    /// Speaks HTTP/1.1 alone. Default: over TLS, HTTP/2 where the server offers it.
    pub fn http1_only(mut self) -> Self {
        self.http2 = false;
        self
    }

    /// Believes these authorities (PEM) beside those of the machine.
    #[track_caller]
    pub fn extra_ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.add_authorities(pem.as_ref());
        self
    }

    /// Believes these authorities (PEM) and no others. Default: those of the machine, which
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace on Unix systems but macOS.
    #[track_caller]
    pub fn only_ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.only = true;
        self.add_authorities(pem.as_ref());
        self
    }

    /// Who looks up names. Default: [`SystemResolver`].
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// `User-Agent` of requests that have none. Default: `plumego/` and the version.
    #[track_caller]
    pub fn user_agent(mut self, text: &str) -> Self {
        match HeaderValue::from_str(text) {
            Ok(value) => self.user_agent = value,
            Err(_) => self.problem("`user_agent` cannot be sent in a header"),
        }
        self
    }

    /// Where requests are counted: `http_client_requests_total{client,outcome}`,
    /// `http_client_request_duration_seconds{client}`, `http_client_requests_in_flight{client}`,
    /// `http_client_retries_total{client}`, `http_client_connections_total{client}`. An outcome is
    /// `success`, `redirect`, `client_error`, `server_error`, `refused`, `connect`, `timeout`,
    /// `too_large`, `busy`, `failed` or `canceled`. Default: nowhere.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = Some(metrics.clone());
        self
    }

    /// The client; or every problem there is.
    ///
    /// Reads the authorities of the machine, once. Without any, requests over TLS fail and say so;
    /// others work.
    #[track_caller]
    pub fn build(mut self) -> Result<Client<P>, Problems> {
        let metrics = match self.metrics.take() {
            None => ClientMetrics::none(),
            Some(metrics) => match ClientMetrics::new(&metrics, self.name) {
                Ok(metrics) => metrics,
                Err(error) => {
                    self.problem(format!("metrics of the client: {error}"));
                    ClientMetrics::none()
                }
            },
        };
        if self.connect_timeout > self.limits.timeout {
            self.problem("`connect_timeout` is longer than `timeout`");
        }
        let policy = match self.origins {
            Some(origins) => Policy::Trusted(origins),
            None => Policy::Guarded(self.guard),
        };
        let resolver = self
            .resolver
            .unwrap_or_else(|| Arc::new(SystemResolver::new()));
        let inner = Inner {
            connector: Connector {
                client: self.name,
                policy: policy.clone(),
                resolver,
                tls: Tls::new(&self.roots, self.http2),
                timeout: self.connect_timeout,
            },
            policy,
            pool: Arc::new(Pool::new(self.pool)),
            gate: Arc::new(Gate::new(self.gate)),
            limits: self.limits,
            user_agent: self.user_agent,
            metrics,
        };
        self.problems.into_result(Client::new(inner))
    }

    #[track_caller]
    fn add_authorities(&mut self, pem: &[u8]) {
        match read_authorities(pem) {
            Ok(found) => self.roots.authorities.extend(found),
            Err(message) => self.problem(message),
        }
    }

    /// The value, or a problem and the nearest bound.
    #[track_caller]
    fn within<T: PartialOrd + fmt::Debug + Copy>(
        &mut self,
        what: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> T {
        if range.contains(&value) {
            return value;
        }
        let (low, high) = range.into_inner();
        self.problem(format!(
            "`{what}` is {value:?}; it has to be from {low:?} to {high:?}"
        ));
        low
    }

    #[track_caller]
    fn problem(&mut self, message: impl fmt::Display) {
        let message = format!("client `{}`: {message}", self.name);
        self.problems.push(Problem::at(message, Location::caller()));
    }
}

impl<P: Profile> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("name", &self.name)
            .field("guard", &self.guard)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
