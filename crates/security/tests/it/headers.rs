use std::time::Duration;

use http::header::{CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use plumego_security::headers::{Csp, CspNonce, Directive, HeaderPolicy, Hsts, Source};

fn applied(policy: &HeaderPolicy, secure: bool) -> Vec<(String, String)> {
    let mut response = Response::new(());
    policy.apply(&mut response, secure, None);
    let mut all: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    all.sort();
    all
}

fn check(policy: &HeaderPolicy, secure: bool, expected: &[(&str, &str)]) {
    let applied = applied(policy, secure);
    let applied: Vec<(&str, &str)> = applied
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(applied, expected);
}

#[test]
fn the_standard_policy() {
    let plain = [
        (
            "content-security-policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    check(&HeaderPolicy::default(), false, &plain);
    let mut secure = plain.to_vec();
    secure.insert(5, ("strict-transport-security", "max-age=31536000"));
    check(&HeaderPolicy::standard(), true, &secure);
}

#[test]
fn the_strict_policy() {
    let applied = applied(&HeaderPolicy::strict(), true);
    let get = |name: &str| {
        applied
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    assert_eq!(get("referrer-policy"), Some("no-referrer"));
    assert_eq!(get("cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(get("cross-origin-embedder-policy"), Some("require-corp"));
    assert_eq!(
        get("strict-transport-security"),
        Some("max-age=31536000; includeSubDomains")
    );
    assert!(
        get("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'; ")
    );
    assert!(get("permissions-policy").unwrap().contains("usb=()"));
    assert_eq!(applied.len(), 9);
}

#[test]
fn what_is_there_already_stays() {
    let mut headers = HeaderMap::new();
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.append(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'"),
    );
    headers.append(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("img-src *"),
    );
    headers.insert(
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=0"),
    );
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    HeaderPolicy::strict().apply(&mut response, true, None);
    let headers = response.headers();
    assert_eq!(headers[X_FRAME_OPTIONS], "SAMEORIGIN");
    assert_eq!(headers.get_all(CONTENT_SECURITY_POLICY).iter().count(), 2);
    assert_eq!(headers[STRICT_TRANSPORT_SECURITY], "max-age=0");
    assert_eq!(headers["referrer-policy"], "no-referrer");
}

#[test]
fn a_policy_of_ones_own() {
    let policy = HeaderPolicy::empty()
        .set(
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex"),
        )
        .csp(
            Csp::new()
                .set(Directive::DefaultSrc, [Source::None])
                .build()
                .unwrap(),
        )
        .csp_report_only(Csp::standard().build().unwrap());
    check(
        &policy,
        true,
        &[
            ("content-security-policy", "default-src 'none'"),
            (
                "content-security-policy-report-only",
                "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            ),
            ("x-robots-tag", "noindex"),
        ],
    );
    check(&HeaderPolicy::empty(), true, &[]);
}

#[test]
fn a_header_is_set_once_and_can_be_left_out() {
    let policy = HeaderPolicy::standard()
        .set(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"))
        .without(&STRICT_TRANSPORT_SECURITY)
        .without(&CONTENT_SECURITY_POLICY);
    let applied = applied(&policy, true);
    let frames: Vec<_> = applied
        .iter()
        .filter(|(name, _)| name == "x-frame-options")
        .collect();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].1, "SAMEORIGIN");
    assert!(
        !applied
            .iter()
            .any(|(name, _)| name == "content-security-policy")
    );
    assert!(
        !applied
            .iter()
            .any(|(name, _)| name == "strict-transport-security")
    );
}

#[test]
fn hsts_in_every_form() {
    let check_hsts = |hsts: Hsts, expected: &str| {
        check(
            &HeaderPolicy::empty().hsts(hsts),
            true,
            &[("strict-transport-security", expected)],
        );
    };
    check_hsts(Hsts::one_year(), "max-age=31536000");
    check_hsts(Hsts::one_year().max_age(Duration::ZERO), "max-age=0");
    check_hsts(
        Hsts::one_year().max_age(Duration::from_secs(1)).preload(),
        "max-age=31536000; includeSubDomains; preload",
    );
    check_hsts(
        Hsts::one_year().preload().max_age(Duration::from_secs(5)),
        "max-age=31536000; includeSubDomains; preload",
    );
    check(&HeaderPolicy::empty().hsts(Hsts::one_year()), false, &[]);
}

#[test]
fn a_nonce_goes_into_the_policy_that_asks_for_one() {
    let csp = Csp::new()
        .set(Directive::ScriptSrc, [Source::Nonce])
        .build()
        .unwrap();
    let policy = HeaderPolicy::standard().csp(csp);
    assert!(policy.needs_nonce() && !HeaderPolicy::standard().needs_nonce());
    let nonce = CspNonce::generate().unwrap();
    let mut response = Response::new(());
    policy.apply(&mut response, false, Some(&nonce));
    assert_eq!(
        response.headers()[CONTENT_SECURITY_POLICY],
        format!("script-src 'nonce-{nonce}'").as_str()
    );
    let replaced = policy.csp(Csp::standard().build().unwrap());
    assert!(!replaced.needs_nonce());
}

#[test]
fn what_would_be_sent_and_mean_nothing_is_refused() {
    for source in [
        Source::host("self"),
        Source::host("None"),
        Source::host("unsafe-inline"),
        Source::scheme("JavaScript"),
    ] {
        let csp = Csp::new().set(Directive::ScriptSrc, [source.clone()]);
        let error = csp.build().unwrap_err().to_string();
        assert!(error.contains("script-src"), "{source:?}: {error}");
    }
    let empty = Csp::new().build().unwrap_err().to_string();
    assert!(empty.contains("no directive"), "{empty}");
}
