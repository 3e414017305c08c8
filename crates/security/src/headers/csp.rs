use std::collections::BTreeMap;
use std::fmt;

use http::HeaderValue;

use plumego_contract::Error;

use super::{CspNonce, Source};

/// Stands for the nonce until there is one. No valid source holds it.
const NONCE_MARK: char = '\u{0}';

/// What a list of sources is for (CSP Level 3, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the directive of its name")]
pub enum Directive {
    DefaultSrc,
    ScriptSrc,
    ScriptSrcElem,
    ScriptSrcAttr,
    StyleSrc,
    StyleSrcElem,
    StyleSrcAttr,
    ImgSrc,
    FontSrc,
    ConnectSrc,
    MediaSrc,
    ManifestSrc,
    WorkerSrc,
    ChildSrc,
    FrameSrc,
    ObjectSrc,
    BaseUri,
    FormAction,
    FrameAncestors,
}

impl Directive {
    /// The name in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DefaultSrc => "default-src",
            Self::ScriptSrc => "script-src",
            Self::ScriptSrcElem => "script-src-elem",
            Self::ScriptSrcAttr => "script-src-attr",
            Self::StyleSrc => "style-src",
            Self::StyleSrcElem => "style-src-elem",
            Self::StyleSrcAttr => "style-src-attr",
            Self::ImgSrc => "img-src",
            Self::FontSrc => "font-src",
            Self::ConnectSrc => "connect-src",
            Self::MediaSrc => "media-src",
            Self::ManifestSrc => "manifest-src",
            Self::WorkerSrc => "worker-src",
            Self::ChildSrc => "child-src",
            Self::FrameSrc => "frame-src",
            Self::ObjectSrc => "object-src",
            Self::BaseUri => "base-uri",
            Self::FormAction => "form-action",
            Self::FrameAncestors => "frame-ancestors",
        }
    }

    pub(super) fn holds_code(self) -> bool {
        self <= Self::StyleSrcAttr
    }

    pub(super) fn is_fetch(self) -> bool {
        self <= Self::ObjectSrc
    }
}

/// A content security policy in the making.
///
/// Directives come out in a fixed order, whatever the order they were set in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Csp {
    lists: BTreeMap<Directive, Vec<Source>>,
    sandbox: Option<Vec<&'static str>>,
    trusted_types: bool,
    upgrade: bool,
    report_to: Option<String>,
}

impl Csp {
    /// A policy without a directive, to build one's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// `default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'`.
    pub fn standard() -> Self {
        Self::new()
            .set(Directive::DefaultSrc, [Source::Own])
            .set(Directive::ObjectSrc, [Source::None])
            .set(Directive::BaseUri, [Source::None])
            .set(Directive::FrameAncestors, [Source::None])
    }

    /// Nothing but scripts, styles, images, fonts, connections, forms and a manifest of the own
    /// origin.
    pub fn strict() -> Self {
        let own = [
            Directive::ScriptSrc,
            Directive::StyleSrc,
            Directive::ImgSrc,
            Directive::FontSrc,
            Directive::ConnectSrc,
            Directive::ManifestSrc,
            Directive::FormAction,
        ];
        let nothing = [
            Directive::DefaultSrc,
            Directive::ObjectSrc,
            Directive::BaseUri,
            Directive::FrameAncestors,
        ];
        let csp = own
            .into_iter()
            .fold(Self::new(), |csp, it| csp.set(it, [Source::Own]));
        nothing
            .into_iter()
            .fold(csp, |csp, it| csp.set(it, [Source::None]))
    }

    /// Sets the sources of a directive, in place of those it had.
    #[must_use]
    pub fn set(mut self, directive: Directive, sources: impl IntoIterator<Item = Source>) -> Self {
        self.lists.insert(directive, sources.into_iter().collect());
        self
    }

    /// Adds a source to a directive; in place of `'none'`, when that was there.
    ///
    /// A directive that is there at all takes the place of `default-src`: say [`Source::Own`] too
    /// when the own origin is to stay allowed.
    #[must_use]
    pub fn allow(mut self, directive: Directive, source: Source) -> Self {
        let list = self.lists.entry(directive).or_default();
        list.retain(|there| *there != Source::None && *there != source);
        list.push(source);
        self
    }

    /// Leaves a directive out.
    #[must_use]
    pub fn without(mut self, directive: Directive) -> Self {
        self.lists.remove(&directive);
        self
    }

    /// `sandbox`, with what is still allowed, such as `allow-scripts`.
    #[must_use]
    pub fn sandbox(mut self, allow: impl IntoIterator<Item = &'static str>) -> Self {
        self.sandbox = Some(allow.into_iter().collect());
        self
    }

    /// `require-trusted-types-for 'script'`.
    #[must_use]
    pub fn require_trusted_types(mut self) -> Self {
        self.trusted_types = true;
        self
    }

    /// `upgrade-insecure-requests`: browsers load everything by `https`.
    #[must_use]
    pub fn upgrade_insecure_requests(mut self) -> Self {
        self.upgrade = true;
        self
    }

    /// `report-to`, with the name of an endpoint of the `Reporting-Endpoints` header.
    #[must_use]
    pub fn report_to(mut self, endpoint: impl Into<String>) -> Self {
        self.report_to = Some(endpoint.into());
        self
    }

    /// Checks and writes the policy.
    ///
    /// # Errors
    /// No directive at all, one without a source, `'none'` beside other sources, a nonce or hash
    /// where only hosts can stand, or a text that cannot stand in the header. The error names the
    /// directive.
    pub fn build(&self) -> Result<ContentSecurityPolicy, CspError> {
        let mut parts = Vec::new();
        for (directive, sources) in &self.lists {
            parts.push(list(*directive, sources)?);
        }
        if let Some(allow) = &self.sandbox {
            parts.push(words("sandbox", allow)?);
        }
        if self.trusted_types {
            parts.push("require-trusted-types-for 'script'".to_owned());
        }
        if self.upgrade {
            parts.push("upgrade-insecure-requests".to_owned());
        }
        if let Some(endpoint) = &self.report_to {
            if endpoint.is_empty() {
                return Err(CspError::new(
                    "report-to",
                    "the name of an endpoint is needed",
                ));
            }
            parts.push(words("report-to", &[endpoint])?);
        }
        if parts.is_empty() {
            return Err(CspError::new(
                "the policy",
                "it has no directive: HeaderPolicy::without sends no header at all",
            ));
        }
        ContentSecurityPolicy::new(&parts.join("; "))
    }
}

fn list(directive: Directive, sources: &[Source]) -> Result<String, CspError> {
    let fault = |why| Err(CspError::new(directive.as_str(), why));
    if sources.is_empty() {
        return fault("it has no source: say Source::None for nothing at all");
    }
    if sources.len() > 1 && sources.contains(&Source::None) {
        return fault("'none' stands beside other sources: leave it out");
    }
    let mut text = directive.as_str().to_owned();
    for source in sources {
        if let Some(why) = source.fault(directive) {
            return Err(CspError::of(directive.as_str(), source, why));
        }
        text.push(' ');
        source.write(&mut text, NONCE_MARK);
    }
    Ok(text)
}

fn words(name: &'static str, words: &[impl AsRef<str>]) -> Result<String, CspError> {
    let mut text = name.to_owned();
    for word in words.iter().map(AsRef::as_ref) {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if word.is_empty() || !word.bytes().all(valid) {
            return Err(CspError::new(name, "words are letters, digits, - and _"));
        }
        text.push(' ');
        text.push_str(word);
    }
    Ok(text)
}

/// A content security policy, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSecurityPolicy {
    /// What stands around each nonce. One part alone when there is none.
    parts: Box<[Box<str>]>,
    /// The value without any nonce.
    bare: HeaderValue,
}

impl ContentSecurityPolicy {
    fn new(text: &str) -> Result<Self, CspError> {
        let parts: Box<[Box<str>]> = text.split(NONCE_MARK).map(Box::from).collect();
        let bare = text.replace(&format!(" {NONCE_MARK}"), "");
        let bare = HeaderValue::try_from(bare)
            .map_err(|_| CspError::new("the policy", "it cannot stand in a header"))?;
        Ok(Self { parts, bare })
    }

    /// Whether it has a place for a nonce.
    pub fn needs_nonce(&self) -> bool {
        self.parts.len() > 1
    }

    /// The value of the header. Without a nonce where one belongs, nothing is allowed by it.
    pub fn value(&self, nonce: Option<&CspNonce>) -> HeaderValue {
        let Some(nonce) = nonce.filter(|_| self.needs_nonce()) else {
            return self.bare.clone();
        };
        let text = self.parts.join(&format!("'nonce-{nonce}'"));
        HeaderValue::try_from(text).unwrap_or_else(|_| self.bare.clone())
    }
}

/// A policy cannot be made of this. The text names the directive and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CspError {
    directive: &'static str,
    source: Option<String>,
    why: &'static str,
}

impl CspError {
    fn new(directive: &'static str, why: &'static str) -> Self {
        Self {
            directive,
            source: None,
            why,
        }
    }

    fn of(directive: &'static str, source: &Source, why: &'static str) -> Self {
        Self {
            source: Some(format!("{source:?}")),
            ..Self::new(directive, why)
        }
    }
}

impl fmt::Display for CspError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "content security policy: {}", self.directive)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for CspError {}

/// `500 internal`, for a `?` where an application is put together.
impl From<CspError> for Error {
    #[track_caller]
    fn from(error: CspError) -> Self {
        Self::internal(error)
    }
}
