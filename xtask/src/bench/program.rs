//! The programs that are measured, and the requests that they get.

use std::path::{Path, PathBuf};

use super::client::Ask;
use crate::cargo;

/// Which of the series of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// As tables name it.
    pub(crate) name: &'static str,
    /// Arguments of the server, without port, workers and log.
    pub(crate) args: &'static [&'static str],
    /// Whether it writes an access log.
    pub(crate) log: bool,
}

pub(crate) const BARE: Series = Series {
    name: "bare",
    args: &["mode=bare"],
    log: false,
};

pub(crate) const PRODUCTION: Series = Series {
    name: "production",
    args: &["mode=production"],
    log: true,
};

pub(crate) const METRICS: Series = Series {
    name: "production, metrics",
    args: &["mode=production", "metrics=on"],
    log: true,
};

pub(crate) const NO_LOG: Series = Series {
    name: "production, no log",
    args: &["mode=production"],
    log: false,
};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Ping,
    Echo,
    Routes,
}

impl Work {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Echo => "echo",
            Self::Routes => "routes",
        }
    }

    /// The requests, to be sent in turn. They come from a page of another origin, so that CORS has
    /// its work.
    pub(crate) fn asks(self) -> Vec<Ask> {
        let asks = match self {
            Self::Ping => vec![Ask::get("/ping")],
            Self::Echo => vec![Ask::post("/echo", ORDER.trim_end().as_bytes())],
            Self::Routes => paths().iter().map(|path| Ask::get(path)).collect(),
        };
        let browser = |ask: Ask| ask.header("origin", ORIGIN).header("user-agent", "bench/1");
        asks.into_iter().map(browser).collect()
    }
}

/// The origin that every program allows.
pub(crate) const ORIGIN: &str = "https://app.example.com";

/// The body of `POST /echo`, as compact as every program writes it.
pub(crate) const ORDER: &str = include_str!("order.json");

/// A path for each of the 130 patterns.
pub(crate) fn paths() -> Vec<String> {
    let patterns = include_str!("../../../benches/task/src/github.txt");
    patterns.lines().map(fill).collect()
}

/// `/users/{user}` becomes `/users/user-1`.
fn fill(pattern: &str) -> String {
    let segment = |part: &str| match part.strip_prefix('{') {
        Some(name) => format!("{}-1", name.trim_end_matches('}')),
        None => part.to_owned(),
    };
    let parts: Vec<String> = pattern.split('/').map(segment).collect();
    parts.join("/")
}

/// Where cargo puts what it builds for the workspace in `root`.
pub(crate) fn target(root: &Path) -> Result<PathBuf, String> {
    let args = ["metadata", "--format-version", "1", "--no-deps", "--locked"];
    let text = cargo::output(root, &args)?;
    let start = text
        .split("\"target_directory\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    start
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target directory".to_owned())
}

/// Builds our program as it is measured; the answer is where it stands.
pub(crate) fn build_house(root: &Path) -> Result<PathBuf, String> {
    cargo::run(
        root,
        &["build", "--release", "--locked", "--package", "house"],
    )?;
    Ok(target(root)?.join("release").join("house"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_a_path() {
        assert_eq!(fill("/users/{user}/keys"), "/users/user-1/keys");
        assert_eq!(paths().len(), 130);
        assert!(!paths().iter().any(|path| path.contains('{')));
    }
}
