//! White space at the ends.

use super::House;
use super::tree::File;
use crate::report::Problem;

/// No white space at the end of a line, and one line break at the end of a file.
pub(super) fn whitespace(house: &House) -> Vec<Problem> {
    // What a compiler printed is kept as it was printed.
    let checked = |file: &&File| !file.is("stderr");
    house
        .tree
        .files()
        .iter()
        .filter(checked)
        .flat_map(in_file)
        .collect()
}

fn in_file(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, line) in file.text.split('\n').enumerate() {
        let message = if line.ends_with('\r') {
            "the line ends in a carriage return: use plain line breaks"
        } else if line.ends_with([' ', '\t']) {
            "white space at the end of the line: remove it"
        } else {
            continue;
        };
        problems.push(Problem::new(&file.path, at + 1, message));
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        problems.push(Problem::new(
            &file.path,
            0,
            "end the file with a line break",
        ));
    } else if file.text.ends_with("\n\n") {
        problems.push(Problem::new(
            &file.path,
            0,
            "remove the blank lines at the end",
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[test]
    fn each_kind_is_found() {
        check(whitespace, &[("a.md", "a\n\nb\n"), ("b", "")], &[]);
        check(whitespace, &[("a.md", "a \n")], &["a.md:1: white space"]);
        check(
            whitespace,
            &[("a.md", "a\n\tb\t\n")],
            &["a.md:2: white space"],
        );
        check(
            whitespace,
            &[("a.md", "a\r\n")],
            &["a.md:1: the line ends in a carriage"],
        );
        check(whitespace, &[("a.md", "a")], &["a.md: end the file"]);
        check(
            whitespace,
            &[("a.md", "a\n\n")],
            &["a.md: remove the blank lines"],
        );
    }
}
