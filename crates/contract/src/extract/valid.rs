//! Values that keep the rules of their type.

use http::request::Parts;

use super::excerpt::{MAX_TEXT_BYTES, excerpt};
use super::{Form, FromParts, FromRequest, Needs, Path, Query, ViaRequest};
use crate::{Error, FieldError, Json, Request};

/// The most violations that one answer lists.
const MAX_VIOLATIONS: usize = 100;

/// A value that knows its rules.
///
/// Everything that derives `garde::Validate` is one, when its context has a default. Implement it
/// by hand where a derive does not fit.
///
/// ```
/// use plumego_contract::FieldError;
/// use plumego_contract::extract::Validate;
///
/// struct Span { from: u32, to: u32 }
///
/// impl Validate for Span {
///     fn validate(&self) -> Result<(), Vec<FieldError>> {
///         if self.from <= self.to {
///             return Ok(());
///         }
///         Err(vec![FieldError::at("to", "order", "must not be before `from`")])
///     }
/// }
///
/// assert!(Span { from: 2, to: 1 }.validate().is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no rules to be checked",
    label = "not `Validate`",
    note = "derive `garde::Validate` for it, or implement `plumego`'s `Validate` by hand"
)]
pub trait Validate {
    /// Checks all rules; `Err` has every violation.
    ///
    /// # Errors
    /// The violations, each with the place of its value.
    fn validate(&self) -> Result<(), Vec<FieldError>>;
}

impl<T> Validate for T
where
    T: garde::Validate<Context: Default>,
{
    fn validate(&self) -> Result<(), Vec<FieldError>> {
        garde::Validate::validate(self).map_err(|report| {
            report
                .iter()
                .take(MAX_VIOLATIONS)
                .map(|(path, error)| {
                    let detail = excerpt(error.message(), MAX_TEXT_BYTES).into_owned();
                    FieldError::at(path.to_string(), "invalid", detail)
                })
                .collect()
        })
    }
}

/// An extractor whose value has been checked: `Valid<Json<T>>`, and the same with [`Form`],
/// [`Query`] and [`Path`].
///
/// The rules are those of `garde`, written at the fields of `T`. A rule that does not exist does
/// not compile. With `#[garde(dive)]` the rules of inner types hold too, and their violations are
/// named from the outside, as `/items/0/name`. The names are those of the Rust fields: where serde
/// renames a field, pointers show the Rust name.
///
/// # Errors
/// Those of the inner extractor, and `422 validation_failed` with every violation (100 at most) in
/// `errors`.
///
/// ```
/// use garde::Validate;
/// use plumego_contract::Json;
/// use plumego_contract::extract::Valid;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, Validate)]
/// struct NewUser {
///     #[garde(length(min = 1, max = 64))]
///     name: String,
///     #[garde(range(min = 18))]
///     age: u8,
/// }
///
/// async fn create(Valid(Json(user)): Valid<Json<NewUser>>) -> String {
///     format!("{} is {}", user.name, user.age)
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Valid<E>(pub E);

/// An extractor that holds one value.
#[diagnostic::on_unimplemented(
    message = "`Valid` does not go around `{Self}`",
    note = "it goes around `Json<T>`, `Form<T>`, `Query<T>` and `Path<T>`"
)]
pub trait Holds {
    /// The value's type.
    type Value;

    /// The value.
    fn value(&self) -> &Self::Value;
}

macro_rules! holds {
    ($($extractor:ident)*) => {$(
        impl<T> Holds for $extractor<T> {
            type Value = T;

            fn value(&self) -> &T {
                &self.0
            }
        }
    )*};
}
holds!(Json Form Query Path);

impl<E: Holds<Value: Validate>> Valid<E> {
    fn check(extracted: E) -> Result<Self, Error> {
        match extracted.value().validate() {
            Ok(()) => Ok(Self(extracted)),
            Err(mut violations) => {
                violations.truncate(MAX_VIOLATIONS);
                Err(Error::invalid(violations))
            }
        }
    }
}

impl<E: FromParts + Holds<Value: Validate>> FromParts for Valid<E> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        E::from_parts(parts).await.and_then(Self::check)
    }

    fn needs(needs: &mut Needs) {
        E::needs(needs);
    }
}

impl<E> FromRequest<ViaRequest> for Valid<E>
where
    E: FromRequest<ViaRequest> + Holds<Value: Validate>,
{
    async fn from_request(request: Request) -> Result<Self, Error> {
        E::from_request(request).await.and_then(Self::check)
    }

    fn needs(needs: &mut Needs) {
        E::needs(needs);
    }
}
