//! Cookies in and out, RFC 6265.

mod set;

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

pub use self::set::{SameSite, SetCookie};
use super::FromParts;
use crate::{Error, codes};

/// The most cookies of one request: what browsers keep for one site.
pub const MAX_COOKIES: usize = 180;

/// The most bytes of all `Cookie` headers of one request.
pub const MAX_COOKIE_BYTES: usize = 16 * 1024;

/// All cookies of a request.
///
/// Names and values are percent-decoded, and quotes around a value are kept. A pair that cannot be
/// read is left out: other applications on the same domain set cookies too. When a name came
/// several times, which happens when paths or domains differ, the first one is the one with the
/// longest path. A cookie proves nothing: anybody can send any.
///
/// At most [`MAX_COOKIES`] and [`MAX_COOKIE_BYTES`].
///
/// # Errors
/// `400 invalid_cookie` beyond a bound. Without any cookie the list is empty.
///
/// ```
/// use plumego_contract::extract::Cookies;
///
/// async fn handler(cookies: Cookies) -> String {
///     cookies.get("theme").unwrap_or("light").to_owned()
/// }
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("cookie", "theme=dark; name=Ad%C3%A8le".parse().unwrap());
/// let cookies = Cookies::from_headers(&headers).unwrap();
/// assert_eq!(cookies.get("name"), Some("Adèle"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cookies {
    pairs: Vec<(String, String)>,
}

impl Cookies {
    /// Reads the cookies of these headers. HTTP/2 sends several lines.
    ///
    /// # Errors
    /// As the extractor.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let lines = || headers.get_all(COOKIE).iter();
        if lines().map(HeaderValue::len).sum::<usize>() > MAX_COOKIE_BYTES {
            return Err(Error::new(codes::INVALID_COOKIE).with_detail(format!(
                "The cookies are longer than {MAX_COOKIE_BYTES} bytes."
            )));
        }
        let count = |line: &HeaderValue| line.as_bytes().split(|byte| *byte == b';').count();
        if lines().map(count).sum::<usize>() > MAX_COOKIES {
            return Err(Error::new(codes::INVALID_COOKIE)
                .with_detail(format!("There are more than {MAX_COOKIES} cookies.")));
        }
        let mut pairs = Vec::new();
        for line in lines() {
            let line = String::from_utf8_lossy(line.as_bytes());
            for cookie in cookie::Cookie::split_parse_encoded(line).flatten() {
                pairs.push((cookie.name().to_owned(), cookie.value().to_owned()));
            }
        }
        Ok(Self { pairs })
    }

    /// The value of the first cookie of that name. Case matters.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// The values of all cookies of that name, in the order the browser sent them.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// Names and values, in the order the browser sent them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromParts for Cookies {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Self::from_headers(&parts.headers)
    }
}

/// A cookie that a type of its own reads.
pub trait TypedCookie: Sized + Send {
    /// The name. Case matters.
    const NAME: &'static str;

    /// Reads a value, percent-decoded. `None` when it is none.
    fn parse(value: &str) -> Option<Self>;
}

/// One cookie, typed.
///
/// `Option<Cookie<T>>` is `None` when there is none of that name.
///
/// # Errors
/// `400 invalid_cookie` when it is missing or cannot be read. The value is not shown.
///
/// ```
/// use plumego_contract::extract::{Cookie, TypedCookie};
///
/// struct Page(u32);
///
/// impl TypedCookie for Page {
///     const NAME: &'static str = "page";
///
///     fn parse(value: &str) -> Option<Self> {
///         value.parse().ok().map(Self)
///     }
/// }
///
/// async fn handler(page: Option<Cookie<Page>>) -> String {
///     page.map_or(1, |Cookie(Page(page))| page).to_string()
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cookie<T>(pub T);

impl<T: TypedCookie> FromParts for Cookie<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        let cookies = Cookies::from_headers(&parts.headers)?;
        let error = |what: &str| {
            Error::new(codes::INVALID_COOKIE)
                .with_detail(format!("The cookie `{}` {what}.", T::NAME))
        };
        let value = cookies
            .get(T::NAME)
            .ok_or_else(|| error("is missing").absent())?;
        T::parse(value)
            .map(Self)
            .ok_or_else(|| error("cannot be read"))
    }
}
