use std::borrow::Cow;

use super::Directive;

/// From where something may be loaded (CSP Level 3, section 2.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// `'none'`: from nowhere. Stands alone.
    None,
    /// `'self'`: from the page's own origin.
    Own,
    /// `'nonce-…'`: what carries the [`CspNonce`](super::CspNonce) of this response.
    Nonce,
    /// `'strict-dynamic'`: what a script that is allowed loads itself.
    StrictDynamic,
    /// `'unsafe-inline'`: inline scripts, styles and handlers. Undoes what the policy is for,
    /// unless a nonce or hash stands beside it, which modern browsers take instead.
    UnsafeInline,
    /// `'unsafe-eval'`: text as code.
    UnsafeEval,
    /// `'wasm-unsafe-eval'`: WebAssembly, without allowing text as code.
    WasmUnsafeEval,
    /// `'unsafe-hashes'`: hashes count for inline handlers too.
    UnsafeHashes,
    /// `'report-sample'`: reports hold the start of the code.
    ReportSample,
    /// A scheme such as `https` or `data`, without the colon.
    Scheme(Cow<'static, str>),
    /// A host with optional scheme, port and path: `https://cdn.example.com`,
    /// `*.example.com:8443`.
    Host(Cow<'static, str>),
    /// `'sha256-…'`, with the hash in base64 (44 characters).
    Sha256(Cow<'static, str>),
    /// `'sha384-…'`, with the hash in base64 (64 characters).
    Sha384(Cow<'static, str>),
    /// `'sha512-…'`, with the hash in base64 (88 characters).
    Sha512(Cow<'static, str>),
}

impl Source {
    /// A host with optional scheme, port and path.
    pub fn host(host: impl Into<Cow<'static, str>>) -> Self {
        Self::Host(host.into())
    }

    /// A scheme such as `https` or `data`, without the colon.
    pub fn scheme(scheme: impl Into<Cow<'static, str>>) -> Self {
        Self::Scheme(scheme.into())
    }

    /// Why it cannot stand in that directive.
    pub(super) fn fault(&self, directive: Directive) -> Option<&'static str> {
        let place = match self {
            Self::None | Self::Own | Self::Scheme(_) | Self::Host(_) => None,
            _ if directive.holds_code() => None,
            Self::ReportSample if directive.is_fetch() => None,
            _ => Some("only a directive for scripts or styles, or default-src, takes it"),
        };
        place.or_else(|| self.fault_of_text())
    }

    fn fault_of_text(&self) -> Option<&'static str> {
        let (ok, expected) = match self {
            Self::Scheme(text) if text.eq_ignore_ascii_case("javascript") => {
                (false, "it allows what the policy is there to refuse")
            }
            Self::Scheme(text) => (is_scheme(text), "a scheme is letters, digits, + - and ."),
            Self::Host(text) if is_keyword(text) => {
                (false, "this is no host: Source has a variant for it")
            }
            Self::Host(text) => (
                is_host(text),
                "a host is visible ASCII without quotes, commas and semicolons",
            ),
            Self::Sha256(text) => (is_base64(text, 44), "the hash is 44 characters of base64"),
            Self::Sha384(text) => (is_base64(text, 64), "the hash is 64 characters of base64"),
            Self::Sha512(text) => (is_base64(text, 88), "the hash is 88 characters of base64"),
            _ => (true, ""),
        };
        (!ok).then_some(expected)
    }

    /// The text in the header. The nonce is put in later, at `nonce_mark`.
    pub(super) fn write(&self, out: &mut String, nonce_mark: char) {
        let fixed = match self {
            Self::None => "'none'",
            Self::Own => "'self'",
            Self::StrictDynamic => "'strict-dynamic'",
            Self::UnsafeInline => "'unsafe-inline'",
            Self::UnsafeEval => "'unsafe-eval'",
            Self::WasmUnsafeEval => "'wasm-unsafe-eval'",
            Self::UnsafeHashes => "'unsafe-hashes'",
            Self::ReportSample => "'report-sample'",
            Self::Host(host) => host,
            Self::Nonce => return out.push(nonce_mark),
            Self::Scheme(scheme) => {
                out.push_str(scheme);
                return out.push(':');
            }
            Self::Sha256(hash) => return write_hash(out, "'sha256-", hash),
            Self::Sha384(hash) => return write_hash(out, "'sha384-", hash),
            Self::Sha512(hash) => return write_hash(out, "'sha512-", hash),
        };
        out.push_str(fixed);
    }
}

fn write_hash(out: &mut String, kind: &str, hash: &str) {
    out.push_str(kind);
    out.push_str(hash);
    out.push('\'');
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"'\",;".contains(&byte))
}

/// Words that mean something in quotes, and a host without them.
fn is_keyword(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "none",
        "self",
        "strict-dynamic",
        "unsafe-inline",
        "unsafe-eval",
        "wasm-unsafe-eval",
        "unsafe-hashes",
        "report-sample",
    ];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_base64(text: &str, length: usize) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() == length
        && text.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}
