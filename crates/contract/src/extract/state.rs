//! Values that the application shares with its handlers.

use http::request::Parts;

use super::{FromParts, Needs, context};
use crate::Error;

/// A clone of a value that was given to the application.
///
/// One value of each type; make its clone cheap (`Arc` inside). A handler that asks for a type
/// nobody provided is refused when the application is built. `Option<State<T>>` is for what may be
/// missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromParts for State<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        context(parts)?
            .app()
            .state
            .get::<T>()
            .map(Self)
            .ok_or_else(|| {
                Error::internal(format!(
                    "state `{}` was not provided",
                    std::any::type_name::<T>()
                ))
                .absent()
            })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}
