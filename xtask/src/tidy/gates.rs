//! Feature gates stand at the door: in `lib.rs`, before `mod` and before `use`.

use std::collections::BTreeMap;

use super::House;
use super::rust::Source;
use crate::report::Problem;

/// What may follow a gate anywhere: the door of a module.
const DOORS: &[&str] = &[
    "mod ",
    "use ",
    "pub mod ",
    "pub use ",
    "pub(crate) mod ",
    "pub(crate) use ",
];

/// Gates elsewhere are counted against the budget of their crate.
pub(super) fn features(house: &House) -> Vec<Problem> {
    let mut inside: BTreeMap<&str, Vec<Problem>> = BTreeMap::new();
    for source in &house.sources {
        let Some(folder) = folder(&source.path) else {
            continue;
        };
        if folder == "plumego" || source.path.ends_with("/src/lib.rs") || source.is_test() {
            continue;
        }
        inside.entry(folder).or_default().extend(gates(source));
    }
    let budget = |folder: &str| {
        let gates = &house.settings.gates;
        gates.crates.get(folder).copied().unwrap_or(gates.default)
    };
    let over = |(folder, found): &(&str, Vec<Problem>)| found.len() > budget(folder);
    let mut problems: Vec<Problem> = inside
        .into_iter()
        .filter(over)
        .flat_map(|it| it.1)
        .collect();
    problems.extend(unknown_crates(house));
    problems
}

/// The folder under `crates/`.
fn folder(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split('/').next()
}

fn gates(source: &Source) -> Vec<Problem> {
    let lines: Vec<(usize, &str)> = source.lines().collect();
    let mut problems = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        if !is_gate(line) {
            continue;
        }
        let rest = lines.iter().skip(at + 1).map(|(_, line)| line.trim());
        let item = rest
            .into_iter()
            .find(|line| !line.is_empty() && !line.starts_with("#["));
        let at_door = line.trim_start().starts_with("#[cfg(")
            && item.is_some_and(|item| DOORS.iter().any(|door| item.starts_with(door)));
        if !at_door {
            let message = "a feature gate inside a crate, over its budget in tidy.toml: move it \
                           to lib.rs or in front of a `mod`";
            problems.push(Problem::new(&source.path, *number, message));
        }
    }
    problems
}

fn is_gate(line: &str) -> bool {
    let gated = ["cfg(", "cfg_attr(", "cfg!("]
        .iter()
        .any(|word| line.contains(word));
    gated && line.contains("feature =")
}

/// A budget names a crate that is there.
fn unknown_crates(house: &House) -> Vec<Problem> {
    let missing = |folder: &&String| !house.tree.exists(&format!("crates/{folder}"));
    let names = house.settings.gates.crates.keys().filter(missing);
    let message = |name: &String| format!("gates.crates has `{name}`, crates/ has not: remove it");
    names
        .map(|name| Problem::new("tidy.toml", 0, message(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    const GATED: &str = "fn a() {\n    #[cfg(feature = \"x\")]\n    b();\n}\n";

    #[test]
    fn a_gate_in_a_function_fails_with_its_line() {
        check(
            features,
            &[("crates/app/src/a.rs", GATED)],
            &["crates/app/src/a.rs:2: a feature"],
        );
    }

    #[test]
    fn a_gate_at_a_door_passes() {
        let door = "#[cfg(feature = \"x\")]\n#[doc(inline)]\npub use a::B;\n";
        check(features, &[("crates/app/src/mod.rs", door)], &[]);
        check(features, &[("crates/app/src/lib.rs", GATED)], &[]);
        check(features, &[("crates/plumego/src/a.rs", GATED)], &[]);
    }

    #[test]
    fn a_budget_lets_a_few_pass_and_no_more() {
        let budget = "[gates.crates]\napp = 1\n";
        check(
            features,
            &[("tidy.toml", budget), ("crates/app/src/a.rs", GATED)],
            &[],
        );
        let twice = [GATED, GATED].concat();
        let files = [
            ("tidy.toml", budget),
            ("crates/app/src/a.rs", twice.as_str()),
        ];
        check(features, &files, &["a.rs:2:", "a.rs:6:"]);
        check(
            features,
            &[("tidy.toml", budget)],
            &["gates.crates has `app`"],
        );
    }
}
