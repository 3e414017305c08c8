//! Request headers, typed.

mod ready;

use http::HeaderMap;
use http::header::AsHeaderName;
use http::request::Parts;

pub use self::ready::{Bearer, UserAgent};
use super::FromParts;
use crate::{Error, codes};

/// A request header that a type of its own reads.
///
/// A header is one line unless [`LIST`](Self::LIST) says otherwise.
///
/// ```
/// use plumego_contract::extract::{Header, TypedHeader};
///
/// #[derive(Debug, PartialEq)]
/// struct ApiVersion(u32);
///
/// impl TypedHeader for ApiVersion {
///     const NAME: &'static str = "x-api-version";
///     const EXPECTED: &'static str = "a whole number";
///
///     fn parse(value: &str) -> Option<Self> {
///         value.parse().ok().map(Self)
///     }
/// }
///
/// async fn handler(Header(ApiVersion(version)): Header<ApiVersion>) -> String {
///     format!("version {version}")
/// }
///
/// let mut headers = http::HeaderMap::new();
/// assert_eq!(Header::<ApiVersion>::from_headers(&headers).unwrap_err().code(), "invalid_header");
/// headers.insert("x-api-version", "7".parse().unwrap());
/// assert_eq!(Header::<ApiVersion>::from_headers(&headers).unwrap().0, ApiVersion(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no typed header",
    note = "implement `TypedHeader` for a type of your own, or take the whole map with `Headers`"
)]
pub trait TypedHeader: Sized + Send {
    /// The name, in lower case.
    const NAME: &'static str;

    /// What a value looks like, to complete "The header … must be …".
    const EXPECTED: &'static str;

    /// Whether it is a list that may come in several lines; they are joined with `, ` then (RFC
    /// 9110, section 5.3). Several lines of any other header are an error.
    const LIST: bool = false;

    /// Reads a value, without the white space around it. `None` when it is none.
    fn parse(value: &str) -> Option<Self>;

    /// The answer when the header is missing or cannot be read. `400 invalid_header` by default.
    fn refuse(detail: String) -> Error {
        Error::new(codes::INVALID_HEADER).with_detail(detail)
    }
}

/// A request header, typed.
///
/// `Option<Header<T>>` is `None` when the header is not there.
///
/// # Errors
/// `400 invalid_header` when it is missing, there twice, no ASCII, or not what
/// [`TypedHeader::EXPECTED`] says; another error by choice of the type, as [`Bearer`] does. The
/// value is not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header<T>(pub T);

impl<T: TypedHeader> Header<T> {
    /// Reads it from these headers.
    ///
    /// # Errors
    /// As the extractor.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let mut lines = headers.get_all(T::NAME).iter();
        let Some(first) = lines.next() else {
            return Err(T::refuse(format!("The header `{}` is missing.", T::NAME)).absent());
        };
        let mut value = first.to_str().map(str::trim).ok().map(str::to_owned);
        for line in lines {
            value = match (T::LIST, value, line.to_str()) {
                (true, Some(value), Ok(line)) => Some(format!("{value}, {}", line.trim())),
                _ => None,
            };
        }
        value
            .as_deref()
            .and_then(T::parse)
            .map(Self)
            .ok_or_else(|| T::refuse(format!("The header `{}` must be {}.", T::NAME, T::EXPECTED)))
    }
}

impl<T: TypedHeader> FromParts for Header<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Self::from_headers(&parts.headers)
    }
}

/// All request headers.
///
/// ```
/// use plumego_contract::extract::Headers;
///
/// async fn handler(headers: Headers) -> String {
///     headers.text("accept-language").unwrap_or("en").to_owned()
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub HeaderMap);

impl Headers {
    /// The first value of that name, when it is visible ASCII.
    pub fn text(&self, name: impl AsHeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

impl FromParts for Headers {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(Self(parts.headers.clone()))
    }
}
