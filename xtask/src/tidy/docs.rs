//! The two books are twins, their summaries name every page, and no link is dead.

use super::House;
use super::tree::File;
use crate::report::Problem;

const ENGLISH: &str = "docs/en/";
const CHINESE: &str = "docs/zh/";

/// Every page of one language exists in the other.
pub(super) fn twins(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (ours, other) in [(ENGLISH, CHINESE), (CHINESE, ENGLISH)] {
        for (file, page) in pages(house, ours) {
            let twin = format!("{other}{page}");
            if house.tree.get(&twin).is_none() {
                problems.push(Problem::new(
                    &file.path,
                    0,
                    format!("its twin {twin} is missing"),
                ));
            }
        }
    }
    problems
}

/// Both summaries have the same links in the same places, and every page is in them.
pub(super) fn summaries(house: &House) -> Vec<Problem> {
    let shape = |prefix: &str| {
        let file = house.tree.get(&format!("{prefix}src/SUMMARY.md"))?;
        Some(outline(&file.text))
    };
    let (Some(english), Some(chinese)) = (shape(ENGLISH), shape(CHINESE)) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if english != chinese {
        let different = english.iter().zip(&chinese).find(|(en, zh)| en != zh);
        let place = different.map_or_else(
            || "one has more entries".to_owned(),
            |((_, en), (_, zh))| format!("`{en}` stands where the other has `{zh}`"),
        );
        let message = format!("the summaries of docs/en and docs/zh differ: {place}");
        problems.push(Problem::new("docs/en/src/SUMMARY.md", 0, message));
    }
    for (file, page) in pages(house, ENGLISH) {
        let name = page.strip_prefix("src/").unwrap_or(page);
        if name != "SUMMARY.md" && !english.iter().any(|(_, target)| target == name) {
            let message = "the page is not in SUMMARY.md: add it, or the book leaves it out";
            problems.push(Problem::new(&file.path, 0, message));
        }
    }
    problems
}

/// Relative links of all Markdown files lead to something. Pages that rustdoc includes are left to
/// rustdoc: their links name items.
pub(super) fn links(house: &House) -> Vec<Problem> {
    let checked = |file: &&File| file.is("md") && !file.path.contains("/src/docs/");
    let mut problems = Vec::new();
    for file in house.tree.files().iter().filter(checked) {
        for (line, target) in relative_links(&file.text) {
            let path = resolve(&file.path, target);
            if !path.is_some_and(|path| house.tree.exists(&path)) {
                problems.push(Problem::new(
                    &file.path,
                    line,
                    format!("dead link: {target}"),
                ));
            }
        }
    }
    problems
}

/// The Markdown files under a folder, with their paths inside it.
fn pages<'a>(house: &'a House, prefix: &'a str) -> impl Iterator<Item = (&'a File, &'a str)> {
    let is_page = |file: &&File| file.is("md");
    let inside = move |file: &'a File| file.path.strip_prefix(prefix).map(|page| (file, page));
    house.tree.files().iter().filter(is_page).filter_map(inside)
}

/// Depth and target of each entry of a summary.
fn outline(text: &str) -> Vec<(usize, String)> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let entries = text.lines().flat_map(|line| {
        let target = |(_, target): (usize, &str)| (depth(line), target.to_owned());
        relative_links(line).into_iter().map(target)
    });
    entries.collect()
}

/// Targets of `](…)` outside code blocks that are neither addresses nor anchors.
fn relative_links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        in_code ^= line.trim_start().starts_with("```");
        let targets = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let targets = targets.filter_map(|target| target.split('#').next());
        let relative = |target: &&str| !target.is_empty() && !target.contains(':');
        found.extend(
            targets
                .filter(relative)
                .filter(|_| !in_code)
                .map(|target| (at + 1, target)),
        );
    }
    found
}

/// The path a link leads to; `None` when it leaves the tree.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[test]
    fn a_page_without_its_twin_fails_in_both_directions() {
        check(
            twins,
            &[("docs/en/src/a.md", "a\n"), ("docs/zh/src/a.md", "a\n")],
            &[],
        );
        check(
            twins,
            &[("docs/en/src/a.md", "a\n")],
            &["its twin docs/zh/src/a.md is missing"],
        );
        check(
            twins,
            &[("docs/zh/src/a.md", "a\n")],
            &["its twin docs/en/src/a.md is missing"],
        );
    }

    #[test]
    fn summaries_have_the_same_shape_and_name_every_page() {
        let en = "- [A](a.md)\n  - [B](b.md)\n";
        let zh = "- [甲](a.md)\n  - [乙](b.md)\n";
        let check = |zh: &str, extra: &str, expected: &[&str]| {
            let files = [
                ("docs/en/src/SUMMARY.md", en),
                ("docs/zh/src/SUMMARY.md", zh),
                (extra, "x\n"),
            ];
            check(summaries, &files, expected);
        };
        check(zh, "docs/en/src/b.md", &[]);
        check(
            "- [甲](a.md)\n- [乙](b.md)\n",
            "docs/en/src/b.md",
            &["summaries of docs/en and"],
        );
        check(
            "- [甲](a.md)\n",
            "docs/en/src/b.md",
            &["one has more entries"],
        );
        check(
            zh,
            "docs/en/src/c.md",
            &["docs/en/src/c.md: the page is not in SUMMARY.md"],
        );
    }

    #[test]
    fn a_dead_link_fails_with_its_line() {
        let text = "[ok](../b.md#top)\n[dead](c.md) [out](https://example.org)\n```\n[x](y)\n```\n";
        let files = [("docs/a.md", text), ("b.md", "[self](#x)\n")];
        check(links, &files, &["docs/a.md:2: dead link: c.md"]);
        check(
            links,
            &[("a.md", "[out](../../x.md)\n")],
            &["a.md:1: dead link"],
        );
        check(
            links,
            &[("crates/x/src/docs/a.md", "[item](Router)\n")],
            &[],
        );
    }
}
