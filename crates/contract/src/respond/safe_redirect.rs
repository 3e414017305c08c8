//! Redirects to places that a client named.

use std::borrow::Cow;

use http::StatusCode;

use super::IntoResponse;
use super::redirect::redirect;
use crate::{Error, RequestContext, Response, codes};

/// The longest target, in bytes.
const MAX_TARGET_BYTES: usize = 2048;

/// A redirect to a place that the client named, such as the `next` of a login form. It never
/// leaves the site.
///
/// Taken are a path of this site (`/orders?page=2`) and a URL of the same origin: the scheme, host
/// and port of the request, after the forwarding headers of trusted proxies. Anything else is
/// `400 unsafe_redirect`, or goes to the place named by [`SafeRedirect::or`].
///
/// Browsers read more as a foreign host than RFC 3986 does. So these are refused wherever they
/// stand: a backslash, white space and control characters, anything beyond ASCII, two slashes in
/// a row in the path, user information, a scheme without `//`, and a change of scheme. The host is
/// compared as text. The bound is 2048 bytes.
///
/// Where no request is known ([`IntoResponse::into_response`]), paths alone are taken. A server
/// that answers to any `Host` has no origin of its own: bind hosts in the router, or let the proxy
/// in front check it.
///
/// ```
/// use plumego_contract::{IntoResponse, SafeRedirect};
///
/// let good = SafeRedirect::see_other("/orders").into_response();
/// assert_eq!(good.headers()["location"], "/orders");
///
/// let evil = SafeRedirect::see_other("/\\evil.example").into_response();
/// assert_eq!(evil.status(), 400);
///
/// let home = SafeRedirect::see_other("//evil.example").or("/").into_response();
/// assert_eq!(home.headers()["location"], "/");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeRedirect {
    status: StatusCode,
    target: String,
    fallback: Option<Cow<'static, str>>,
}

impl SafeRedirect {
    /// `303 See Other`: the client comes with GET.
    pub fn see_other(target: impl Into<String>) -> Self {
        Self::with(StatusCode::SEE_OTHER, target)
    }

    /// `302 Found`: old clients may turn a POST into a GET.
    pub fn found(target: impl Into<String>) -> Self {
        Self::with(StatusCode::FOUND, target)
    }

    /// `307 Temporary Redirect`: the same method and body.
    pub fn temporary(target: impl Into<String>) -> Self {
        Self::with(StatusCode::TEMPORARY_REDIRECT, target)
    }

    /// Goes there instead of answering an error. The place is the program's own and is not checked.
    #[must_use]
    pub fn or(mut self, fallback: impl Into<Cow<'static, str>>) -> Self {
        self.fallback = Some(fallback.into());
        self
    }

    fn with(status: StatusCode, target: impl Into<String>) -> Self {
        Self {
            status,
            target: target.into(),
            fallback: None,
        }
    }

    fn build(self, origin: Option<&Origin<'_>>) -> Result<Response, Error> {
        match (check(&self.target, origin), self.fallback) {
            (Ok(()), _) => redirect(self.status, &self.target),
            (Err(_), Some(place)) => redirect(self.status, &place),
            (Err(why), None) => Err(Error::new(codes::UNSAFE_REDIRECT)
                .with_detail(format!("The target of the redirect is refused: {why}."))),
        }
    }
}

impl IntoResponse for SafeRedirect {
    fn into_response(self) -> Response {
        self.build(None).into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        let origin = cx.host().and_then(|host| Origin::new(cx, host));
        self.build(origin.as_ref()).respond(cx)
    }
}

/// The origin of the request.
struct Origin<'a> {
    scheme: &'static str,
    host: &'a str,
    port: u16,
}

impl<'a> Origin<'a> {
    fn new(cx: &RequestContext, authority: &'a str) -> Option<Self> {
        let scheme = if cx.client().https { "https" } else { "http" };
        let (host, port) = split_authority(authority, scheme)?;
        Some(Self { scheme, host, port })
    }

    /// Holds the rest of a URL, after `scheme:`, against the origin; answers its path and query.
    fn strip<'t>(&self, scheme: &str, rest: &'t str) -> Result<&'t str, &'static str> {
        if !scheme.eq_ignore_ascii_case(self.scheme) {
            return Err("it has another scheme");
        }
        let rest = rest
            .strip_prefix("//")
            .ok_or("a scheme must be followed by two slashes")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = split_authority(authority, self.scheme).ok_or("it has no valid host")?;
        if host.eq_ignore_ascii_case(self.host) && port == self.port {
            Ok(path)
        } else {
            Err("it has another host or port")
        }
    }
}

fn check(target: &str, origin: Option<&Origin<'_>>) -> Result<(), &'static str> {
    if target.len() > MAX_TARGET_BYTES {
        return Err("it is too long");
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds white space, a control character or a character beyond ASCII");
    }
    if target.contains('\\') {
        return Err("it holds a backslash");
    }
    if target.starts_with('/') {
        return check_path(target);
    }
    let Some((scheme, rest)) = target.split_once(':') else {
        return Err("it does not begin with a slash");
    };
    let origin = origin.ok_or("it is not a path of this site")?;
    check_path(origin.strip(scheme, rest)?)
}

/// Two slashes in a row make a foreign host once somebody resolves `..` or takes the path alone.
fn check_path(path: &str) -> Result<(), &'static str> {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    if path.get(..end).is_some_and(|path| path.contains("//")) {
        Err("it holds two slashes in a row")
    } else {
        Ok(())
    }
}

/// Host and port; `None` when there is user information, no host, or no valid port.
fn split_authority<'a>(authority: &'a str, scheme: &str) -> Option<(&'a str, u16)> {
    let default = if scheme == "https" { 443 } else { 80 };
    // The colons of an IPv6 address stand in brackets.
    let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match authority.get(after_host..)?.find(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(after_host + colon);
            let port = port.get(1..)?;
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (host, port.parse().ok().filter(|_| digits)?)
        }
        None => (authority, default),
    };
    (!host.is_empty() && !host.contains('@')).then_some((host, port))
}
