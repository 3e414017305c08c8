//! Texts in a content security policy, such as hosts that come from a setting.

use plumego_security::headers::{Csp, Directive, Source};

/// Inputs to start from.
pub const SEEDS: &[&[u8]] = &[
    b"https://cdn.example.com:8443/js/",
    b"*.example.com\ndata\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    b"a.com; script-src *\nhttps:\n'; report-uri x",
    b"a.com, default-src *\r\nset-cookie: a=b",
];

/// A text is refused, or it is one word of the directive it was given to.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let sources = text.split('\n').take(16).enumerate().map(|(turn, text)| {
        let text = text.to_owned();
        match turn % 3 {
            0 => Source::host(text),
            1 => Source::scheme(text),
            _ => Source::Sha256(text.into()),
        }
    });
    let sources: Vec<_> = sources.chain([Source::Nonce]).collect();
    let words = sources.len() + 1;
    let csp = Csp::standard()
        .set(Directive::ScriptSrc, sources)
        .report_to(text.lines().next().unwrap_or_default());
    check(&csp.clone().report_to("endpoint"), 6, words);
    check(&csp, 6, words);
}

fn check(csp: &Csp, directives: usize, words: usize) {
    let Ok(csp) = csp.build() else { return };
    let value = csp.value(None);
    let value = value.to_str().unwrap_or_default();
    let parts: Vec<_> = value.split(';').collect();
    assert_eq!(parts.len(), directives, "{value}");
    // Without the nonce, which nothing gave.
    let script = parts.get(1).map(|part| part.split_whitespace().count());
    assert_eq!(script, Some(words - 1), "{value}");
    assert!(!value.contains(','), "{value}");
}
