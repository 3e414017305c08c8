//! The parameters of the route, typed.

mod de;
mod probe;
mod value;

use http::request::Parts;
use serde::de::DeserializeOwned;

use self::de::PathDeserializer;
pub(super) use self::value::param;
use super::{FromParts, Needs, context};
use crate::{Error, Params};

/// The parameters of the route, typed.
///
/// `T` is one of
///
/// - a single value, for a pattern with one parameter: a number, `bool`, `char`, `String`, an enum
///   of unit variants by name, anything that deserializes from text (a UUID, a date), or a newtype
///   or `Option` of these;
/// - a tuple, for as many parameters as it has parts, from left to right;
/// - a struct, whose fields carry the names of the parameters (after serde's renames); parameters
///   it does not name are ignored, and a field that is an `Option` or has a serde default need not
///   be in the pattern;
/// - a map by name, `Vec<(String, String)>`, or a `Vec` of the values.
///
/// Whether `T` fits the pattern is found out when the router is frozen, by deserializing `T` from
/// plausible values. So a mistake is a message at start, with the line of the route, and not an
/// error at the first request. `#[serde(flatten)]` hands text to its fields, so numbers below it
/// are refused.
///
/// The values are decoded already; `%2F` is a `/` inside its value.
///
/// # Errors
/// `400 invalid_path_parameter`, which names the parameter and what was expected, and never shows
/// the value.
///
/// ```
/// use plumego_contract::extract::Path;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct PostPath {
///     user: u64,
///     post: String,
/// }
///
/// // .get("/users/{user}", one)
/// async fn one(Path(user): Path<u64>) -> String {
///     format!("user {user}")
/// }
///
/// // .get("/users/{user}/posts/{post}", two)
/// async fn two(Path(path): Path<PostPath>) -> String {
///     format!("post {} of user {}", path.post, path.user)
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> Path<T> {
    /// Reads the parameters of a pattern with these names.
    ///
    /// # Errors
    /// As the extractor.
    ///
    /// ```
    /// use plumego_contract::{Params, extract::Path};
    ///
    /// let mut params = Params::new();
    /// params.push("7");
    /// let Path(id) = Path::<u64>::from_params(&["id".to_owned()], &params).unwrap();
    /// assert_eq!(id, 7);
    /// ```
    pub fn from_params(names: &[String], params: &Params) -> Result<Self, Error> {
        T::deserialize(PathDeserializer::new(names, params))
            .map(Self)
            .map_err(value::Fault::into_error)
    }
}

impl<T: DeserializeOwned + Send> FromParts for Path<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        let context = context(parts)?;
        let names = context.route().map_or(&[][..], |route| &route.parameters);
        Self::from_params(names, context.params())
    }

    fn needs(needs: &mut Needs) {
        needs.path(probe::check::<T>);
    }
}
