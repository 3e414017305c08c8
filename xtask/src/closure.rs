//! What hello-world compiles: few crates, and none that it has no use for.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cargo;

/// The most foreign crates that the `hello` example may bring.
const MOST: usize = 75;

/// Crates, and families of crates, that a plain service has no use for.
const FORBIDDEN: &[&str] = &[
    "argon2",
    "clap",
    "notify",
    "opentelemetry",
    "rustls",
    "sqlx",
    "tokio-tungstenite",
];

/// Counts the foreign crates of `hello` and looks for forbidden ones.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let args = [
        "tree",
        "--package",
        "hello",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let crates = foreign(&cargo::output(root, &args)?);
    if crates.is_empty() {
        return Err(
            "closure: cargo tree named no foreign crate; its output must have changed".to_owned(),
        );
    }
    println!(
        "closure: hello compiles {} foreign crates, at most {MOST}",
        crates.len()
    );
    judge(&crates)
}

/// The foreign packages in the output of `cargo tree`, as `name version`, each once.
pub(crate) fn foreign(tree: &str) -> BTreeSet<String> {
    let is_foreign = |line: &&str| !line.trim().is_empty() && !line.contains(" (/");
    let package = |line: &str| {
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    tree.lines().filter(is_foreign).map(package).collect()
}

fn judge(crates: &BTreeSet<String>) -> Result<(), String> {
    let mut problems: Vec<String> = crates
        .iter()
        .filter(|name| is_forbidden(name))
        .map(|name| {
            format!("closure: {name} must not be in hello-world: find it with cargo tree -i")
        })
        .collect();
    if crates.len() > MOST {
        let all: Vec<&str> = crates.iter().map(String::as_str).collect();
        let count = crates.len();
        problems.push(format!(
            "closure: {count} crates, at most {MOST}: {}",
            all.join(", ")
        ));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}

/// Whether a package is one of the forbidden crates or of their families (`sqlx-core`).
fn is_forbidden(package: &str) -> bool {
    let name = package.split(' ').next().unwrap_or_default();
    FORBIDDEN.iter().any(|forbidden| {
        let rest = name.strip_prefix(forbidden);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
hello v0.1.0 (/home/x/examples/hello)
plumego v0.1.0 (/home/x/crates/plumego)
bytes v1.12.2
http v1.5.0
bytes v1.12.2 (*)
serde_derive v1.0.229 (proc-macro)
syn v2.0.1
syn v3.0.1
";

    #[test]
    fn foreign_crates_are_counted_once_a_version() {
        let expected = [
            "bytes v1.12.2",
            "http v1.5.0",
            "serde_derive v1.0.229",
            "syn v2.0.1",
            "syn v3.0.1",
        ];
        assert_eq!(foreign(TREE).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_forbidden_crate_or_one_of_its_family_fails() {
        for (package, expected) in [
            ("sqlx v0.9.0", true),
            ("sqlx-core v0.9.0", true),
            ("opentelemetry_sdk v0.33.1", true),
            ("clap v4.0.0", true),
            ("clapper v1.0.0", false),
            ("http v1.5.0", false),
        ] {
            let crates = BTreeSet::from([package.to_owned()]);
            assert_eq!(judge(&crates).is_err(), expected, "{package}");
        }
    }

    #[test]
    fn the_limit_itself_passes_and_one_more_fails() {
        let crates = |count: usize| (0..count).map(|at| format!("x{at} v1.0.0")).collect();
        assert!(judge(&crates(MOST)).is_ok());
        let error = judge(&crates(MOST + 1)).unwrap_err();
        assert!(error.contains("76 crates, at most 75"), "{error}");
    }
}
