use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, Entry, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

use super::{ContentSecurityPolicy, Csp, CspNonce, Hsts};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_EMBEDDER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-embedder-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The security headers of every response. See [the module](super).
///
/// The default is [`HeaderPolicy::standard`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderPolicy {
    fixed: Vec<(HeaderName, HeaderValue)>,
    /// Policies that get a nonce for each response.
    with_nonce: Vec<(HeaderName, ContentSecurityPolicy)>,
    hsts: Option<HeaderValue>,
}

impl HeaderPolicy {
    /// No header at all, to build one's own.
    pub const fn empty() -> Self {
        Self {
            fixed: Vec::new(),
            with_nonce: Vec::new(),
            hsts: None,
        }
    }

    /// What suits a service of pages and interfaces alike.
    pub fn standard() -> Self {
        Self::of(&[
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "strict-origin-when-cross-origin"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin-allow-popups"),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
            (
                PERMISSIONS_POLICY,
                "camera=(), geolocation=(), microphone=()",
            ),
        ])
        .known_csp(&Csp::standard())
        .hsts(Hsts::one_year())
    }

    /// As tight as a service of its own pages can stand: nothing from elsewhere, not even a
    /// referrer, and `https` for all subdomains once a browser has seen it.
    pub fn strict() -> Self {
        Self::of(&[
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "no-referrer"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
            (CROSS_ORIGIN_EMBEDDER_POLICY, "require-corp"),
            (
                PERMISSIONS_POLICY,
                "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                 magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
            ),
        ])
        .known_csp(&Csp::strict())
        .hsts(Hsts::one_year().include_subdomains())
    }

    fn of(headers: &[(HeaderName, &'static str)]) -> Self {
        headers.iter().fold(Self::empty(), |policy, (name, value)| {
            policy.set(name.clone(), HeaderValue::from_static(value))
        })
    }

    /// One of the policies of this crate, which a test builds.
    fn known_csp(self, csp: &Csp) -> Self {
        match csp.build() {
            Ok(csp) => self.csp(csp),
            Err(_) => self,
        }
    }

    /// Sets a header, in place of what the policy had for it.
    #[must_use]
    pub fn set(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self = self.without(&name);
        self.fixed.push((name, value));
        self
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: &HeaderName) -> Self {
        self.fixed.retain(|(there, _)| there != name);
        self.with_nonce.retain(|(there, _)| there != name);
        if name == STRICT_TRANSPORT_SECURITY {
            self.hsts = None;
        }
        self
    }

    /// Sets `Content-Security-Policy`.
    #[must_use]
    pub fn csp(self, csp: ContentSecurityPolicy) -> Self {
        self.set_csp(CONTENT_SECURITY_POLICY, csp)
    }

    /// Sets `Content-Security-Policy-Report-Only`: browsers report what they would refuse.
    #[must_use]
    pub fn csp_report_only(self, csp: ContentSecurityPolicy) -> Self {
        self.set_csp(CONTENT_SECURITY_POLICY_REPORT_ONLY, csp)
    }

    fn set_csp(self, name: HeaderName, csp: ContentSecurityPolicy) -> Self {
        if !csp.needs_nonce() {
            let value = csp.value(None);
            return self.set(name, value);
        }
        let mut policy = self.without(&name);
        policy.with_nonce.push((name, csp));
        policy
    }

    /// Sets `Strict-Transport-Security`, which goes out on secure requests alone.
    #[must_use]
    pub fn hsts(mut self, hsts: Hsts) -> Self {
        self.hsts = Some(hsts.value());
        self
    }

    /// Whether responses need a [`CspNonce`].
    pub fn needs_nonce(&self) -> bool {
        !self.with_nonce.is_empty()
    }

    /// Adds every header that is not there yet.
    ///
    /// `secure` says that the client came by `https`: over TLS, or as a trusted proxy says.
    /// `nonce` is that of this request; without it the policy allows nothing by nonce. A 304 gets
    /// no policy with a nonce: a cache would put it in place of the one that fits the stored page
    /// (RFC 9111, section 4.3.4).
    pub fn apply<B>(
        &self,
        response: &mut http::Response<B>,
        secure: bool,
        nonce: Option<&CspNonce>,
    ) {
        let is_revalidation = response.status() == http::StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        headers.reserve(self.fixed.len() + self.with_nonce.len() + usize::from(secure));
        for (name, value) in &self.fixed {
            add(headers, name, || value.clone());
        }
        for (name, csp) in self.with_nonce.iter().filter(|_| !is_revalidation) {
            add(headers, name, || csp.value(nonce));
        }
        if let Some(value) = self.hsts.as_ref().filter(|_| secure) {
            add(headers, &STRICT_TRANSPORT_SECURITY, || value.clone());
        }
    }
}

impl Default for HeaderPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

fn add(headers: &mut HeaderMap, name: &HeaderName, value: impl FnOnce() -> HeaderValue) {
    if let Entry::Vacant(entry) = headers.entry(name) {
        entry.insert(value());
    }
}
