//! What was measured on, and with what.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// Packages whose versions the page names, by the lock file that has them.
const NAMED: &[(&str, &[&str])] = &[
    ("Cargo.lock", &["plumego"]),
    (
        "benches/peers/Cargo.lock",
        &[
            "hyper",
            "tokio",
            "actix-web",
            "actix-cors",
            "actix-governor",
            "axum",
            "tower-http",
            "tower_governor",
            "poem",
            "salvo",
            "mimalloc",
        ],
    ),
];

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Processor, cores, memory, kernel.
pub(crate) fn describe() -> String {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = field(&file("/proc/meminfo"), "MemTotal");
    let kib = memory
        .split(' ')
        .next()
        .and_then(|it| it.parse::<u64>().ok());
    format!(
        "{}, {cores} cores, {} GiB, Linux {}",
        field(&file("/proc/cpuinfo"), "model name"),
        kib.unwrap_or(0).div_ceil(1024 * 1024),
        file("/proc/sys/kernel/osrelease").trim()
    )
}

/// `rustc`, and the packages that matter.
pub(crate) fn versions(root: &Path) -> Result<Vec<String>, String> {
    let mut versions = vec![rustc(root)?];
    for (path, names) in NAMED {
        let text =
            fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        let lock: Lock = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        for name in *names {
            let package = lock.package.iter().rev().find(|it| it.name == *name);
            let package = package.ok_or_else(|| format!("{path}: no package `{name}`"))?;
            versions.push(format!("{name} {}", package.version));
        }
    }
    Ok(versions)
}

/// `rustc 1.95.0`, with where it comes from.
pub(crate) fn rustc(root: &Path) -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("--version")
        .current_dir(root)
        .output();
    let output = output.map_err(|error| format!("rustc --version: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_a_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let versions = versions(&root).unwrap();
        assert!(
            versions.iter().any(|it| it.starts_with("actix-web 4.")),
            "{versions:?}"
        );
    }
}
