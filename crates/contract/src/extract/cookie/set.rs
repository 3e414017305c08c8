//! Setting a cookie.

use std::time::Duration;

use http::HeaderValue;
use http::header::SET_COOKIE;

use crate::{Error, IntoResponse, RequestContext, Response};

/// Whether a cookie goes along when another site leads to this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when a link is followed.
    #[default]
    Lax,
    /// Always. Browsers take this only from a `Secure` cookie.
    None,
}

/// A cookie for the client to keep.
///
/// The defaults protect: `Secure` (browsers make an exception for `localhost`), `HttpOnly`,
/// `SameSite=Lax`, `Path=/`, no domain, and gone when the browser closes. Name and value are
/// percent-encoded. Nothing is signed or encrypted: what a client must not read or change does not
/// belong into a cookie.
///
/// It stands in front of the answer: `(cookie, answer)`, or `([first, second], answer)`; other
/// cookies of the answer stay. A path or a domain with a control character or a `;` is `500
/// internal`, so neither can add an attribute.
///
/// ```
/// use std::time::Duration;
/// use plumego_contract::{IntoResponse, extract::SetCookie};
///
/// let theme = SetCookie::new("theme", "dark").max_age(Duration::from_secs(3600));
/// let response = (theme, "kept").into_response();
/// assert_eq!(
///     response.headers()["set-cookie"],
///     "theme=dark; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is returned in front of an answer"]
pub struct SetCookie {
    name: String,
    value: String,
    path: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
}

impl SetCookie {
    /// A cookie with the defaults.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }

    /// Takes a cookie away again. Path and domain must be those it was set with.
    pub fn remove(name: impl Into<String>) -> Self {
        Self::new(name, "").max_age(Duration::ZERO)
    }

    /// The paths it is sent to, with all that lies below. Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The domain it is sent to, with all its subdomains. Default: this host alone.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// How long it is kept, in whole seconds. Default: until the browser closes.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Whether it is sent over TLS alone. Default: `true`.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether scripts cannot read it. Default: `true`.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether it goes along from other sites. Default: [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// The value of `Set-Cookie`.
    ///
    /// # Errors
    /// `500 internal` for an empty name, or a path or domain that would break out of its attribute.
    pub fn to_header(&self) -> Result<HeaderValue, Error> {
        let breaks_out = |text: &str| text.bytes().any(|byte| byte == b';' || byte < b' ');
        if self.name.is_empty()
            || breaks_out(&self.path)
            || self.domain.as_deref().is_some_and(breaks_out)
        {
            return Err(Error::internal(format!(
                "the cookie `{}` needs a name, and a path and domain without `;`",
                self.name
            )));
        }
        let mut cookie = cookie::Cookie::build((&self.name, &self.value))
            .path(&self.path)
            .secure(self.secure)
            .http_only(self.http_only)
            .same_site(match self.same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            })
            .build();
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain);
        }
        if let Some(max_age) = self.max_age {
            let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
            cookie.set_max_age(cookie::time::Duration::seconds(seconds));
        }
        HeaderValue::try_from(cookie.encoded().to_string()).map_err(Error::internal)
    }
}

impl<T: IntoResponse> IntoResponse for (SetCookie, T) {
    fn into_response(self) -> Response {
        ([self.0], self.1).into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        ([self.0], self.1).respond(cx)
    }
}

impl<T: IntoResponse, const N: usize> IntoResponse for ([SetCookie; N], T) {
    fn into_response(self) -> Response {
        match lines(&self.0) {
            Ok(lines) => add(lines, self.1.into_response()),
            Err(error) => error.into_response(),
        }
    }

    fn respond(self, cx: &RequestContext) -> Response {
        match lines(&self.0) {
            Ok(lines) => add(lines, self.1.respond(cx)),
            Err(error) => error.respond(cx),
        }
    }
}

fn lines(cookies: &[SetCookie]) -> Result<Vec<HeaderValue>, Error> {
    cookies.iter().map(SetCookie::to_header).collect()
}

fn add(lines: Vec<HeaderValue>, mut response: Response) -> Response {
    for line in lines {
        response.headers_mut().append(SET_COOKIE, line);
    }
    response
}
