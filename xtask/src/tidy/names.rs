//! A module is named after what it is about.

use super::House;
use crate::report::Problem;

const FORBIDDEN: &[&str] = &[
    "common", "helper", "helpers", "manager", "types", "util", "utils",
];

/// No module, file or package is called after a drawer for odds and ends.
pub(super) fn modules(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in &house.sources {
        let bare = source.path.strip_suffix(".rs").unwrap_or(&source.path);
        if let Some(name) = bare.split('/').find(|part| FORBIDDEN.contains(part)) {
            problems.push(Problem::new(&source.path, 0, advice(name)));
        }
        for at in source.words("mod") {
            let rest = source.code.get(at + 3..).unwrap_or_default().trim_start();
            let name = rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            if let Some(name) = name.filter(|name| FORBIDDEN.contains(name)) {
                problems.push(Problem::new(&source.path, source.line_at(at), advice(name)));
            }
        }
    }
    for manifest in &house.manifests {
        let name = manifest.name().unwrap_or_default();
        if let Some(part) = name.split('-').find(|part| FORBIDDEN.contains(part)) {
            problems.push(Problem::new(
                &manifest.path,
                manifest.line_of("name"),
                advice(part),
            ));
        }
    }
    problems
}

fn advice(name: &str) -> String {
    format!("`{name}` says nothing: name it after what it is about")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[test]
    fn drawers_for_odds_and_ends_fail() {
        check(
            modules,
            &[("crates/x/src/utils.rs", "")],
            &["crates/x/src/utils.rs: `utils`"],
        );
        check(
            modules,
            &[("crates/x/src/types/a.rs", "")],
            &["`types` says nothing"],
        );
        check(
            modules,
            &[("crates/x/src/a.rs", "\npub mod helpers {}\n")],
            &["a.rs:2: `helpers`"],
        );
        let manifest = "[package]\nname = \"plumego-common\"\n";
        check(
            modules,
            &[("crates/x/Cargo.toml", manifest)],
            &["Cargo.toml:2: `common`"],
        );
        check(
            modules,
            &[("crates/x/src/common_log.rs", "mod types_of;\n")],
            &[],
        );
    }
}
