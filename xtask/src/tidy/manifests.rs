//! What every manifest has.

use toml::Value;

use super::House;
use crate::manifest::Manifest;
use crate::report::Problem;

/// The keys that a package takes from the workspace.
const INHERITED: &[&str] = &[
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
];

fn packages(house: &House) -> impl Iterator<Item = (&Manifest, &Value)> {
    house
        .manifests
        .iter()
        .filter_map(|it| it.table.get("package").map(|package| (it, package)))
}

fn is_inherited(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

/// Lints, version, edition and licence come from the workspace; a description is there.
pub(super) fn inherits(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (manifest, package) in packages(house) {
        let mut add = |message: String| problems.push(Problem::new(&manifest.path, 1, message));
        if !is_inherited(manifest.table.get("lints")) {
            add("add `[lints]` with `workspace = true`".to_owned());
        }
        for key in INHERITED
            .iter()
            .filter(|key| !is_inherited(package.get(**key)))
        {
            add(format!(
                "`{key}` is not inherited: write `{key}.workspace = true`"
            ));
        }
        let description = package
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if description.is_empty() {
            add("add a `description`: one line that says what the package is".to_owned());
        }
    }
    problems
}

/// A dependency's version stands once, in the workspace, and somebody uses it.
pub(super) fn versions_in_one_place(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut used = Vec::new();
    for manifest in &house.manifests {
        for edge in manifest.dependencies() {
            if !edge.inherited {
                let message = format!(
                    "`{}` has its own version: name it in the workspace and write \
                     `workspace = true`",
                    edge.package
                );
                problems.push(Problem::new(&manifest.path, edge.line, message));
            }
            used.push(edge.package);
        }
    }
    for manifest in &house.manifests {
        for name in manifest
            .workspace_dependencies()
            .iter()
            .filter(|name| !used.contains(name))
        {
            let message = format!("no package uses `{name}`: remove the line");
            problems.push(Problem::new(
                &manifest.path,
                manifest.line_of(name),
                message,
            ));
        }
    }
    problems
}

/// Every published crate has a README.
pub(super) fn readme(house: &House) -> Vec<Problem> {
    let missing = |manifest: &&Manifest| {
        manifest.dir.starts_with("crates/")
            && !house.tree.exists(&format!("{}/README.md", manifest.dir))
    };
    let problem = |manifest: &Manifest| {
        let message = "add a README.md beside it: five lines and a link to the manual";
        Problem::new(&manifest.path, 0, message)
    };
    house
        .manifests
        .iter()
        .filter(missing)
        .map(problem)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    const GOOD: &str = "\
[package]
name = \"x\"
description = \"X\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
repository.workspace = true
[lints]
workspace = true
";

    #[test]
    fn a_package_that_inherits_passes() {
        check(inherits, &[("crates/x/Cargo.toml", GOOD)], &[]);
    }

    #[test]
    fn each_missing_key_is_told() {
        let text = GOOD
            .replace("[lints]\nworkspace = true\n", "")
            .replace("license.workspace = true", "license = \"MIT\"")
            .replace("description = \"X\"\n", "");
        let expected = [
            "`license` is not inherited",
            "add `[lints]`",
            "add a `description`",
        ];
        check(inherits, &[("crates/x/Cargo.toml", &text)], &expected);
    }

    #[test]
    fn a_version_of_its_own_fails_and_an_unused_one_too() {
        let member = "[package]\nname = \"x\"\n[dependencies]\nbytes = \"1\"\n";
        let root = "[workspace.dependencies]\nbytes = \"1\"\nhttp = \"1\"\n";
        let files = [("Cargo.toml", root), ("crates/x/Cargo.toml", member)];
        let expected = [
            "Cargo.toml:3: no package uses `http`",
            "`bytes` has its own version",
        ];
        check(versions_in_one_place, &files, &expected);
    }

    #[test]
    fn a_crate_without_a_readme_fails() {
        check(
            readme,
            &[("crates/x/Cargo.toml", GOOD)],
            &["add a README.md"],
        );
        let files = [("crates/x/Cargo.toml", GOOD), ("crates/x/README.md", "x\n")];
        check(readme, &files, &[]);
    }
}
