//! A lint is switched off for a reason, and only as long as it would fire.

use super::House;
use super::rust::Source;
use crate::report::Problem;

/// Outside tests: `#[expect]` instead of `#[allow]`, and always a reason.
pub(super) fn attributes(house: &House) -> Vec<Problem> {
    house
        .sources
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(in_source)
        .collect()
}

fn in_source(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    for word in ["allow", "expect"] {
        for at in source.words(word).filter(|at| is_attribute(source, *at)) {
            let end = source
                .code
                .get(at..)
                .and_then(|text| text.find(']'))
                .unwrap_or(0);
            let text = source.code.get(at..at + end).unwrap_or_default();
            let message = match word {
                "allow" => "use `#[expect(lint, reason = \"…\")]`: it tells when it is stale",
                _ if !text.contains("reason =") => "add `reason = \"…\"`",
                _ => continue,
            };
            problems.push(Problem::new(&source.path, source.line_at(at), message));
        }
    }
    problems
}

/// Whether the word at `at` opens an attribute, alone or in a `cfg_attr`.
fn is_attribute(source: &Source, at: usize) -> bool {
    let before = source.code.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    line.starts_with("#[") || line.starts_with("#![")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[track_caller]
    fn check_text(text: &str, expected: &[&str]) {
        check(attributes, &[("crates/x/src/a.rs", text)], expected);
    }

    #[test]
    fn an_allow_fails_and_an_expect_needs_a_reason() {
        check_text("#[expect(dead_code, reason = \"soon\")]\nfn a() {}\n", &[]);
        check_text(
            "#[allow(dead_code)]\nfn a() {}\n",
            &["a.rs:1: use `#[expect("],
        );
        check_text("\n#![expect(dead_code)]\n", &["a.rs:2: add `reason"]);
        check_text(
            "#[cfg_attr(test, allow(dead_code))]\nfn a() {}\n",
            &["use `#[expect("],
        );
        check_text("x.expect(1); allow(2);\n", &[]);
    }

    #[test]
    fn tests_may_allow() {
        check(
            attributes,
            &[("crates/x/tests/it/a.rs", "#![allow(dead_code)]\n")],
            &[],
        );
    }
}
