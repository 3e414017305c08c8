//! Text from outside: what is taken, and what is refused.

use plumego_security::input::{
    InputError, email, escape_html, file_name, header_name, header_value, host_name, web_url,
};
use proptest::prelude::*;

#[track_caller]
fn check(test: fn(&str) -> Result<(), InputError>, good: &[&str], bad: &[&str]) {
    for text in good {
        assert_eq!(test(text), Ok(()), "{text:?}");
    }
    for text in bad {
        let error = test(text).expect_err(text);
        assert!(error.to_string().starts_with("Expected"), "{error}");
    }
}

#[test]
fn names_of_hosts() {
    let long = format!("{}.com", "a".repeat(63));
    let longer = format!("{}.com", "a".repeat(64));
    let most = format!("{}abc", "ab.".repeat(83));
    let good = [
        "example.com",
        "a",
        "localhost",
        "xn--bcher-kva.example",
        "3com.com",
        "A-1.B",
        &long,
    ];
    let bad = [
        "",
        ".",
        "example.com.",
        ".example.com",
        "a..b",
        "-a.com",
        "a-.com",
        "a_b.com",
        "b\u{fc}cher.de",
        "127.0.0.1",
        "1",
        "0x7f.1",
        "a b",
        "a\0",
        "example.com\n",
        "[::1]",
        "a/b",
        "a:80",
        &longer,
        &format!("{most}abc"),
    ];
    check(host_name, &good, &bad);
    assert_eq!(most.len(), 252);
    check(host_name, &[&most], &[]);
}

#[test]
fn addresses_of_people() {
    let long = format!("{}@example.com", "a".repeat(64));
    check(
        email,
        &[
            "ada@example.com",
            "ada.lovelace+list@mail.example.co.uk",
            "o'brien@example.ie",
            "a@b.c",
            "j\u{f6}rg@m\u{fc}ller.example",
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{4e2d}\u{56fd}",
            &long,
        ],
        &[
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@@example.com",
            "a b@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@example..com",
            "ada@-example.com",
            "ada@example.com\r\nbcc: all@example.com",
            "ada@example.com\0",
            "\"ada lovelace\"@example.com",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "Ada <ada@example.com>",
            "ada@example.com,eve@example.com",
            "ada\u{202e}@example.com",
            "ada@exa\u{200b}mple.com",
            &format!("a{long}"),
            &format!("a@{}.com", "b.".repeat(126)),
        ],
    );
}

#[test]
fn addresses_of_pages() {
    check(
        web_url,
        &[
            "https://example.com",
            "http://example.com/",
            "HTTPS://example.com/a?b=c&d=%20#e",
            "https://127.0.0.1:8080/x",
            "https://[2001:db8::1]:443/",
            "https://example.com:65535",
        ],
        &[
            "",
            "example.com",
            "//example.com",
            "/a",
            "javascript:alert(1)",
            "javascript://a.com/%0a",
            "data:text/html,x",
            "ftp://example.com",
            "https:example.com",
            "https:/example.com",
            "https://",
            "https:///path",
            "https://user@example.com",
            "https://user:pw@example.com",
            "https://example.com@evil.com",
            "https://example.com\\@evil.com",
            "https://exa mple.com",
            "https://example.com/a b",
            "https://example.com/\r\nx",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:",
            "https://example.com:+80",
            "https://[::1",
            "https://[1.2.3.4]",
            "https://[fe80::1%25eth0]/",
            "https://1.2.3",
            "https://0x7f000001/",
            "https://example.com/%",
            "https://example.com/%2",
            "https://a.b/#a#b",
            "https://b\u{fc}cher.de/",
            "\u{0}https://example.com",
            " https://example.com",
        ],
    );
    let long = format!("https://example.com/{}", "a".repeat(2048));
    check(web_url, &[&long[..2048]], &[&long]);
}

#[test]
fn names_of_files() {
    check(
        file_name,
        &[
            "report.pdf",
            "a",
            ".env",
            "no extension",
            "\u{62a5}\u{544a}.pdf",
            "a..b",
            "console.log",
            "com10.txt",
            &"a".repeat(255),
        ],
        &[
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "C:\\a",
            "a\0.png",
            "a\n",
            "a.",
            "a ",
            " a",
            "con",
            "CON.txt",
            "nul",
            "LPT1",
            "com1.log",
            "aux .txt",
            "COM\u{b9}",
            "a:b",
            "a?",
            "a*",
            "a|b",
            "a<b",
            "photo\u{202e}gpj.exe",
            "a\u{200b}b",
            "a\u{feff}",
            &"a".repeat(256),
        ],
    );
}

#[test]
fn headers() {
    check(
        header_name,
        &["X-Trace", "a", "x_y.z~1"],
        &[
            "",
            "a b",
            "a:",
            "a\r\n",
            "\u{e4}",
            "a(b)",
            "a\0",
            &"a".repeat(257),
        ],
    );
    check(
        header_value,
        &["", "a", "max-age=3600, public", "a\tb", &"a".repeat(8192)],
        &[
            "a\r\nb: c",
            "a\nb",
            "a\rb",
            "a\0",
            " a",
            "a ",
            "\ta",
            "\u{e4}",
            "\u{7f}",
            &"a".repeat(8193),
        ],
    );
}

#[test]
fn a_refusal_is_a_field_error_without_the_text() {
    let error = email("<script>").unwrap_err().at("contact");
    assert_eq!(
        (error.pointer.as_str(), error.code.to_string()),
        ("/contact", "email".into())
    );
}

fn unescaped(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

proptest! {
    #[test]
    fn escaped_text_opens_nothing_and_is_the_text_again(
        text in "\\PC{0,40}|[<>&\"'a;#3 9lt]{0,40}"
    ) {
        let escaped = escape_html(&text);
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(unescaped(&escaped), text);
    }

    /// What is taken goes into the place it is for.
    #[test]
    fn what_is_taken_fits(text in "\\PC{0,30}|[a-z0-9.@:/%\\[\\]\\\\?# -]{0,30}") {
        if header_value(&text).is_ok() {
            prop_assert!(http::HeaderValue::from_str(&text).is_ok());
        }
        if header_name(&text).is_ok() {
            prop_assert!(http::HeaderName::from_bytes(text.as_bytes()).is_ok());
        }
        if web_url(&text).is_ok() {
            let uri: http::Uri = text.parse().unwrap();
            prop_assert!(uri.host().is_some());
        }
        if file_name(&text).is_ok() {
            let path = std::path::Path::new("/folder").join(&text);
            prop_assert_eq!(path.parent(), Some(std::path::Path::new("/folder")));
        }
    }
}
