//! Files and functions stay short, lines stay on the screen.

use super::House;
use super::rust::Source;
use crate::report::Problem;

/// Rust files have a cap; 95 of 100 are well below it.
pub(super) fn files(house: &House) -> Vec<Problem> {
    let sizes = &house.settings.sizes;
    let is_table = |path: &str| house.settings.table.iter().any(|table| table.path == path);
    let measured: Vec<(&Source, usize)> = house
        .sources
        .iter()
        .filter(|source| !is_table(&source.path))
        .map(|source| (source, source.code_lines()))
        .collect();
    let mut problems = tables(house);
    for (source, length) in measured
        .iter()
        .filter(|(_, len)| *len > sizes.file_lines_max)
    {
        let message = format!(
            "{length} lines of code, at most {}: split it by subject, or name it as a table with \
             a reason in tidy.toml",
            sizes.file_lines_max
        );
        problems.push(Problem::new(&source.path, 0, message));
    }
    let lengths = measured.iter().map(|(_, length)| *length).collect();
    problems.extend(too_long_on_the_whole(
        "files",
        lengths,
        sizes.file_lines_p95,
    ));
    problems
}

/// Functions have a cap; 95 of 100 are well below it.
pub(super) fn functions(house: &House) -> Vec<Problem> {
    let sizes = &house.settings.sizes;
    let mut lengths = Vec::new();
    let mut problems = Vec::new();
    for source in &house.sources {
        for function in source.functions() {
            if function.length > sizes.function_lines_max {
                let message = format!(
                    "`{}` has {} lines of code, at most {}: split it",
                    function.name, function.length, sizes.function_lines_max
                );
                problems.push(Problem::new(&source.path, function.line, message));
            }
            lengths.push(function.length);
        }
    }
    problems.extend(too_long_on_the_whole(
        "functions",
        lengths,
        sizes.function_lines_p95,
    ));
    problems
}

/// Lines of Rust fit the screen. An address and a row of a documented table may be longer: they
/// cannot be broken.
pub(super) fn columns(house: &House) -> Vec<Problem> {
    let most = house.settings.sizes.columns;
    let mut problems = Vec::new();
    for file in house.tree.files().iter().filter(|file| file.is("rs")) {
        for (at, line) in file.text.lines().enumerate() {
            let width = line.chars().count();
            if width > most && !is_unbreakable(line) {
                let message = format!("{width} columns, at most {most}: break the line");
                problems.push(Problem::new(&file.path, at + 1, message));
            }
        }
    }
    problems
}

fn is_unbreakable(line: &str) -> bool {
    let is_row = |mark| {
        line.trim_start()
            .strip_prefix(mark)
            .is_some_and(|it| it.starts_with(" |"))
    };
    line.contains("://") || is_row("//!") || is_row("///")
}

/// A table has a reason, and is there.
fn tables(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for table in &house.settings.table {
        let message = match house.tree.get(&table.path) {
            None => format!("the table `{}` is not in the tree: remove it", table.path),
            Some(_) if table.reason.is_empty() => format!("`{}` needs a reason", table.path),
            Some(_) => continue,
        };
        problems.push(Problem::new("tidy.toml", 0, message));
    }
    problems
}

fn too_long_on_the_whole(what: &str, lengths: Vec<usize>, most: usize) -> Option<Problem> {
    let found = percentile_95(lengths);
    let message = format!("the 95th percentile of {what} is {found} lines of code, at most {most}");
    (found > most).then(|| Problem::new("tidy.toml", 0, message))
}

/// The nearest-rank 95th percentile; 0 for nothing.
fn percentile_95(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    let rank = (lengths.len() * 95).div_ceil(100);
    lengths.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    const SMALL: &str = "\
[sizes]
file_lines_max = 4
file_lines_p95 = 3
function_lines_max = 3
function_lines_p95 = 3
columns = 20
";
    const FIVE: &str = "fn a() {\n    b();\n    c();\n    d();\n}\n";

    #[test]
    fn a_long_file_fails_unless_it_is_a_table() {
        let expected = [
            "src/a.rs: 5 lines of code, at most 4",
            "95th percentile of files is 5",
        ];
        check(
            files,
            &[("tidy.toml", SMALL), ("src/a.rs", FIVE)],
            &expected,
        );
        let table = format!("{SMALL}[[table]]\npath = \"src/a.rs\"\nreason = \"rows\"\n");
        check(files, &[("tidy.toml", &table), ("src/a.rs", FIVE)], &[]);
        check(
            files,
            &[("tidy.toml", &table)],
            &["the table `src/a.rs` is not in the tree"],
        );
    }

    #[test]
    fn a_long_function_fails_with_its_line() {
        let text = format!("// first\n{FIVE}");
        let expected = [
            "src/a.rs:2: `a` has 5 lines",
            "95th percentile of functions is 5",
        ];
        check(
            functions,
            &[("tidy.toml", SMALL), ("src/a.rs", &text)],
            &expected,
        );
    }

    #[test]
    fn a_long_line_fails_but_an_address_and_a_row_may_be_long() {
        let text = "// 123456789012345678\n// https://example.org/a\n// 12345678901234567\n\
                    //! | 12345678 | 12 |\n    /// | 12345678 |\n";
        check(
            columns,
            &[("tidy.toml", SMALL), ("src/a.rs", text)],
            &["src/a.rs:1: 21 columns"],
        );
    }

    #[test]
    fn the_percentile_is_the_nearest_rank() {
        for (lengths, expected) in [
            (vec![], 0),
            (vec![7], 7),
            ((1..=20).collect(), 19),
            ((1..=100).rev().collect(), 95),
        ] {
            assert_eq!(percentile_95(lengths), expected);
        }
    }
}
