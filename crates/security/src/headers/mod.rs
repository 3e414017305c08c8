//! What browsers are told a page may do: security headers as a policy.
//!
//! A [`HeaderPolicy`] is made once, with every value already built, and is applied to each
//! response. It never touches a header that is there: what a handler sets itself wins, header by
//! header.
//!
//! | header | [`HeaderPolicy::standard`] | [`HeaderPolicy::strict`] |
//! | --- | --- | --- |
//! | `X-Content-Type-Options` | `nosniff` | the same |
//! | `X-Frame-Options` | `DENY` | the same |
//! | `Referrer-Policy` | `strict-origin-when-cross-origin` | `no-referrer` |
//! | `Content-Security-Policy` | own origin only; no plug-ins, no `base`, no framing | from nothing up |
//! | `Cross-Origin-Opener-Policy` | `same-origin-allow-popups` | `same-origin` |
//! | `Cross-Origin-Resource-Policy` | `same-origin` | the same |
//! | `Cross-Origin-Embedder-Policy` | none | `require-corp` |
//! | `Permissions-Policy` | no camera, microphone, location | and no payment, USB, … |
//! | `Strict-Transport-Security` | one year, this host | one year, with subdomains |
//!
//! `Strict-Transport-Security` is sent on secure requests alone (RFC 6797, section 7.2), and
//! neither policy asks for preloading, which takes months to undo.
//!
//! The standard policy leaves a plain page alone that loads its scripts, styles, images and fonts
//! from its own origin. It refuses inline scripts and styles: move them to files, or allow them by
//! a nonce ([`Source::Nonce`]).
//!
//! ```
//! use plumego_security::headers::{Csp, Directive, HeaderPolicy, Source};
//!
//! let csp = Csp::standard()
//!     .allow(Directive::ImgSrc, Source::Own)
//!     .allow(Directive::ImgSrc, Source::host("https://images.example.com"))
//!     .build()?;
//! let policy = HeaderPolicy::standard().csp(csp);
//!
//! let mut response = http::Response::new(());
//! policy.apply(&mut response, false, None);
//! let headers = response.headers();
//! assert_eq!(
//!     headers["content-security-policy"],
//!     "default-src 'self'; img-src 'self' https://images.example.com; object-src 'none'; \
//!      base-uri 'none'; frame-ancestors 'none'"
//! );
//! assert!(!headers.contains_key("strict-transport-security"));
//! # Ok::<(), plumego_security::headers::CspError>(())
//! ```

mod csp;
mod hsts;
mod nonce;
mod policy;
mod source;

pub use self::csp::{ContentSecurityPolicy, Csp, CspError, Directive};
pub use self::hsts::Hsts;
pub use self::nonce::CspNonce;
pub use self::policy::HeaderPolicy;
pub use self::source::Source;
