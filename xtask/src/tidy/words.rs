//! Words that must not stand in the tree: `[[word]]` in `tidy.toml`.

use super::House;
use super::settings::Word;
use super::tree::File;
use crate::report::Problem;

/// No forbidden word anywhere, whatever its case. `tidy.toml` itself has to name them.
pub(super) fn forbidden(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in house
        .tree
        .files()
        .iter()
        .filter(|file| file.path != "tidy.toml")
    {
        let words: Vec<(String, &Word)> = house
            .settings
            .word
            .iter()
            .filter(|word| !word.except.iter().any(|path| file.path.starts_with(path)))
            .map(|word| (word.text.to_lowercase(), word))
            .collect();
        problems.extend(in_file(file, &words));
    }
    problems
}

fn in_file(file: &File, words: &[(String, &Word)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, line) in file.text.to_lowercase().lines().enumerate() {
        for (_, word) in words.iter().filter(|(text, _)| line.contains(text)) {
            let message = format!("`{}` may not stand here: {}", word.text, word.reason);
            problems.push(Problem::new(&file.path, at + 1, message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    const WORDS: &str = "\
[[word]]
text = \"Quux/\"
reason = \"a path of one machine\"
except = [\"docs/\"]
";

    #[test]
    fn a_word_is_found_whatever_its_case() {
        let files = [("tidy.toml", WORDS), ("a.md", "x\nsee /QUUX/y\n")];
        check(
            forbidden,
            &files,
            &["a.md:2: `Quux/` may not stand here: a path of one machine"],
        );
    }

    #[test]
    fn an_exception_holds_for_its_path() {
        check(
            forbidden,
            &[("tidy.toml", WORDS), ("docs/a.md", "quux/\n")],
            &[],
        );
    }
}
