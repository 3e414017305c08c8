//! The whole house over real sockets, through the facade, as a program uses it.
//!
//! The tests carry the numbers of the acceptance scenarios (21.1: kept from the original, 21.2:
//! what the original got wrong). What cannot be seen on a socket is shown where it is made:
//!
//! | item | shown by |
//! | --- | --- |
//! | 21.1 (2), 21.2 (6) no route or layer after the build | the example that does not compile in the docs of `plumego` |
//! | 21.1 (43), 21.2 (25) reload, watchers, validators | `crates/config/tests/it/live.rs` |
//! | 21.1 (33, 41), 21.2 (19) threads never let in too many, eviction, 10 million keys | `crates/security/tests/it` |
//! | 21.1 (28 to 30, 34), 21.2 (13, 17) every row of a layer | `crates/middleware/tests/it` |
//! | 21.2 (23) the probe costs what no check costs | `crates/component/tests/it/health.rs` |
//! | 21.2 (1) every order, against a naive matcher | the property tests of `crates/router` |
//! | 21.1 (39), 21.2 (22) vectors, families, rotation under load | `crates/security/tests/it/jwt`, `crates/identity/tests/it` |
//! | 21.2 (8) second signal, other signals | also `crates/app/tests/it/signals.rs` |
//! | 21.2 (29) every deadline by itself | `crates/app/src/server/tests.rs` |
//!
//! Differences that are intended:
//!
//! | item | the original | here |
//! | --- | --- | --- |
//! | 21.1 (2) | the first request builds the chain | `build()` does; later is a compile error |
//! | 21.1 (4) | null components are ignored | there is no null |
//! | 21.1 (9) | `X-RateLimit-Limit` | `RateLimit`, `RateLimit-Policy`; the customary ones by choice |
//! | 21.1 (10, 28) | by option | by default, `Guards` switches off |
//! | 21.1 (11) | 405 by option, without HEAD and OPTIONS | always, `Allow` lists what is served |
//! | 21.1 (13) | `text/plain; version=0.0.4` | OpenMetrics 1.0; no endpoint unless asked for |
//! | 21.1 (19) | slashes are trimmed | strict; redirect or lenient by choice |
//! | 21.1 (19) | `%2F` separates segments | it stays inside its segment |
//! | 21.1 (19) | `%2F` is a `/` to a wildcard | it stays `%2F` in the value |
//! | 21.1 (19) | one parameter name at a place | each route has its own names |
//! | 21.1 (19) | a name twice in a pattern: the last wins | a problem at `build()` |
//! | 21.1 (19) | 404 and 405 as text | RFC 9457 problems |
//! | 21.1 (19) | layers cover the routes added after them | layers cover all routes of their router |
//! | 21.1 (24) | `request_body_too_large` | `body_too_large` |
//! | 21.1 (27) | an envelope `error` | RFC 9457; the envelope by choice |
//! | 21.1 (28) | `internal_error` in an envelope | `internal` as a problem |
//! | 21.1 (29) | `request_timeout` | `timeout` |
//! | 21.1 (30) | `*` with credentials echoes the origin | an error at build |
//! | 21.1 (30) | errors, SVG and event streams are not compressed | they are; events never wait |
//! | 21.1 (41) | a task cleans up and is stopped | no task: full places are taken over |
//! | 21.1 (42) | development shows the panic of a check | it is in the log alone |
//! | 21.1 (44) | files rotate | what collects the output rotates it |
//! | 21.2 (18) | 413 in an envelope | 413 as a problem |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[cfg(all(feature = "identity", feature = "password"))]
mod accounts;
mod answers;
mod bodies;
mod building;
#[cfg(target_os = "linux")]
mod child;
mod client;
#[cfg(all(feature = "compression", feature = "http2", target_os = "linux"))]
mod codings;
#[cfg(feature = "compression")]
mod compression;
#[cfg(all(feature = "compression", feature = "http2"))]
mod curl;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(all(feature = "compression", feature = "http2"))]
mod foreign;
mod guards;
mod health;
mod house;
mod layers;
mod lifecycle;
mod methods;
mod process;
mod proxies;
mod quotas;
mod records;
mod routing;
mod secrecy;
mod settings;
mod site;
mod streams;
#[cfg(feature = "identity")]
mod tokens;
mod wire;
