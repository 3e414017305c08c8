//! How each kind of value is written.

use std::time::Duration;

use plumego_config::{Loader, bytes, duration};
use plumego_stdx::Limit;
use proptest::prelude::*;

use crate::KEYS;

fn load<T: serde::de::DeserializeOwned>(variable: &str, value: &str, key: &str) -> T {
    Loader::new(KEYS)
        .environment([(variable, value)])
        .load()
        .unwrap()
        .section(key)
        .unwrap()
}

fn refused(variable: &str, value: &str) -> String {
    let errors = Loader::new(KEYS)
        .environment([(variable, value)])
        .load()
        .unwrap_err();
    assert_eq!(errors.problems().len(), 1);
    errors.problems()[0].to_string()
}

// acceptance 21.2 (25)
#[test]
fn both_5s_and_5000_parse() {
    let cases = [
        ("5000", 5000),
        ("5s", 5000),
        ("250ms", 250),
        ("1m30s", 90_000),
        ("1m 30s", 90_000),
        ("0.5s", 500),
        ("1h", 3_600_000),
        (" 5s ", 5000),
    ];
    for (text, millis) in cases {
        let read: Duration = load("APP_READ_TIMEOUT_MS", text, "server.read_timeout");
        assert_eq!(read, Duration::from_millis(millis), "{text}");
    }
}

#[test]
fn malformed_and_out_of_range_durations_are_refused() {
    for text in [
        "",
        "s",
        "5 parsecs",
        "-5s",
        "1.5",
        "1e3",
        "5s5",
        "0",
        "2h",
        "99999999999999999d",
    ] {
        let told = refused("APP_READ_TIMEOUT_MS", text);
        let expected =
            "expected a duration from 1ms to 1h, such as 5000 (milliseconds), 5s or 1m30s";
        assert!(told.contains(expected), "{told}");
        assert!(
            told.contains("environment variable APP_READ_TIMEOUT_MS"),
            "{told}"
        );
        assert!(told.contains("server.read_timeout"), "{told}");
        assert!(told.contains(&format!("{text:?}")), "{told}");
    }
}

#[test]
fn booleans() {
    for text in ["1", "true", "TRUE", "yes", "on", "y", "t", " true "] {
        assert!(load::<bool>("APP_DEBUG", text, "server.debug"), "{text}");
    }
    for text in ["0", "false", "No", "off", "n", "F"] {
        assert!(!load::<bool>("APP_DEBUG", text, "server.debug"), "{text}");
    }
    assert!(refused("APP_DEBUG", "maybe").contains("expected true or false"));
    assert!(refused("APP_DEBUG", "").contains("got \"\""));
}

#[test]
fn sizes() {
    let cases = [
        ("10485760", 10_485_760),
        ("10MiB", 10_485_760),
        ("10mib", 10_485_760),
        ("10MB", 10_000_000),
        ("64k", 65_536),
        ("1.5 KiB", 1536),
        ("7b", 7),
    ];
    for (text, size) in cases {
        assert_eq!(
            load::<u64>("APP_MAX_BODY_BYTES", text, "server.max_body_bytes"),
            size,
            "{text}"
        );
    }
    for text in ["0", "2GiB", "10 bananas", "-1", "1.5", "0x10"] {
        assert!(
            refused("APP_MAX_BODY_BYTES", text).contains("a size from 1 to 1GiB"),
            "{text}"
        );
    }
}

#[test]
fn zero_is_unlimited_where_the_key_says_so() {
    let read = |text| load::<Limit>("APP_MAX_HTTP_CONNS", text, "server.max_http_conns");
    assert_eq!(read("0"), Limit::Unlimited);
    assert_eq!(read("Unlimited"), Limit::Unlimited);
    assert_eq!(read("12"), Limit::At(12));
    assert_eq!(
        load::<Option<u32>>("APP_MAX_HTTP_CONNS", "0", "server.max_http_conns"),
        None
    );
    let told = refused("APP_MAX_HTTP_CONNS", "100001");
    assert!(
        told.contains("a whole number from 1 to 100000, or 0 for unlimited"),
        "{told}"
    );
    assert!(refused("APP_MAX_HTTP_CONNS", "-1").contains("got \"-1\""));
}

#[test]
fn lists_words_and_paths() {
    let hosts: Vec<String> = load("APP_HOSTS", "a.example, b.example,,", "server.hosts");
    assert_eq!(hosts, ["a.example", "b.example"]);
    assert_eq!(
        load::<String>("APP_LOG_FORMAT", "JSON", "log.format"),
        "json"
    );
    assert!(refused("APP_LOG_FORMAT", "xml").contains("expected one of pretty, json, got \"xml\""));
    assert_eq!(
        load::<Option<String>>("TLS_CERT_FILE", "/a b", "tls.cert_file").unwrap(),
        "/a b"
    );
}

proptest! {
    #[test]
    fn durations_are_read_as_written(nanos in any::<u64>()) {
        let value = Duration::from_nanos(nanos);
        prop_assert_eq!(duration::parse(&duration::format(value)), Ok(value));
    }

    #[test]
    fn sizes_are_read_as_written(size in any::<u64>(), shift in 0..64_u32) {
        let size = size >> shift;
        prop_assert_eq!(bytes::parse(&bytes::format(size)), Ok(size));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
        let _ = (duration::parse(&text), bytes::parse(&text));
    }
}
