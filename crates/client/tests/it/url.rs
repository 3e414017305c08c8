//! URLs are read in one way, or not at all.

use plumego_client::{Host, MAX_URL_BYTES, Scheme, Url, UrlError};
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: Result<&str, UrlError>) {
    let read = text.parse::<Url>().map(|url| url.to_string());
    assert_eq!(
        read.as_deref().map_err(|error| *error),
        expected,
        "{text:?}"
    );
}

#[test]
fn well_formed_urls_are_read() {
    for (text, expected) in [
        ("http://a.example", "http://a.example/"),
        ("HTTPS://A.Example:443/X", "https://a.example/X"),
        (
            "https://a.example:8443/x?y=z&q",
            "https://a.example:8443/x?y=z&q",
        ),
        ("http://a.example?q", "http://a.example/?q"),
        ("http://a.example/x#top", "http://a.example/x"),
        ("http://a.example#@evil.example/", "http://a.example/"),
        ("http://a.example/@evil", "http://a.example/@evil"),
        ("http://a.example?@evil", "http://a.example/?@evil"),
        ("http://8.8.8.8:080/", "http://8.8.8.8/"),
        ("http://[2606:4700::1111]:80/", "http://[2606:4700::1111]/"),
        ("http://[::FFFF:7f00:1]/", "http://[::ffff:127.0.0.1]/"),
        (
            "http://xn--bcher-kva.example/",
            "http://xn--bcher-kva.example/",
        ),
        ("http://collector_1/", "http://collector_1/"),
        ("http://a--b.example/%31%2e", "http://a--b.example/%31%2e"),
    ] {
        check(text, Ok(expected));
    }
}

/// Each is read differently by some other parser, or by the C library.
#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    use UrlError::*;
    for (text, expected) in [
        ("", NotAbsolute),
        ("/path", NotAbsolute),
        ("a.example", NotAbsolute),
        ("http:a.example", NotAbsolute),
        ("http:/a.example", NotAbsolute),
        ("javascript:alert(1)//://x", Scheme),
        ("ftp://a.example/", Scheme),
        ("file:///etc/passwd", Scheme),
        ("gopher://127.0.0.1:6379/_x", Scheme),
        ("unix://x", Scheme),
        (" http://a.example/", Character),
        ("http://a.example/\r\nX: y", Character),
        ("http://a.example/\0", Character),
        ("http://a.example\t/", Character),
        ("http://a.example\\@evil.example/", Character),
        ("http:\\\\a.example", Character),
        ("http://a.example/\u{e9}", Character),
        ("http://\u{2460}\u{2461}\u{2466}.0.0.1/", Character),
        ("http://127\u{3002}0\u{3002}0\u{3002}1/", Character),
        ("http://\u{ff11}27.0.0.1/", Character),
        ("http://user@a.example/", Userinfo),
        ("http://user:pass@a.example/", Userinfo),
        ("http://a.example@127.0.0.1/", Userinfo),
        ("http://a.example:80@127.0.0.1/", Userinfo),
        ("http://@a.example/", Userinfo),
        ("http://a.example%40evil/", Host),
    ] {
        check(text, Err(expected));
    }
}

#[test]
fn hosts_and_ports_that_could_be_read_in_two_ways_are_refused() {
    use UrlError::*;
    for (text, expected) in [
        ("http:///path", Host),
        ("http://", Host),
        ("http://:80/", Host),
        ("http://.example/", Host),
        ("http://a..example/", Host),
        ("http://-a.example/", Host),
        ("http://%31%32%37.0.0.1/", Host),
        ("http://127.0.0.%31/", Host),
        ("http://a,b/", Host),
        ("http://a*b/", Host),
        ("http://[::1/", Host),
        ("http://[]/", Host),
        ("http://[127.0.0.1]/", Host),
        ("http://[fe80::1%25eth0]/", Host),
        ("http://[fe80::1%eth0]/", Host),
        ("http://[v1.x]/", Host),
        ("http://::1/", Port),
        ("http://[::1]x/", Port),
        ("http://[::1]:/", Port),
        ("http://a.example:/", Port),
        ("http://a.example:0/", Port),
        ("http://a.example:65536/", Port),
        ("http://a.example:+80/", Port),
        ("http://a.example:80:80/", Port),
        ("http://a.example:http/", Port),
        ("http://a.example./", TrailingDot),
        ("http://127.0.0.1./", TrailingDot),
        ("http://localhost./", TrailingDot),
        ("http://./", Host),
        ("http://127.1/", NumericHost),
        ("http://127.0.1/", NumericHost),
        ("http://2130706433/", NumericHost),
        ("http://0x7f000001/", NumericHost),
        ("http://0x7F.0.0.1/", NumericHost),
        ("http://017700000001/", NumericHost),
        ("http://0177.0.0.1/", NumericHost),
        ("http://127.0.0.01/", NumericHost),
        ("http://127.0.0.0x1/", NumericHost),
        ("http://0/", NumericHost),
        ("http://0x/", NumericHost),
        ("http://a.0x1/", NumericHost),
        ("http://256.256.256.256/", NumericHost),
        ("http://1.2.3.4.5/", NumericHost),
        ("http://a.example/<x>", Target),
    ] {
        check(text, Err(expected));
    }
}

#[test]
fn length_is_bounded() {
    let long = |length: usize| {
        let text = format!("http://a.example/{}", "x".repeat(length));
        text.get(..length).unwrap().parse::<Url>()
    };
    assert!(long(MAX_URL_BYTES).is_ok());
    assert_eq!(long(MAX_URL_BYTES + 1), Err(UrlError::TooLong));
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    check(&format!("http://{name}/"), Ok(&format!("http://{name}/")));
    check(&format!("http://a{name}/"), Err(UrlError::Host));
    check(&format!("http://a{label}/"), Err(UrlError::Host));
}

#[test]
fn parts_are_told() {
    let url: Url = "https://[::ffff:127.0.0.1]:8443/a/b?c".parse().unwrap();
    assert_eq!((url.scheme(), url.port()), (Scheme::Https, 8443));
    assert_eq!(*url.host(), Host::Ip("::ffff:127.0.0.1".parse().unwrap()));
    assert_eq!((url.path(), url.query()), ("/a/b", Some("c")));
    assert_eq!(url.origin().to_string(), "https://[::ffff:127.0.0.1]:8443");
}

/// The URL of a webhook is often all that is needed to use it.
#[test]
fn debug_leaves_the_secret_out() {
    let url: Url = "https://hooks.example/T0/secret?token=secret"
        .parse()
        .unwrap();
    assert_eq!(format!("{url:?}"), "Url(https://hooks.example/…)");
}

#[track_caller]
fn joins(reference: &str, expected: &str) {
    let base: Url = "http://a/b/c/d?q".parse().unwrap();
    assert_eq!(
        base.join(reference).unwrap().to_string(),
        expected,
        "{reference:?}"
    );
}

/// RFC 3986, section 5.4, without `;` in its base and with a scheme of ours.
#[test]
fn references_are_resolved() {
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d?q"),
        ("g#s", "http://a/b/c/g"),
        ("", "http://a/b/c/d?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/../h", "http://a/b/c/h"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("https://h/x", "https://h/x"),
        ("HTTP://h/x", "http://h/x"),
    ] {
        joins(reference, expected);
    }
}

#[test]
fn references_that_lead_elsewhere_are_refused() {
    let base: Url = "http://a/b".parse().unwrap();
    for reference in [
        "http:g",
        "ftp://h/",
        "javascript:alert(1)",
        "//user@h/",
        "//127.1/",
        "/\\h",
        "\\\\h",
        "http:///h",
        "/\u{e9}",
    ] {
        assert!(base.join(reference).is_err(), "{reference:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What was read and written is read as the same again.
    #[test]
    fn reading_is_stable(text in "(http|HTTPS)://[a-z0-9.:\\[\\]@%-]{0,24}(/[!-~]{0,12})?") {
        if let Ok(url) = text.parse::<Url>() {
            let again: Url = url.to_string().parse().unwrap();
            prop_assert_eq!(&again, &url);
            prop_assert!(url.join("").unwrap() == url);
        }
    }
}
