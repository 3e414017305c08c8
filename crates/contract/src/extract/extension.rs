//! Values that a layer left with the request.

use http::request::Parts;
use plumego_observe::trace::TraceContext;

use super::{FromParts, context};
use crate::Error;

/// A clone of a value that a layer put into the extensions of the request.
///
/// For what belongs to one request, such as who signed in. What belongs to the application is
/// [`State`](super::State), which is checked when the application is built; this cannot be.
///
/// `Option<Extension<T>>` is `None` when there is no such value; without the `Option` that is `500
/// internal`, because a layer is missing.
///
/// ```
/// use plumego_contract::extract::Extension;
///
/// #[derive(Clone)]
/// struct Tenant(String);
///
/// async fn handler(Extension(Tenant(name)): Extension<Tenant>) -> String {
///     name
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extension<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromParts for Extension<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts
            .extensions
            .get::<T>()
            .cloned()
            .map(Self)
            .ok_or_else(|| {
                Error::internal(format!(
                    "no layer put a `{}` into the extensions of the request",
                    std::any::type_name::<T>()
                ))
                .absent()
            })
    }
}

/// The place of the request in its trace: the caller's trace continued, or a new one.
impl FromParts for TraceContext {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(context(parts)?.trace().clone())
    }
}
