//! The server of Plumego: bind, serve, drain, stop.
//!
//! An [`App`] is put together by an [`AppBuilder`], checked as a whole, and run. This crate holds
//! the sockets and knows the HTTP engine; no other does. For routes look at `plumego_router`, for
//! parts with a life of their own at `plumego_component`.
//!
//! ```no_run
//! use plumego_app::App;
//! use plumego_contract::Error;
//!
//! # async fn example() -> Result<(), Error> {
//! App::builder()
//!     .routes(|r| r.get("/ping", async || "pong"))
//!     .build()?
//!     .run()
//!     .await // Ctrl-C and SIGTERM drain
//! # }
//! ```
//!
//! | I want to … | look at |
//! | --- | --- |
//! | put an application together | [`AppBuilder`] |
//! | run it until a signal comes | [`App::run`] |
//! | run it in a test or beside others | [`App::start`], [`Running`], [`Handle`] |
//! | use it under another server | [`App::into_service`] |
//! | load addresses, deadlines and bounds | [`Config`], [`ServerConfig`] |
//! | speak HTTPS | [`TlsSettings`], `TlsConfig` (feature `tls`) |
//! | bring a socket | [`AppBuilder::listener`], [`Listener`] |
//! | take the sockets of a supervisor | [`App::run`], [`AppBuilder::inherit_sockets`] |
//! | change or switch off what protects by default | [`AppBuilder::guards`], [`Guards`] |
//! | read something again while it runs | [`Reload`], [`AppBuilder::reload`], [`Handle::reload`] |
//! | know how it ended | [`Report`] |
//!
//! # The life of an application
//!
//! 1. [`AppBuilder::build`]: components are installed, routes are frozen, every problem is told at
//!    once.
//! 2. Bind every address, or take the sockets that the process inherited; an address that is taken
//!    is an error at once, and nothing starts.
//! 3. Start components, dependencies first, then runners. One that fails stops those before it.
//! 4. Ready: the readiness probe answers 200 and connections are accepted.
//! 5. A signal or [`Handle::shutdown`]: the probe answers 503, and everything is served for the
//!    pre-drain delay.
//! 6. The listeners close, answers say `Connection: close`, and what is open is answered. Idle
//!    connections (`GOAWAY` by HTTP/2) and streams of events end one after the other: 1 ms for each
//!    connection, within a quarter of the time at most. A stream of events ends with a `retry:` of
//!    500 to 1500 ms, unless the program has sent one or the stream is coded.
//! 7. Runners stop, components in reverse, hooks; tasks are awaited. The [`Report`] is logged.
//!
//! Steps 6 and 7 share one deadline, [`ServerConfig::shutdown_timeout`]; the last fifth of it is
//! kept for step 7.
//!
//! With the feature `handover`, SIGUSR2 and `Handle::hand_over` start the same program once more
//! with the listening sockets of this one, which goes to step 6 when its successor is ready. And a
//! service manager (`NOTIFY_SOCKET`) or a parent (`READY_FD`) is told of steps 4 and 5.
//!
//! # What a client may do, and for how long
//!
//! | | bound | default |
//! | --- | --- | --- |
//! | connect without a word, or send a head in drips | [`ServerConfig::read_header_timeout`] | 5 s |
//! | keep a handler waiting for the body | [`ServerConfig::read_timeout`], then 408 | 30 s |
//! | take its time to read an answer | [`ServerConfig::write_timeout`] | 30 s |
//! | keep a connection without a request, or a stream without a byte | [`ServerConfig::idle_timeout`] | 60 s |
//! | send a large head | [`ServerConfig::max_header_bytes`], then 431 | 1 MiB |
//! | send a large body | [`ServerConfig::max_body_bytes`], then 413 | 10 MiB |
//! | open connections, all clients together | [`ServerConfig::max_connections`], then it waits | 10,000 |
//! | open connections, one client alone | [`ServerConfig::max_connections_per_ip`], then it is closed | unlimited |
//! | open streams on one HTTP/2 connection | [`ServerConfig::http2_max_streams`], then they are refused | 250 |
//! | send a large head by HTTP/2 | [`ServerConfig::http2_max_header_bytes`], then 431 | 64 KiB |
//! | give up streams by HTTP/2 | [`ServerConfig::http2_max_resets`], then the connection ends | 200 |
//!
//! And of requests, by the [`Guards`]:
//!
//! | | bound | default |
//! | --- | --- | --- |
//! | ask often | [`ServerConfig::abuse_guard_rate`], then 429 | 100 a second, 200 at once |
//! | ask much at once, all clients together | [`ServerConfig::max_concurrency`], then it waits | 256 |
//! | wait for a turn | [`ServerConfig::queue_depth`] and [`ServerConfig::queue_timeout`], then 503 | 512, 250 ms |
//! | wait for the head of an answer | [`ServerConfig::request_timeout`], then 504 | 30 s |
//! | send a body in drips | [`Guards::body_deadline`], then 408 | 240 bytes a second |
//!
//! None of them cuts an answer whose head has gone out. A response that is
//! [marked](plumego_contract::Streaming) as a stream, or whose length is unknown, may take as long
//! as its client needs, as long as bytes move. When a client goes away, the handler of a safe
//! method is dropped, and that of any other runs to its end: see
//! [`OnDisconnect`](plumego_contract::OnDisconnect). With HTTP/1.1, a client that closes its half
//! of the connection counts as gone.
//!
//! # What it counts
//!
//! `http_connections_active`, `http_connections_total`, `http_connections_waited_total`,
//! `http_connections_refused_total{reason}`, `http_connections_timed_out_total{phase}`,
//! `http_connection_errors_total{kind}`, `http_connections_cut_total`, `http_accept_errors_total`,
//! `http_requests_finished_alone_total`, `http_server_panics_total`,
//! `reloads_total{source,result}`, `http_tls_handshakes_total{version}`,
//! `http_tls_handshakes_resumed_total`, `http_tls_handshakes_failed_total{reason}`,
//! `http_tls_certificate_expiry_seconds`, `process_uptime_seconds`, `build_info`; of the guards
//! `http_abuse_guard_{allowed,rejected,overflowed,evicted}_total`, `http_abuse_guard_clients`,
//! `http_concurrency_{running,queued}`, `http_concurrency_rejected_{busy,timeout}_total`; and for
//! each request what [`HttpMetrics`](plumego_observe::record::HttpMetrics) counts.

mod app;
mod builder;
mod config;
mod endpoints;
mod guards;
mod inspect;
mod reload;
mod run;
mod server;

pub use self::app::App;
pub use self::builder::AppBuilder;
pub use self::config::{
    ClientAuth, Config, ConfigLoader, Configuration, LoadError, Loading, SERVER_KEYS, ServerConfig,
    TlsSettings, TlsVersion,
};
pub use self::endpoints::{BuildInfo, HealthEndpoints, MetricsEndpoint};
pub use self::guards::Guards;
pub use self::reload::{Changes, Refused, Reload, ReloadReport};
pub use self::run::{Handle, Report, Running};
#[cfg(feature = "tls")]
pub use self::server::TlsConfig;
pub use self::server::{IntoListener, Listener, OpenRequest};
