//! The `.env` format, alone and against another parser of it.

use std::fmt::Write as _;

use plumego_config::dotenv::{MAX_LINES, MAX_VALUE_BYTES, parse};
use proptest::prelude::*;

fn check(text: &str, expected: &[(&str, &str)]) {
    let read = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let read: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(read, expected, "{text:?}");
}

fn refused(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text:?}");
}

#[test]
fn plain_lines() {
    check("", &[]);
    check("A=1", &[("A", "1")]);
    check("A=1\nB=2\n", &[("A", "1"), ("B", "2")]);
    check("  A = 1  \n", &[("A", "1")]);
    check("A=\nB=", &[("A", ""), ("B", "")]);
    check("A=a b=c 'd'", &[("A", "a b=c 'd'")]);
    check("A=C:\\new\\table", &[("A", "C:\\new\\table")]);
    check("A.b_1=1", &[("A.b_1", "1")]);
    check("A=1\nA=2", &[("A", "1"), ("A", "2")]);
    check("A=日本", &[("A", "日本")]);
}

#[test]
fn export_comments_crlf_and_byte_order_mark() {
    check(
        "export A=1\nexport\tB=2\nexport=3\nexport =4",
        &[("A", "1"), ("B", "2"), ("export", "3"), ("export", "4")],
    );
    check(
        "# one\n  # two\nA=1 # three\nB=1#four\nC= # five\nD=#six\n#",
        &[("A", "1"), ("B", "1#four"), ("C", ""), ("D", "#six")],
    );
    check(
        "\u{feff}A=1\r\n\r\nB='2'\r\nC=\"3\"\r\n",
        &[("A", "1"), ("B", "2"), ("C", "3")],
    );
}

#[test]
fn quotes() {
    check(r#"A='a "b" $C \n # d' # e"#, &[("A", r#"a "b" $C \n # d"#)]);
    check(
        r#"A="a\tb\n\"c\" \\ \$D \r'#'""#,
        &[("A", "a\tb\n\"c\" \\ $D \r'#'")],
    );
    check(
        "A=\"one\n two\r\nthree\" # end\nB=1",
        &[("A", "one\n two\nthree"), ("B", "1")],
    );
    check("A=''\nB=\"\"", &[("A", ""), ("B", "")]);
}

#[test]
fn names_in_values() {
    check("A=1\nB=${A}2$A-$A_$ $$A", &[("A", "1"), ("B", "121-$ $1")]);
    check(
        "A=1\nB=\"$A ${A}\"\nC='$A'\nD=\\$A",
        &[("A", "1"), ("B", "1 1"), ("C", "$A"), ("D", "$A")],
    );
    check("A=$LATER\nLATER=1", &[("A", ""), ("LATER", "1")]);
    check(
        "A=1\nA=${A}2\nB=$A",
        &[("A", "1"), ("A", "12"), ("B", "12")],
    );
}

#[test]
fn mistakes_name_their_line() {
    refused(
        "A=1\n\nB",
        "line 3: expected = after the name (letters, digits, _ and . make a name)",
    );
    refused(
        "A B=1",
        "line 1: expected = after the name (letters, digits, _ and . make a name)",
    );
    refused(
        "1A=1",
        "line 1: expected NAME=value; a name begins with a letter or _",
    );
    refused(
        "=1",
        "line 1: expected NAME=value; a name begins with a letter or _",
    );
    refused("A='x\n'", "line 1: expected a closing ' on the same line");
    refused(
        "A=1\nB=\"x\n\n",
        "line 2: expected a closing \" for the one in this line",
    );
    refused(
        "A=\"x\\",
        "line 1: expected a closing \" for the one in this line",
    );
    refused(
        "A=\"x\n\\q\"",
        "line 2: expected one of \\n \\r \\t \\\" \\\\ \\$ after a backslash",
    );
    refused(
        "A='x'y",
        "line 1: expected the end of the line or a # comment after the closing quote",
    );
    refused(
        "A='x'#y",
        "line 1: expected the end of the line or a # comment after the closing quote",
    );
    refused(
        "A=${B",
        "line 1: expected ${NAME}; write \\$ for a dollar sign",
    );
    refused(
        "\nA=\"${}\"",
        "line 2: expected ${NAME}; write \\$ for a dollar sign",
    );
    refused(
        "A=${B:-c}",
        "line 1: expected ${NAME}; write \\$ for a dollar sign",
    );
}

#[test]
fn sizes_are_bounded() {
    let lines = "\n".repeat(MAX_LINES - 1);
    check(&format!("{lines}A=1"), &[("A", "1")]);
    refused(
        &format!("{lines}\nA=1"),
        "line 10001: expected at most 10000 lines",
    );
    refused(
        &"#".repeat((1 << 20) + 1),
        "line 1: expected at most 1 MiB of text",
    );
}

#[test]
fn replacing_names_cannot_grow_without_end() {
    let mut text = "A0=xxxxxxxxxx\n".to_owned();
    for n in 0..20 {
        let value = format!("$A{n}").repeat(10);
        writeln!(text, "A{}={value}", n + 1).unwrap();
    }
    let error = parse(&text).unwrap_err();
    assert_eq!(error.expected(), "at most 1 MiB of values");
    // The sixth value has 10^6 bytes; with those before it they are too many.
    assert_eq!(error.line(), 6);
    assert_eq!(MAX_VALUE_BYTES, 1 << 20);
}

fn oracle(text: &str) -> Option<Vec<(String, String)>> {
    dotenvy::from_read_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .ok()
}

/// Where this parser means to differ from `dotenvy` 0.15, so that the list cannot go stale.
#[test]
fn intended_differences() {
    let differs = |text: &str, ours: Option<&[(&str, &str)]>, theirs: Option<&[(&str, &str)]>| {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        assert_eq!(parse(text).ok(), ours.map(own), "ours: {text:?}");
        assert_eq!(oracle(text), theirs.map(own), "theirs: {text:?}");
        assert_ne!(ours, theirs);
    };
    // Blanks and quotes may stand inside a value without quotes.
    differs("A=a b", Some(&[("A", "a b")]), None);
    differs("A=it's", Some(&[("A", "it's")]), None);
    differs("A=a\"b\"", Some(&[("A", "a\"b\"")]), Some(&[("A", "ab")]));
    // A backslash outside quotes is a backslash.
    differs(
        "A=C:\\new",
        Some(&[("A", "C:\\new")]),
        Some(&[("A", "C:\new")]),
    );
    // Nothing but a comment follows a closing quote.
    differs("A='a'b", None, Some(&[("A", "ab")]));
    // Single quotes close on their line.
    differs("A='a\nb'", None, Some(&[("A", "a\nb")]));
    // `\t` and `\r` are escapes in double quotes.
    differs("A=\"a\\tb\"", Some(&[("A", "a\tb")]), None);
    // A `#` needs a blank before it to begin a comment.
    differs("A=#b", Some(&[("A", "#b")]), Some(&[("A", "")]));
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn never_panics_on_its_own_alphabet(text in "[A-B='\"$\\\\{}#\n\r \\tnx]{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn double_quotes_hold_any_value(value in "\\PC{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        check(&format!("A=\"{escaped}\""), &[("A", &value)]);
    }

    /// On what both mean to read, both read the same.
    #[test]
    fn agrees_with_dotenvy(lines in prop::collection::vec(line(), 0..8)) {
        let text = lines.join("\n");
        let ours = parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        prop_assert_eq!(Some(ours), oracle(&text), "{:?}", text);
    }
}

/// A line of the common part of both formats. The oracle replaces names from the environment of
/// the process first, so the names here are ones nobody sets.
fn line() -> impl Strategy<Value = String> {
    let name = "PLUMEGO_DOTENV_[A-C]";
    let value = prop_oneof![
        "[a-zA-Z0-9_:/.@+-]{0,12}",
        "[a-z]{0,4}\\$\\{PLUMEGO_DOTENV_[A-C]\\}[a-z]{0,4}",
        "'[a-zA-Z0-9 #$\"]{0,12}'",
        "\"[a-zA-Z0-9 #']{0,6}(\\\\n|\\\\\"|\\\\\\\\|\\\\\\$|\n)?[a-z ]{0,6}\"",
    ];
    let comment = prop_oneof![Just(String::new()), " # [a-z ]{0,6}".prop_map(String::from)];
    let pair = ("(export )?", name, value, comment)
        .prop_map(|(export, name, value, comment)| format!("{export}{name}={value}{comment}"));
    prop_oneof![8 => pair, 1 => Just(String::new()), 1 => Just("# comment".to_owned())]
}
