//! Just enough Rust to count lines: comments blanked, literals masked, functions found.

use super::tree::File;

/// A Rust file, read for the rules.
pub(super) struct Source {
    pub(super) path: String,
    /// The text with comments as spaces and literals as `"`, line for line.
    pub(super) code: String,
}

/// A function and its length.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Where `fn` stands, from 1.
    pub(super) line: usize,
    /// Lines of code from `fn` to the closing brace.
    pub(super) length: usize,
}

impl Source {
    /// The source in a file; `None` when the file is not Rust.
    pub(super) fn of(file: &File) -> Option<Self> {
        file.is("rs").then(|| Self {
            path: file.path.clone(),
            code: mask(&file.text),
        })
    }

    /// Whether the file belongs to an integration test.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/")
    }

    /// Lines that are neither blank nor comment.
    pub(super) fn code_lines(&self) -> usize {
        code_lines(&self.code)
    }

    /// Lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.code
            .get(..offset)
            .map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// Where `word` stands as a whole word.
    pub(super) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code
            .match_indices(word)
            .map(|(at, _)| at)
            .filter(move |at| {
                let before = self
                    .code
                    .get(..*at)
                    .and_then(|text| text.chars().next_back());
                let after = self
                    .code
                    .get(at + word.len()..)
                    .and_then(|text| text.chars().next());
                let is_part = |c: Option<char>| c.is_some_and(is_ident);
                !is_part(before) && !is_part(after)
            })
    }

    /// Every function that has a body.
    pub(super) fn functions(&self) -> Vec<Function> {
        self.words("fn")
            .filter_map(|at| self.function(at))
            .collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let text = self.code.get(at..)?;
        let name: String = text
            .get(2..)?
            .trim_start()
            .chars()
            .take_while(|c| is_ident(*c))
            .collect();
        let end = body_end(text)?;
        let length = code_lines(text.get(..end)?);
        (!name.is_empty()).then(|| Function {
            name,
            line: self.line_at(at),
            length,
        })
    }
}

fn code_lines(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the body closes that starts after a signature; `None` when there is no body.
fn body_end(text: &str) -> Option<usize> {
    let (mut parens, mut braces) = (0_usize, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => parens += 1,
            ')' | ']' => parens = parens.saturating_sub(1),
            ';' if braces == 0 && parens == 0 => return None,
            '{' => braces += 1,
            '}' if braces <= 1 => return (braces == 1).then_some(at + 1),
            '}' => braces -= 1,
            _ => {}
        }
    }
    None
}

/// What becomes of a piece of text.
#[derive(Clone, Copy)]
enum Fill {
    Keep,
    Comment,
    Literal,
}

/// Blanks comments and masks literals. Line breaks stay where they are.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, ' ');
    while let Some(first) = rest.chars().next() {
        let (len, fill) = piece(rest, first, before);
        let (head, tail) = rest.split_at(len);
        out.extend(head.chars().map(|c| match fill {
            Fill::Comment if c != '\n' => ' ',
            Fill::Literal if !c.is_whitespace() => '"',
            _ => c,
        }));
        before = head.chars().next_back().unwrap_or(' ');
        rest = tail;
    }
    out
}

/// The length of the next piece and what becomes of it.
fn piece(rest: &str, first: char, before: char) -> (usize, Fill) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Fill::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Fill::Comment);
    }
    let literal = match first {
        '"' => Some(string(rest)),
        '\'' => character(rest),
        'r' if !is_ident(before) || before == 'b' || before == 'c' => raw_string(rest),
        _ => None,
    };
    literal.map_or((first.len_utf8(), Fill::Keep), |len| (len, Fill::Literal))
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(text) = rest.get(at..).filter(|text| !text.is_empty()) {
        if text.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'x'` and `'\n'`, but not the lifetime `'x`.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    chars
        .next()
        .filter(|(_, c)| *c == '\'')
        .map(|(at, _)| at + 1)
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(1 + hashes + 1 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn source(code: &str) -> Source {
        Source {
            path: "src/lib.rs".to_owned(),
            code: mask(code),
        }
    }

    #[test]
    fn comments_become_spaces_and_literals_become_quotes() {
        // `~` stands for the mask.
        for (text, expected) in [
            ("a // b\nc", "a     \nc"),
            ("/* { /* } */ */x", "               x"),
            (r#""{ \" }";"#, "~~ ~~ ~~;"),
            ("r#\"{\"\"#;", "~~~~~~~;"),
            ("'{' 'a '\"'", "~~~ 'a ~~~"),
            (r"'\'' x", "~~~~ x"),
            ("br\"{\" r#fn", "b~~~~ r#fn"),
            ("\"open", "~~~~~"),
            ("/* open", "       "),
        ] {
            assert_eq!(mask(text), expected.replace('~', "\""), "{text}");
        }
    }

    #[test]
    fn functions_are_counted_from_fn_to_the_closing_brace() {
        let text = "trait T {\n    fn none(&self) -> [u8; 2];\n}\n\nfn one() {}\n\n\
                    fn two(f: fn(u8)) {\n    // not counted\n    if a { b } else { \"}\" }\n}\n";
        let expected = [
            Function {
                name: "one".to_owned(),
                line: 5,
                length: 1,
            },
            Function {
                name: "two".to_owned(),
                line: 7,
                length: 3,
            },
        ];
        assert_eq!(source(text).functions(), expected);
    }

    #[test]
    fn code_lines_leave_out_blank_lines_and_comments() {
        assert_eq!(
            source("//! Docs\n\nfn a() {\n    // why\n    b(\"x\n y\");\n}\n").code_lines(),
            4
        );
    }
}
