//! One key for every spelling.

use plumego_config::normalize;
use proptest::prelude::*;

// acceptance 21.1 (43)
#[test]
fn spellings_meet_in_one_key() {
    let table: &[(&str, &[&str])] = &[
        (
            "max_http_conns",
            &[
                "MaxHTTPConns",
                "maxHttpConns",
                "MAX_HTTP_CONNS",
                "max-http-conns",
            ],
        ),
        (
            "enable_http2",
            &["EnableHTTP2", "enableHttp2", "ENABLE_HTTP2", "enable-http2"],
        ),
        (
            "foo_bar",
            &[
                "FooBar",
                "FOO_BAR",
                "foo_bar",
                "Foo Bar",
                "foo__bar",
                "_foo_bar_",
            ],
        ),
        (
            "http2_enabled",
            &["HTTP2Enabled", "Http2Enabled", "HTTP2_ENABLED"],
        ),
        (
            "allowed_urls",
            &["AllowedURLs", "AllowedUrls", "ALLOWED_URLS"],
        ),
        ("url_size", &["URLSize", "UrlSize"]),
        ("addr", &["Addr", "ADDR", "addr"]),
        ("x", &["X", "x"]),
        ("ids", &["IDs", "IDS", "Ids"]),
    ];
    for (key, spellings) in table {
        for spelling in *spellings {
            assert_eq!(normalize(spelling), *key, "{spelling}");
        }
    }
}

#[test]
fn other_letters_and_dots_stay() {
    assert_eq!(normalize("größe"), "größe");
    assert_eq!(normalize("a.b"), "\"a.b\"");
    assert_eq!(normalize("__"), "__");
    assert_eq!(normalize(""), "");
}

proptest! {
    #[test]
    fn twice_is_once(name in "\\PC{0,24}") {
        let once = normalize(&name);
        prop_assert_eq!(normalize(&once), once);
    }

    #[test]
    fn words_meet_in_every_case(words in prop::collection::vec("[a-z]{2,6}[0-9]?", 1..5)) {
        let snake = words.join("_");
        let camel: String = words.iter().map(|word| capitalized(word)).collect();
        prop_assert_eq!(normalize(&camel), snake.clone());
        prop_assert_eq!(normalize(&snake.to_uppercase()), snake.clone());
        prop_assert_eq!(normalize(&words.join("-")), snake.clone());
        let rest: String = words[1..].iter().map(|word| capitalized(word)).collect();
        let lower_camel = format!("{}{rest}", words[0]);
        prop_assert_eq!(normalize(&lower_camel), snake);
    }

    #[test]
    fn an_acronym_is_one_word(
        before in "[a-z]{2,6}",
        acronym in "[A-Z]{2,5}",
        after in "[a-z]{3,6}",
    ) {
        let name = format!("{}{acronym}{}", capitalized(&before), capitalized(&after));
        let expected = format!("{before}_{}_{after}", acronym.to_lowercase());
        prop_assert_eq!(normalize(&name), expected);
    }
}

fn capitalized(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}
