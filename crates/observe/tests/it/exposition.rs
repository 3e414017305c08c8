//! A strict reader of OpenMetrics text: every line must be one of the few allowed ones.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    unit: Option<String>,
    lines: Vec<Line>,
}

/// All lines with values; panics with the line that breaks a rule.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    assert!(
        body.is_empty() || body.ends_with('\n'),
        "the last line is cut"
    );
    let mut families: Vec<Family> = Vec::new();
    for line in body.split_terminator('\n') {
        assert!(!line.is_empty(), "an empty line");
        match line.strip_prefix("# ") {
            Some(metadata) => read_metadata(metadata, &mut families),
            None => families
                .last_mut()
                .expect("a family")
                .lines
                .push(read_sample(line)),
        }
    }
    let names: BTreeSet<_> = families.iter().map(|family| &family.name).collect();
    assert_eq!(names.len(), families.len(), "a family is there twice");
    families.iter().for_each(check_family);
    let lines: Vec<Line> = families
        .into_iter()
        .flat_map(|family| family.lines)
        .collect();
    let series: BTreeSet<_> = lines
        .iter()
        .map(|line| (&line.name, &line.labels))
        .collect();
    assert_eq!(series.len(), lines.len(), "a series is there twice");
    lines
}

/// The value of the line with exactly these labels.
pub(crate) fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: BTreeMap<String, String> = labels
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let line = |line: &Line| line.name == name && line.labels == labels;
    parse(text).into_iter().find(line).map(|line| line.value)
}

fn read_metadata(metadata: &str, families: &mut Vec<Family>) {
    let (keyword, rest) = metadata.split_once(' ').expect(metadata);
    let (name, text) = rest.split_once(' ').expect(metadata);
    assert!(is_name(name), "{metadata:?}");
    if keyword == "HELP" {
        let unescaped = text
            .replace("\\\\", "")
            .replace("\\n", "")
            .replace("\\\"", "");
        assert!(!unescaped.contains(['\\', '"']), "{metadata:?}");
        families.push(Family {
            name: name.into(),
            ..Family::default()
        });
        return;
    }
    let family = families.last_mut().expect("HELP comes first");
    assert!(
        family.name == name && family.lines.is_empty(),
        "{metadata:?}"
    );
    match keyword {
        "TYPE" => {
            assert!(
                ["counter", "gauge", "histogram"].contains(&text),
                "{metadata:?}"
            );
            assert!(family.kind.is_empty());
            family.kind = text.into();
        }
        "UNIT" => {
            assert!(
                name.ends_with(&format!("_{text}")) && family.unit.is_none(),
                "{metadata:?}"
            );
            family.unit = Some(text.into());
        }
        _ => panic!("{metadata:?}"),
    }
}

fn read_sample(line: &str) -> Line {
    let end = line.find(['{', ' ']).expect(line);
    let (name, rest) = line.split_at(end);
    assert!(is_name(name), "{line:?}");
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => read_labels(rest, line),
        None => (BTreeMap::new(), rest),
    };
    let value = rest.strip_prefix(' ').expect(line).parse().expect(line);
    Line {
        name: name.into(),
        labels,
        value,
    }
}

fn read_labels<'a>(mut rest: &'a str, line: &str) -> (BTreeMap<String, String>, &'a str) {
    let mut labels = BTreeMap::new();
    loop {
        let (name, after) = rest.split_once("=\"").expect(line);
        assert!(is_name(name), "{line:?}");
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next().expect(line) {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match characters.next().expect(line).1 {
                    'n' => '\n',
                    same @ ('\\' | '"') => same,
                    other => panic!("escape {other:?} in {line:?}"),
                }),
                (_, other) => value.push(other),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{line:?}");
        rest = &after[end..];
        if let Some(after) = rest.strip_prefix('}') {
            return (labels, after);
        }
        rest = rest.strip_prefix(',').expect(line);
    }
}

fn check_family(family: &Family) {
    let suffixes: &[&str] = match family.kind.as_str() {
        "counter" => &["_total"],
        "gauge" => &[""],
        "histogram" => &["_bucket", "_count", "_sum"],
        other => panic!("{} has type {other:?}", family.name),
    };
    for line in &family.lines {
        let suffix = line.name.strip_prefix(&family.name).expect(&line.name);
        assert!(suffixes.contains(&suffix), "{line:?}");
        assert!(line.value.is_finite() && (family.kind == "gauge" || line.value >= 0.0));
        assert_eq!(
            line.labels.contains_key("le"),
            suffix == "_bucket",
            "{line:?}"
        );
    }
    if family.kind == "histogram" {
        check_histogram(family);
    }
}

fn check_histogram(family: &Family) {
    let mut by_labels: BTreeMap<BTreeMap<String, String>, Vec<&Line>> = BTreeMap::new();
    for line in &family.lines {
        let mut labels = line.labels.clone();
        labels.remove("le");
        by_labels.entry(labels).or_default().push(line);
    }
    for lines in by_labels.values() {
        let one = |suffix: &str| {
            let name = format!("{}{suffix}", family.name);
            let mut found = lines.iter().filter(|line| line.name == name);
            let value = found.next().expect(&name).value;
            assert!(found.next().is_none(), "{name}");
            value
        };
        let buckets: Vec<(f64, f64)> = lines
            .iter()
            .filter_map(|line| Some((line.labels.get("le")?.parse().unwrap(), line.value)))
            .collect();
        assert!(
            buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
            "{buckets:?}"
        );
        assert_eq!(
            buckets.last().copied(),
            Some((f64::INFINITY, one("_count")))
        );
        assert!(one("_sum") >= 0.0);
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}
