//! Layered, typed settings: the only reader of the environment in Plumego.
//!
//! The rooms supply tables of [`Key`]s; [`Loader`] reads flags, environment, `.env`, a TOML file
//! and defaults, in that order of precedence, and lists every problem at once. Types are read with
//! serde, the rooms' and the user's own from the same tree.
//!
//! It is not a parser of subcommands, and it never changes the environment of the process, reads
//! arguments that were not passed to it, or keeps anything between two loads. Only [`Live`] does,
//! which reads settings again while a program runs.
//!
//! ```
//! use std::time::Duration;
//! use plumego_config::{Action, Key, Kind, Loader};
//!
//! const KEYS: &[Key] = &[
//!     Key::new("server.addr", Kind::Text).env("APP_ADDR").flag("--addr").default(":8080"),
//!     Key::new("server.read_timeout", Kind::Duration { min: Duration::ZERO, max: Duration::MAX })
//!         .env("APP_READ_TIMEOUT_MS")
//!         .flag("--read-timeout")
//!         .default("30s"),
//! ];
//!
//! #[derive(serde::Deserialize)]
//! struct Server {
//!     addr: String,
//!     read_timeout: Duration,
//! }
//!
//! let loader = Loader::new(KEYS).environment([("APP_READ_TIMEOUT_MS", "5000")]);
//! let Action::Run(loaded) = loader.load_with_args(["shop", "--addr", ":9000"])? else {
//!     return Ok(());
//! };
//! let server: Server = loaded.section("server")?;
//! assert_eq!(server.addr, ":9000");
//! assert_eq!(server.read_timeout, Duration::from_secs(5));
//! # Ok::<(), plumego_config::ConfigErrors>(())
//! ```
//!
//! # Layers
//!
//! | layer | where | names |
//! | --- | --- | --- |
//! | flags | [`Loader::load_with_args`] | `--read-timeout 5s`, `--http2=false`, `--no-http2` |
//! | environment | the process, or [`Loader::environment`] | `APP_READ_TIMEOUT_MS` |
//! | `.env` | `.env`, or what `APP_ENV_FILE` or `--env-file` names | the same variables |
//! | TOML | `plumego.toml`, or what `APP_CONFIG_FILE` or `--config` names | the keys |
//! | default | the table | |
//!
//! Keys of a file may be spelt in any way [`normalize`] knows. A file that is named must exist. A
//! key of a file that nothing reads is an error; an `APP_` variable that nothing reads is a
//! [warning](Loaded::warnings).
//!
//! # Limits
//!
//! A file holds at most 1 MiB, a `.env` file at most 10,000 lines; settings nest at most 32 deep;
//! one load lists at most 256 problems, and at most 64 characters of a wrong value.

pub mod bytes;
pub mod dotenv;
pub mod duration;
pub mod render;

mod assemble;
mod best_effort;
mod changes;
mod check;
mod entry;
mod error;
mod file;
mod flags;
mod key;
mod live;
mod loaded;
mod loader;
mod name;
mod origin;
mod scalar;
mod settings;
mod tree;

pub use best_effort::BestEffort;
pub use changes::Change;
pub use check::Report;
pub use entry::LOADER_KEYS;
pub use error::{ConfigError, ConfigErrors};
pub use key::{Key, Kind};
pub use live::{KeySubscription, Live, Reloaded, Subscription};
pub use loaded::Loaded;
pub use loader::{Action, Loader};
pub use name::normalize;
pub use origin::Origin;
