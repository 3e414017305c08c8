//! Redirects, and the attacks on the safe one.

use std::net::IpAddr;
use std::sync::Arc;

use plumego_contract::{
    AppContext, Connection, ErrorFormat, IntoResponse, Redirect, RequestContext, Response,
    SafeRedirect,
};
use proptest::prelude::*;

use crate::support::{context, context_of, header, json, request};

/// What browsers read as another place, or might.
const ATTACKS: &[&str] = &[
    // nothing, or not from the root
    "",
    " ",
    "evil.com",
    "@evil.com",
    ".evil.com",
    ":80/",
    "?next=//evil.com",
    "#x",
    "orders",
    "./orders",
    "../orders",
    // two slashes, more, and what browsers make two slashes of
    "//evil.com",
    "///evil.com",
    "////evil.com",
    "/\\evil.com",
    "\\/evil.com",
    "\\\\evil.com",
    "/\\/evil.com",
    "/\\\\evil.com",
    "//\\evil.com",
    "\\evil.com",
    "/orders\\..\\evil",
    "/orders?next=\\evil",
    "/..//evil.com",
    "/.//evil.com",
    "/%2e%2e//evil.com",
    "/orders/..//evil.com",
    "/orders//evil.com",
    // what browsers take out before they parse
    "/\t/evil.com",
    "/\n/evil.com",
    "/\r/evil.com",
    "/\r\n/evil.com",
    "\t//evil.com",
    "\n//evil.com",
    " //evil.com",
    " /orders",
    "/orders ",
    "/ /evil.com",
    "/\0/evil.com",
    "/\u{b}/evil.com",
    "/\u{c}/evil.com",
    "/\u{7f}/evil.com",
    "ja\tvascript:alert(1)",
    "ht\ntp://evil.com",
    "http:\t//evil.com",
    "/orders\r\nset-cookie: a=b",
    // beyond ASCII
    "/\u{ff0f}evil.com",
    "\u{ff0f}\u{ff0f}evil.com",
    "/\u{2044}evil.com",
    "/\u{3002}evil.com",
    "\u{feff}//evil.com",
    "\u{a0}//evil.com",
    "/\u{85}/evil.com",
    "/\u{2028}/evil.com",
    "/\u{202e}moc.live",
    "http://app.example\u{3002}evil.com/",
    "http://\u{ff41}pp.example/",
    // schemes
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://app.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "mailto:a@evil.com",
    "blob:http://app.example/x",
    "ftp://app.example/",
    "ws://app.example/",
    "https://app.example/",
    "https://app.example:80/",
    "http+x://app.example/",
    "view-source:http://app.example/",
    // a scheme without its slashes
    "http:evil.com",
    "http:app.example",
    "http:/evil.com",
    "http:/app.example",
    "http:/orders",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///evil.com",
    "http:////evil.com",
    "http:\\\\evil.com",
    "http:/\\evil.com",
    "http:\\/app.example",
    // another host
    "http://evil.com",
    "http://evil.com/",
    "http://evil.com?app.example",
    "http://evil.com#app.example",
    "http://evil.com/app.example",
    "http://app.example.evil.com/",
    "http://evilapp.example/",
    "http://app.example./",
    "http://app.example%2eevil.com/",
    "http://app.example%00.evil.com/",
    "http://app.example%23@evil.com/",
    "http://[::1]/",
    "http://0x7f.1/",
    "http://app.example,evil.com/",
    "http://app.example;evil.com/",
    // user information
    "http://app.example@evil.com/",
    "http://app.example:80@evil.com/",
    "http://user@app.example/",
    "http://user:pass@app.example/",
    "http://@app.example/",
    "http://evil.com\\@app.example/",
    "http://evil.com#@app.example/",
    // another port
    "http://app.example:81/",
    "http://app.example:/",
    "http://app.example:080a/",
    "http://app.example:+80/",
    "http://app.example:80:80/",
    "http://app.example:65616/",
    "http://app.example:443/",
    // two slashes after the right host
    "http://app.example//evil.com",
    "http://app.example/..//evil.com",
    "http://app.example/\\evil.com",
];

fn at(host: &str) -> RequestContext {
    context_of(
        request("/login").header("host", host),
        ErrorFormat::default(),
    )
}

fn location(response: &Response) -> Option<&str> {
    header(response, "location")
}

// acceptance 21.2 (28)
#[test]
fn nothing_that_leaves_the_site_passes() {
    assert!(ATTACKS.len() >= 60);
    let cx = at("app.example");
    for attack in ATTACKS {
        for response in [
            SafeRedirect::see_other(*attack).respond(&cx),
            SafeRedirect::see_other(*attack).into_response(),
        ] {
            assert_eq!(response.status(), 400, "{attack:?}");
            assert_eq!(location(&response), None, "{attack:?}");
            assert_eq!(json(&response)["code"], "unsafe_redirect", "{attack:?}");
        }
        let response = SafeRedirect::see_other(*attack).or("/home").respond(&cx);
        assert_eq!(response.status(), 303, "{attack:?}");
        assert_eq!(location(&response), Some("/home"), "{attack:?}");
    }
}

// acceptance 21.1 (25)
#[test]
fn paths_of_this_site_and_its_own_origin_pass() {
    for (host, target) in [
        ("app.example", "/"),
        ("app.example", "/orders/7?page=2#top"),
        ("app.example", "/a/../b"),
        ("app.example", "/a%2Fb"),
        ("app.example", "/search?next=http://evil.com//x"),
        ("app.example", "/@evil.com"),
        ("app.example", "/a:b"),
        ("app.example", "http://app.example"),
        ("app.example", "http://app.example/"),
        ("app.example", "http://app.example/orders?x=//y"),
        ("app.example", "http://app.example?x"),
        ("app.example", "http://app.example#x"),
        ("app.example", "HTTP://APP.example:80/x"),
        ("app.example:80", "http://app.example/x"),
        ("App.Example:8080", "http://app.example:8080/x"),
        ("[::1]:8080", "http://[::1]:8080/x"),
        ("[::1]", "http://[::1]:80/x"),
    ] {
        let response = SafeRedirect::found(target).respond(&at(host));
        assert_eq!(response.status(), 302, "{target} at {host}");
        assert_eq!(location(&response), Some(target), "{target} at {host}");
    }
}

#[test]
fn an_origin_needs_a_request_and_a_path_does_not() {
    let response = SafeRedirect::temporary("http://app.example/x").into_response();
    assert_eq!(response.status(), 400);
    assert_eq!(SafeRedirect::temporary("/x").into_response().status(), 307);
    let without_host = SafeRedirect::temporary("http://app.example/x").respond(&context("/"));
    assert_eq!(without_host.status(), 400);
}

#[test]
fn a_host_with_user_information_is_no_origin() {
    for (host, target) in [
        ("user@app.example", "http://user@app.example/"),
        ("app.example:", "http://app.example:/"),
        ("", "http:///"),
    ] {
        let response = SafeRedirect::see_other(target).respond(&at(host));
        assert_eq!(response.status(), 400, "{target} at {host}");
    }
}

#[test]
fn the_scheme_is_that_of_the_connection() {
    let (parts, ()) = request("/")
        .header("host", "app.example")
        .body(())
        .unwrap()
        .into_parts();
    let peer = (IpAddr::from([127, 0, 0, 1]), 1).into();
    let tls = Connection::from_peer(peer).with_tls(true);
    let cx = RequestContext::new(Arc::new(AppContext::default()), tls, &parts);
    for (target, status) in [
        ("https://app.example/x", 303),
        ("https://app.example:443/x", 303),
        ("http://app.example/x", 400),
        ("http://app.example:443/x", 400),
        ("https://app.example:80/x", 400),
    ] {
        assert_eq!(
            SafeRedirect::see_other(target).respond(&cx).status(),
            status,
            "{target}"
        );
    }
}

#[test]
fn the_authority_of_the_target_comes_before_the_host_header() {
    let both = request("http://app.example/login").header("host", "evil.com");
    let cx = context_of(both, ErrorFormat::default());
    assert_eq!(
        SafeRedirect::see_other("http://evil.com/")
            .respond(&cx)
            .status(),
        400
    );
    assert_eq!(
        SafeRedirect::see_other("http://app.example/")
            .respond(&cx)
            .status(),
        303
    );
}

#[test]
fn a_long_target_is_refused() {
    let fits = format!("/{}", "a".repeat(2047));
    assert_eq!(
        SafeRedirect::see_other(fits.clone())
            .into_response()
            .status(),
        303
    );
    assert_eq!(
        SafeRedirect::see_other(fits + "a").into_response().status(),
        400
    );
}

#[test]
fn the_refusal_does_not_repeat_the_target() {
    let response = SafeRedirect::see_other("//evil.example/<script>").into_response();
    assert!(!json(&response).to_string().contains("evil"));
}

#[test]
fn redirects_have_their_status() {
    for (redirect, status) in [
        (Redirect::see_other("/x"), 303),
        (Redirect::found("/x"), 302),
        (Redirect::temporary("/x"), 307),
        (Redirect::permanent("https://elsewhere.example/x"), 308),
    ] {
        let response = redirect.respond(&context("/"));
        assert_eq!(response.status(), status);
        assert!(location(&response).is_some());
    }
}

#[test]
fn a_target_is_a_header_value_or_a_500() {
    for (target, expected) in [
        ("/users/Zoë", Some("/users/Zo%C3%AB")),
        ("/a b", Some("/a%20b")),
        ("/a%20b", Some("/a%20b")),
        ("/a\r\nset-cookie: a=b", None),
        ("/a\tb", None),
        ("/\0", None),
        ("/\u{7f}", None),
    ] {
        let response = Redirect::see_other(target).respond(&context("/"));
        assert_eq!(location(&response), expected, "{target:?}");
        assert_eq!(
            response.status(),
            if expected.is_some() { 303 } else { 500 },
            "{target:?}"
        );
        assert_eq!(header(&response, "set-cookie"), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever passes is a path from one slash, or stands behind our own origin.
    #[test]
    fn what_passes_stays_here(
        target in concat!(
            "(http:|https:|/|//|\\\\|\t| |\\?|@|app\\.example|evil\\.com",
            "|:80|\\.\\.|%2f|\u{ff0f}){0,8}",
        ),
    ) {
        let response = SafeRedirect::see_other(target.clone()).respond(&at("app.example"));
        if let Some(location) = location(&response) {
            prop_assert_eq!(location, &target);
            let path = location
                .strip_prefix("http://app.example:80")
                .or_else(|| location.strip_prefix("http://app.example"))
                .unwrap_or(location);
            let path = path.split('?').next().unwrap();
            prop_assert!(path.is_empty() || path.starts_with('/'), "{}", location);
            prop_assert!(!path.contains("//") && !path.contains('\\'), "{}", location);
        }
    }
}
