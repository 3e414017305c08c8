use proptest::prelude::*;

use plumego_security::headers::{Csp, CspNonce, Directive, Source};

fn check(csp: &Csp, expected: &str) {
    assert_eq!(csp.build().unwrap().value(None), expected);
}

fn check_error(csp: &Csp, parts: &[&str]) {
    let error = csp.build().unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{error}: lacks {part}");
    }
}

#[test]
fn the_policies_of_the_crate() {
    check(
        &Csp::standard(),
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    );
    check(
        &Csp::strict(),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
}

#[test]
fn directives_come_in_one_order_whatever_they_were_set_in() {
    let lists = [
        (Directive::FrameAncestors, Source::None),
        (Directive::ImgSrc, Source::scheme("data")),
        (Directive::DefaultSrc, Source::Own),
    ];
    let forwards = lists
        .iter()
        .cloned()
        .fold(Csp::new(), |csp, (it, source)| csp.allow(it, source));
    let backwards = lists
        .into_iter()
        .rev()
        .fold(Csp::new(), |csp, (it, source)| csp.allow(it, source));
    let expected = "default-src 'self'; img-src data:; frame-ancestors 'none'";
    check(&forwards, expected);
    check(&backwards, expected);
}

#[test]
fn every_kind_of_source_is_written_as_the_standard_says() {
    let hash = |length: usize| "A".repeat(length - 1) + "=";
    let csp = Csp::new().set(
        Directive::ScriptSrc,
        [
            Source::Own,
            Source::UnsafeInline,
            Source::UnsafeEval,
            Source::WasmUnsafeEval,
            Source::UnsafeHashes,
            Source::StrictDynamic,
            Source::ReportSample,
            Source::scheme("https"),
            Source::host("*.example.com:8443"),
            Source::Sha256(hash(44).into()),
        ],
    );
    let expected = format!(
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' 'unsafe-hashes' \
         'strict-dynamic' 'report-sample' https: *.example.com:8443 'sha256-{}'",
        hash(44)
    );
    check(&csp, &expected);
    let long = Csp::new().set(
        Directive::StyleSrc,
        [
            Source::Sha384(hash(64).into()),
            Source::Sha512(hash(88).into()),
        ],
    );
    check(
        &long,
        &format!("style-src 'sha384-{}' 'sha512-{}'", hash(64), hash(88)),
    );
}

#[test]
fn the_directives_that_are_no_lists() {
    let csp = Csp::new()
        .sandbox(["allow-scripts", "allow-forms"])
        .require_trusted_types()
        .upgrade_insecure_requests()
        .report_to("csp-endpoint");
    check(
        &csp,
        "sandbox allow-scripts allow-forms; require-trusted-types-for 'script'; \
         upgrade-insecure-requests; report-to csp-endpoint",
    );
    check(&Csp::new().sandbox([]), "sandbox");
}

#[test]
fn allow_takes_the_place_of_none_and_says_nothing_twice() {
    let csp = Csp::strict()
        .allow(
            Directive::FrameAncestors,
            Source::host("https://portal.example.com"),
        )
        .allow(Directive::ImgSrc, Source::Own)
        .without(Directive::ManifestSrc);
    check(
        &csp,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors https://portal.example.com",
    );
}

/// A text from configuration cannot add a directive, a source or a header.
#[test]
fn nothing_can_be_smuggled_in() {
    for host in [
        "a.com; script-src *",
        "a.com, default-src *",
        "a.com 'unsafe-inline'",
        "'unsafe-inline'",
        "a.com\r\nset-cookie: x=1",
        "a.com\u{0}",
        "b\u{fc}cher.example",
        "",
    ] {
        let csp = Csp::new().allow(Directive::ImgSrc, Source::host(host.to_owned()));
        check_error(&csp, &["img-src", "a host is visible ASCII"]);
    }
    for scheme in ["https:", "1a", "da ta", "", "data;"] {
        let csp = Csp::new().allow(Directive::ImgSrc, Source::scheme(scheme.to_owned()));
        check_error(&csp, &["img-src", "a scheme is"]);
    }
    for hash in ["x'", "", "'; script-src *", "====="] {
        let csp = Csp::new().allow(Directive::ScriptSrc, Source::Sha256(hash.to_owned().into()));
        check_error(&csp, &["script-src", "44 characters of base64"]);
    }
    check_error(&Csp::new().report_to("a; script-src *"), &["report-to"]);
    check_error(&Csp::new().report_to(""), &["report-to"]);
    check_error(&Csp::new().sandbox(["allow scripts"]), &["sandbox"]);
}

#[test]
fn a_policy_that_means_nothing_is_refused() {
    check_error(
        &Csp::new().set(Directive::ImgSrc, []),
        &["img-src", "no source"],
    );
    let both = Csp::new().set(Directive::ImgSrc, [Source::None, Source::Own]);
    check_error(&both, &["img-src", "'none'"]);
    for source in [Source::Nonce, Source::UnsafeInline, Source::StrictDynamic] {
        let csp = Csp::new().allow(Directive::FrameAncestors, source);
        check_error(
            &csp,
            &["frame-ancestors", "only a directive for scripts or styles"],
        );
    }
}

#[test]
fn a_nonce_stands_in_every_place_and_differs_every_time() {
    let csp = Csp::new()
        .set(Directive::ScriptSrc, [Source::Nonce, Source::StrictDynamic])
        .set(Directive::StyleSrc, [Source::Own, Source::Nonce])
        .build()
        .unwrap();
    assert!(csp.needs_nonce());
    let (one, other) = (CspNonce::generate().unwrap(), CspNonce::generate().unwrap());
    assert_ne!(one, other);
    assert_eq!(one.as_str().len(), 32);
    assert_eq!(
        csp.value(Some(&one)),
        format!("script-src 'nonce-{one}' 'strict-dynamic'; style-src 'self' 'nonce-{one}'")
            .as_str()
    );
    // Without one, nothing is allowed by it.
    assert_eq!(
        csp.value(None),
        "script-src 'strict-dynamic'; style-src 'self'"
    );
    let plain = Csp::standard().build().unwrap();
    assert!(!plain.needs_nonce());
    assert_eq!(plain.value(Some(&one)), plain.value(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever text stands in a source: it is refused, or it is one word of its own directive.
    #[test]
    fn any_text_is_one_source_or_none(
        text in "\\PC{0,24}|[a-z;, '\"*:/.\r\n=-]{0,24}",
        kind in 0..3_u8,
    ) {
        let source = match kind {
            0 => Source::host(text.clone()),
            1 => Source::scheme(text.clone()),
            _ => Source::Sha256(text.clone().into()),
        };
        let csp = Csp::standard().set(Directive::ScriptSrc, [Source::Own, source]);
        if let Ok(csp) = csp.build() {
            let value = csp.value(None);
            let value = value.to_str().unwrap();
            let directives: Vec<_> = value.split(';').collect();
            prop_assert_eq!(directives.len(), 5, "{}", value);
            prop_assert_eq!(directives[1].split_whitespace().count(), 3, "{}", value);
            prop_assert!(!value.contains(','), "{}", value);
        }
    }
}
