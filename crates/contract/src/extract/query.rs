//! The query string, typed.

use http::Uri;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::FromParts;
use super::urlencoded::{self, MAX_QUERY_BYTES, Source};
use crate::{Error, codes};

pub(super) const QUERY: Source = Source {
    code: codes::INVALID_QUERY,
    name: "query string",
    pair: "query parameter",
};

/// The query string, typed.
///
/// `T` is a struct with a field for each parameter, a map, or `Vec<(String, String)>`. A parameter
/// that is given several times fills a `Vec`; for a field that takes one it is an error. A `+` is
/// a space. Parameters the type does not name are ignored (`#[serde(deny_unknown_fields)]` refuses
/// them). An empty value is `None` for an `Option` of a number or a `bool`.
///
/// `Option<Query<T>>` is `None` when there is no query string, or an empty one, and `T` needs one.
///
/// At most [`MAX_QUERY_BYTES`] and [`MAX_PAIRS`](super::MAX_PAIRS).
///
/// # Errors
/// `400 invalid_query` with the parameter in `errors`; beyond a bound, and when the decoded text is
/// not UTF-8, too. The value itself is not shown.
///
/// ```
/// use plumego_contract::extract::Query;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Search {
///     q: String,
///     page: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// // GET /search?q=tea&tag=green&tag=loose
/// async fn search(Query(search): Query<Search>) -> String {
///     format!("{} with {} tags", search.q, search.tag.len())
/// }
///
/// let uri = "/search?q=tea&tag=green&tag=loose".parse().unwrap();
/// let Query(search) = Query::<Search>::from_uri(&uri).unwrap();
/// assert_eq!((search.tag.len(), search.page), (2, None));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> Query<T> {
    /// Reads the query string of a target.
    ///
    /// # Errors
    /// As the extractor.
    pub fn from_uri(uri: &Uri) -> Result<Self, Error> {
        let query = uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY_BYTES {
            return Err(Error::new(codes::INVALID_QUERY).with_detail(format!(
                "The query string is longer than {MAX_QUERY_BYTES} bytes."
            )));
        }
        match urlencoded::parse(query.as_bytes(), QUERY) {
            Ok(value) => Ok(Self(value)),
            Err(error) if query.is_empty() => Err(error.absent()),
            Err(error) => Err(error),
        }
    }
}

impl<T: DeserializeOwned + Send> FromParts for Query<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Self::from_uri(&parts.uri)
    }
}
