//! Plumego is a web toolkit: a small team ships its whole product as one binary.
//!
//! ```no_run
//! use plumego::prelude::*;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), plumego::Error> {
//!     App::builder()
//!         .routes(|r| r.get("/ping", async || "pong"))
//!         .build()?
//!         .run().await // Ctrl-C and SIGTERM drain
//! }
//! ```
//!
//! | I want to … | look at |
//! | --- | --- |
//! | register routes, groups, layers, hosts | [`router::Router`] |
//! | take things out of a request | [`extract`] |
//! | answer | [`respond`](mod@respond) |
//! | answer with an error | [`Error`], [`FieldError`], [`ResultExt`](contract::ResultExt) |
//! | write a layer, or add one of tower's | [`middleware`] |
//! | bound how often somebody may ask, set headers for browsers | [`security`], [`middleware`] |
//! | say what a route asks of those who call it | [`Router::public`](router::Router::public) and its neighbours |
//! | sign people and programs in: sessions, tokens, passwords, API keys | [`identity`](crate#features) (feature `identity`) |
//! | share a value with handlers | [`AppBuilder::state`](app::AppBuilder::state), [`State`](extract::State) |
//! | start and stop something with the application | [`component`] |
//! | read settings | [`Config`] |
//! | see requests: log, metrics, traces | [`observe`]; to a collector: [`otel`](crate#features) (feature `otel`) |
//! | test an application | [`testing`](crate#features) (feature `testing`) |
//! | use axum's extractors and routers | [`axum`](crate#features) (feature `axum`) |
//!
//! # The way of a request
//!
//! ```text
//! socket ─ TLS ─ deadlines ─ engine (HTTP/1.1, HTTP/2)
//!   └ route looked up once: its record travels with the request
//!       └ request id ─ observe (trace, log, metrics) ─ security headers ─ CORS
//!         ─ abuse guard ─ recover ─ body limit ─ concurrency limit ─ timeout
//!           └ layers of the application ─ of the groups ─ of the route
//!               └ extractors ─ handler ─ response
//! ```
//!
//! A request that is refused anywhere (404, 413, a panic) is logged, counted and traced like any
//! other, and answered as RFC 9457 `application/problem+json` with its trace id.
//!
//! # What is built stays as it is
//!
//! `build()` uses up the builder with its routers and groups; there is nothing left to add a route
//! or a layer to:
//!
//! ```compile_fail,E0382
//! use plumego::prelude::*;
//!
//! let group = Router::new().get("/users", async || "users");
//! let app = App::builder().router(group).build()?;
//! group.get("/late", async || "late"); // error: value used after move
//! # Ok::<(), plumego::Error>(())
//! ```
//!
//! # Limits
//!
//! | what | default | beyond it |
//! | --- | --- | --- |
//! | request head | 1 MiB, complete within 5 s | 431, or the connection ends |
//! | requests of one client | 100 a second, 200 at once | `429 rate_limited` |
//! | requests at once | 256, and 512 that wait 250 ms | `503 server_busy` |
//! | time to the head of the response | 30 s | `504 timeout` |
//! | request body | 10 MiB, read within 30 s | `413 body_too_large`, `408 body_timeout` |
//! | response | sent within 30 s; a stream may not stand still for 60 s | the connection ends |
//! | idle connection | 60 s | it is closed |
//! | connections | 10,000 | more wait in the backlog |
//! | shutdown | 5 s for drain, components and hooks | what is left is ended and reported |
//! | metric series | 10,000 | more are counted, not kept |
//! | access log | 256 KiB a buffer | lines are dropped and counted |
//!
//! All of them are settings: [`ServerConfig`](app::ServerConfig).
//!
//! # Features
//!
//! `log` and `http2` are on by default; `multipart`, `cookies`, `validate`, `file`, `testing` and
//! `axum` are not. `full` is all of them. No feature changes what another does.
//!
//! # Crates
//!
//! The rooms are crates of their own (`plumego-router`, `plumego-app`, …). That is an
//! implementation detail: depend on `plumego` alone. An extension for others to use is written
//! against `plumego-contract` and `plumego-component`.

#[doc(inline)]
pub use plumego_app as app;
#[cfg(feature = "axum")]
#[doc(inline)]
pub use plumego_axum as axum;
#[cfg(feature = "client")]
#[doc(inline)]
pub use plumego_client as client;
#[doc(inline)]
pub use plumego_component as component;
#[doc(inline)]
pub use plumego_config as config;
#[doc(inline)]
pub use plumego_contract as contract;
#[doc(inline)]
pub use plumego_contract::{extract, respond};
#[cfg(feature = "frontend")]
#[doc(inline)]
pub use plumego_frontend as frontend;
#[cfg(feature = "identity")]
#[doc(inline)]
pub use plumego_identity as identity;
#[doc(inline)]
pub use plumego_middleware as middleware;
#[doc(inline)]
pub use plumego_observe as observe;
#[cfg(feature = "ops")]
#[doc(inline)]
pub use plumego_ops as ops;
#[cfg(feature = "otel")]
#[doc(inline)]
pub use plumego_otel as otel;
#[doc(inline)]
pub use plumego_router as router;
#[doc(inline)]
pub use plumego_security as security;
#[doc(inline)]
pub use plumego_stdx as stdx;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use plumego_testing as testing;

/// The types of HTTP: `StatusCode`, `HeaderName`, `HeaderValue`, `Method`, `Uri`. The version that
/// the whole toolkit uses, so that a program need not name it.
pub use http;
pub use plumego_app::{App, Config};
/// What bodies are made of and read into: bytes that are shared when cloned.
pub use plumego_contract::Bytes;
pub use plumego_contract::{Body, Error, FieldError, Limit, Request, Response};

pub mod prelude;

/// The README's programs are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
