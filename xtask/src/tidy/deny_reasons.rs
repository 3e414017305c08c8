//! Each foreign dependency has a line of reason in `deny.toml`, and each line a dependency.

use std::collections::BTreeMap;

use super::House;
use crate::report::Problem;

const FILE: &str = "deny.toml";

/// Names and reasons agree, in both directions.
pub(super) fn reasons(house: &House) -> Vec<Problem> {
    let Some(file) = house.tree.get(FILE) else {
        return vec![Problem::new(
            FILE,
            0,
            "the file is missing: see CONTRIBUTING.md",
        )];
    };
    let (reasons, mut problems) = parse(&file.text);
    for (name, line) in foreign(house) {
        if !reasons.contains_key(&name) {
            let message = format!("`{name}` has no reason: add `# {name}: why` to {FILE}");
            problems.push(Problem::new("Cargo.toml", line, message));
        }
    }
    let used: Vec<String> = foreign(house).into_iter().map(|(name, _)| name).collect();
    for (name, line) in reasons.into_iter().filter(|(name, _)| !used.contains(name)) {
        let message = format!("`{name}` is no dependency of the workspace: remove its reason");
        problems.push(Problem::new(FILE, line, message));
    }
    problems
}

/// Foreign crates of `[workspace.dependencies]` with their lines.
fn foreign(house: &House) -> Vec<(String, usize)> {
    let ours = |name: &String| house.manifests.iter().any(|it| it.name() == Some(name));
    let Some(root) = house.manifests.iter().find(|it| it.dir.is_empty()) else {
        return Vec::new();
    };
    let names = root
        .workspace_dependencies()
        .into_iter()
        .filter(|name| !ours(name));
    names
        .map(|name| (name.clone(), root.line_of(&name)))
        .collect()
}

/// The reasons between the two marks, with their lines.
fn parse(text: &str) -> (BTreeMap<String, usize>, Vec<Problem>) {
    let mut reasons = BTreeMap::new();
    let mut problems = Vec::new();
    let lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| *line != "# reasons: begin");
    for (at, line) in lines
        .skip(1)
        .take_while(|(_, line)| *line != "# reasons: end")
    {
        let entry = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(": "));
        let problem = match entry {
            Some((_, reason)) if reason.trim().is_empty() => Some("the reason is empty"),
            Some((name, _)) if reasons.insert(name.to_owned(), at + 1).is_some() => {
                Some("the name stands here twice")
            }
            Some(_) => None,
            None => Some("expected `# name: reason`"),
        };
        problems.extend(problem.map(|message| Problem::new(FILE, at + 1, message)));
    }
    (reasons, problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    const ROOT: &str = "[workspace.dependencies]\nbytes = \"1\"\nhttp = \"1\"\nx = \"1\"\n";
    const OURS: &str = "[package]\nname = \"x\"\n";

    #[track_caller]
    fn check_reasons(lines: &str, expected: &[&str]) {
        let deny = format!("[bans]\n# reasons: begin\n{lines}# reasons: end\n# later: text\n");
        let files = [
            ("Cargo.toml", ROOT),
            ("deny.toml", &deny),
            ("crates/x/Cargo.toml", OURS),
        ];
        check(reasons, &files, expected);
    }

    #[test]
    fn both_directions_are_checked() {
        check_reasons("# bytes: buffers\n# http: words\n", &[]);
        check_reasons(
            "# bytes: buffers\n",
            &["Cargo.toml:3: `http` has no reason"],
        );
        let stale = "# bytes: buffers\n# http: words\n# rand: none\n";
        check_reasons(stale, &["deny.toml:5: `rand` is no dependency"]);
    }

    #[test]
    fn a_line_that_is_no_reason_is_told() {
        check_reasons("# bytes: b\n# http: w\n# hm\n", &["deny.toml:5: expected"]);
        check_reasons(
            "# bytes: b\n# http: w\n# http: w\n",
            &["deny.toml:5: the name stands"],
        );
    }

    #[test]
    fn the_file_is_needed() {
        check(
            reasons,
            &[("Cargo.toml", ROOT)],
            &["deny.toml: the file is missing"],
        );
    }
}
