//! The operator's surface: the guard before it, the endpoints under `/ops`, and, for developers,
//! those under `/_debug` (feature `devtools`).
//!
//! This is the one place to look at for what an application exposes about itself beyond its health
//! probes and its metrics. It knows no other room: a component hands out *drawers*
//! ([`Setup::admin`](plumego_component::Setup::admin),
//! [`Setup::debug`](plumego_component::Setup::debug)), and these endpoints show them.
//!
//! | I want to … | look at |
//! | --- | --- |
//! | say who may ask | [`Guard`], [`Scope`] |
//! | look at an application that serves, change its log level, reload it | [`Admin`] |
//! | look into an application that I work on | `Devtools` (feature `devtools`) |
//! | take CPU profiles | the same (feature `profiling`, Unix) |
//!
//! Nothing is open by default: see [`guard`].

mod admin;
#[cfg(feature = "devtools")]
pub mod devtools;
pub mod guard;
mod views;

pub use self::admin::Admin;
#[cfg(feature = "devtools")]
pub use self::devtools::Devtools;
pub use self::guard::{Guard, Scope};
