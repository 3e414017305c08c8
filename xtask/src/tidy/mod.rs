//! What no compiler checks: walls between crates, sizes, words, docs twins.
//!
//! A rule is a function from the [`House`] to the problems it found. All rules run, so a person
//! sees everything at once.

mod allow;
mod deny_reasons;
mod docs;
mod doors;
mod floor;
mod gates;
mod lines;
mod manifests;
mod names;
mod rust;
mod settings;
mod sizes;
mod sleep;
pub(crate) mod tree;
mod words;

use std::path::Path;

use crate::manifest::Manifest;
use crate::report::{self, Problem};
use rust::Source;
use settings::Settings;
use tree::Tree;

/// All that the rules look at, read once.
struct House {
    tree: Tree,
    settings: Settings,
    manifests: Vec<Manifest>,
    sources: Vec<Source>,
}

impl House {
    fn new(tree: Tree) -> Result<Self, String> {
        let settings = Settings::from_tree(&tree)?;
        let manifests = Manifest::all(&tree)?;
        let sources = tree.files().iter().filter_map(Source::of).collect();
        Ok(Self {
            tree,
            settings,
            manifests,
            sources,
        })
    }
}

/// A rule.
type Rule = fn(&House) -> Vec<Problem>;

const RULES: &[Rule] = &[
    floor::edges,
    floor::known_packages,
    doors::foreign_crates,
    manifests::inherits,
    manifests::versions_in_one_place,
    manifests::readme,
    deny_reasons::reasons,
    sizes::files,
    sizes::functions,
    sizes::columns,
    gates::features,
    sleep::sleeps,
    allow::attributes,
    names::modules,
    lines::whitespace,
    words::forbidden,
    docs::twins,
    docs::summaries,
    docs::links,
];

/// Runs every rule on the workspace.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let house = House::new(Tree::read(root)?)?;
    report::conclude("tidy", RULES.iter().flat_map(|rule| rule(&house)).collect())?;
    println!(
        "tidy: {} rules, {} files, no problem",
        RULES.len(),
        house.tree.files().len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A house of the given files.
    pub(super) fn house(files: &[(&str, &str)]) -> House {
        House::new(Tree::of(files)).unwrap()
    }

    /// The problems of one rule, each as one line.
    pub(super) fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let mut problems = rule(&house(files));
        problems.sort();
        problems.iter().map(ToString::to_string).collect()
    }

    /// Asserts that a rule finds one problem for each of `expected`, which each line contains.
    #[track_caller]
    pub(super) fn check(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
        let problems = found(rule, files);
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(
                problem.contains(part),
                "{problem:?} should contain {part:?}"
            );
        }
    }

    #[test]
    fn a_manifest_that_does_not_parse_is_named() {
        let error = House::new(Tree::of(&[("crates/app/Cargo.toml", "[package")]))
            .err()
            .unwrap();
        assert!(error.starts_with("crates/app/Cargo.toml: "), "{error}");
    }
}
