//! The feature table, from the `##` comments in the facade's manifest.
//!
//! A line `## zh: …` is the Chinese text of the feature below it; without one the English stands.

use std::path::Path;

use toml::{Table, Value};

use super::{Language, Page, table};

const MANIFEST: &str = "crates/plumego/Cargo.toml";

/// A feature and what its comment says.
#[derive(Debug, PartialEq, Eq)]
struct Feature {
    name: String,
    english: String,
    chinese: String,
    /// The features it turns on in the facade itself.
    includes: Vec<String>,
    default: bool,
}

/// `features.md`.
pub(super) fn page(root: &Path, language: Language) -> Result<Page, String> {
    let text = std::fs::read_to_string(root.join(MANIFEST));
    let text = text.map_err(|error| format!("{MANIFEST}: {error}"))?;
    let features = read(&text)?;
    let yes = language.choose("yes", "是");
    let row = |feature: &Feature| {
        let includes: Vec<String> = feature
            .includes
            .iter()
            .map(|it| format!("`{it}`"))
            .collect();
        vec![
            format!("`{}`", feature.name),
            language
                .choose(&feature.english, &feature.chinese)
                .to_owned(),
            includes.join(", "),
            if feature.default { yes } else { "" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = features.iter().map(row).collect();
    let head = match language {
        Language::English => ["Feature", "What it adds", "Includes", "On by default"],
        Language::Chinese => ["特性", "作用", "包含", "默认开启"],
    };
    let title = language.choose("Features", "特性");
    Ok(Page::reference(
        language,
        "features.md",
        title,
        &table(&head, &rows),
    ))
}

/// The features in the order of the manifest.
fn read(text: &str) -> Result<Vec<Feature>, String> {
    let manifest: Table = text
        .parse()
        .map_err(|error| format!("{MANIFEST}: {error}"))?;
    let declared = manifest.get("features").and_then(Value::as_table);
    let declared = declared.ok_or_else(|| format!("{MANIFEST}: there is no [features]"))?;
    let mut features = Vec::new();
    for (name, parts) in declared {
        let line = line_of(text, name);
        let (english, chinese) = comment(text, line);
        if english.is_empty() {
            return Err(format!(
                "{MANIFEST}:{line}: `{name}` needs a `##` comment above it"
            ));
        }
        let chinese = if chinese.is_empty() {
            english.clone()
        } else {
            chinese
        };
        let includes: Vec<String> = strings(parts)
            .filter(|part| declared.contains_key(*part))
            .map(str::to_owned)
            .collect();
        let default = name != "default"
            && declared
                .get("default")
                .is_some_and(|it| strings(it).any(|part| part == name));
        features.push((
            line,
            Feature {
                name: name.clone(),
                english,
                chinese,
                includes,
                default,
            },
        ));
    }
    features.sort_by_key(|(line, _)| *line);
    Ok(features.into_iter().map(|(_, feature)| feature).collect())
}

/// The line under `[features]` on which a feature is declared, from 1.
fn line_of(text: &str, name: &str) -> usize {
    let lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim() != "[features]");
    let declares = |line: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    lines
        .into_iter()
        .find(|(_, line)| declares(line))
        .map_or(1, |(at, _)| at + 1)
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The comment directly above a line, in English and in Chinese.
fn comment(text: &str, line: usize) -> (String, String) {
    let lines: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    let above = lines
        .iter()
        .rev()
        .map_while(|line| line.trim().strip_prefix("##"));
    let mut above: Vec<&str> = above.map(str::trim).collect();
    above.reverse();
    let (chinese, english): (Vec<&str>, Vec<&str>) =
        above.into_iter().partition(|line| line.starts_with("zh:"));
    let chinese: Vec<&str> = chinese
        .into_iter()
        .map(|line| line.trim_start_matches("zh:").trim())
        .collect();
    (english.join(" "), chinese.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_parts_are_read_in_the_order_of_the_manifest() {
        let text = "[features]\n## What is on.\ndefault = [\"b\"]\n\
                    ## Two\n## lines.\n## zh: 两行。\nb = [\"dep:x\", \"a\"]\n## One.\na = []\n";
        let features = read(text).unwrap();
        let feature =
            |name: &str, english: &str, chinese: &str, includes: &[&str], default| Feature {
                name: name.to_owned(),
                english: english.to_owned(),
                chinese: chinese.to_owned(),
                includes: includes.iter().map(|it| (*it).to_owned()).collect(),
                default,
            };
        let expected = [
            feature("default", "What is on.", "What is on.", &["b"], false),
            feature("b", "Two lines.", "两行。", &["a"], true),
            feature("a", "One.", "One.", &[], false),
        ];
        assert_eq!(features, expected);
    }

    #[test]
    fn a_feature_without_a_comment_is_an_error_with_its_line() {
        let error = read("[features]\n## One.\na = []\nb = []\n").unwrap_err();
        assert_eq!(
            error,
            "crates/plumego/Cargo.toml:4: `b` needs a `##` comment above it"
        );
    }
}
