//! Taking things out of a request: the arguments of a handler.
//!
//! A handler is an async function whose arguments are extractors. All but the last read the head of
//! the request ([`FromParts`]); the last may take the body ([`FromRequest`]). What an extractor
//! needs from the application (a state, a parameter of the pattern) it declares, so that a route
//! that could never work is refused when the application is built.
//!
//! | Takes | Extractor | Bounds |
//! | --- | --- | --- |
//! | parameters of the route | [`Path`] | the request head |
//! | query string | [`Query`] | [`MAX_QUERY_BYTES`], [`MAX_PAIRS`] |
//! | headers | [`Header`], [`Headers`], `HeaderMap` | the request head |
//! | cookies (feature `cookies`) | `Cookie`, `Cookies` | 180 cookies, 16 KiB |
//! | who asks, and for what | [`ClientIp`], [`Scheme`], [`Host`], `Method`, `Uri` | |
//! | the certificate of the client, on TLS | [`ClientCertificate`] | `client_certificate_required` |
//! | ids | [`RequestId`](crate::RequestId), [`TraceContext`](plumego_observe::trace::TraceContext) | |
//! | what the application or a layer gave | [`State`], [`Extension`], [`MatchedRoute`] | |
//! | body, typed | [`Json`](crate::Json), [`Form`] | body limit; 128 levels, [`MAX_PAIRS`] |
//! | body in parts (feature `multipart`) | `Multipart` | body limit, [`MultipartConfig`](crate::MultipartConfig) |
//! | body as it came | `Bytes`, `String`, [`Body`](crate::Body) | body limit, but for `Body` |
//! | everything | [`Context`], [`Request`] | |
//! | a checked value (feature `validate`) | `Valid` around one of those | those of the inner one |
//!
//! The body limit is that of the route, else the application's: 10 MiB by default.
//!
//! Any extractor can be asked for as `Option<T>`, which is `None` when the thing is not there at
//! all (malformed is still an error), or as `Result<T, Error>`, which hands the error to the
//! handler.

mod certificate;
mod client;
mod context;
#[cfg(feature = "cookies")]
mod cookie;
mod excerpt;
mod extension;
mod form;
mod head;
mod header;
mod json;
pub(crate) mod media;
#[cfg(feature = "multipart")]
mod multipart;
mod needs;
mod path;
mod query;
mod state;
mod urlencoded;
#[cfg(feature = "validate")]
mod valid;
mod whole;

use http::request::Parts;

pub use self::certificate::ClientCertificate;
pub use self::client::{ClientIp, Host, Scheme};
pub use self::context::Context;
#[cfg(feature = "cookies")]
pub use self::cookie::{
    Cookie, Cookies, MAX_COOKIE_BYTES, MAX_COOKIES, SameSite, SetCookie, TypedCookie,
};
pub use self::extension::Extension;
pub use self::form::Form;
pub use self::head::MatchedRoute;
pub use self::header::{Bearer, Header, Headers, TypedHeader, UserAgent};
#[cfg(feature = "multipart")]
pub use self::multipart::{Multipart, Part};
pub use self::needs::{Needs, PathNeed, StateNeed};
pub use self::path::Path;
pub use self::query::Query;
pub use self::state::State;
pub use self::urlencoded::{MAX_PAIRS, MAX_QUERY_BYTES};
#[cfg(feature = "validate")]
pub use self::valid::{Holds, Valid, Validate};
use crate::{Error, Request, RequestContext};

/// Something that is taken out of the head of a request.
///
/// ```
/// use http::request::Parts;
/// use plumego_contract::{Error, FromParts};
///
/// struct ApiVersion(u32);
///
/// impl FromParts for ApiVersion {
///     async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
///         let header = parts.headers.get("x-api-version").ok_or_else(|| {
///             Error::bad_request("version_missing", "X-API-Version is needed").absent()
///         })?;
///         let version = header.to_str().ok().and_then(|text| text.parse().ok());
///         version.map(Self).ok_or_else(|| {
///             Error::bad_request("version_invalid", "X-API-Version must be a number")
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken out of the head of a request",
    label = "not an extractor of the head",
    note = "all arguments of a handler but the last are `FromParts`: \
            `State`, `Path`, `Query`, `Header`, `Context`, …",
    note = "an extractor that takes the body (`Json`, `Form`, `Bytes`, `Request`, …) must be \
            the last argument"
)]
pub trait FromParts: Sized + Send {
    /// Takes it. Not found or malformed is an [`Error`]; mark what is not there at all with
    /// [`Error::absent`].
    fn from_parts(parts: &mut Parts) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Declares what must be there for it ever to work. Nothing by default.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

/// Something that is taken out of a whole request, its body included.
///
/// `M` tells the two ways apart and is never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken out of a request",
    label = "not an extractor",
    note = "the last argument of a handler may take the body: \
            `Json`, `Form`, `Multipart`, `Bytes`, `String`, `Request`",
    note = "a type of your own becomes an extractor with `impl FromParts` or `impl FromRequest`"
)]
pub trait FromRequest<M = ViaRequest>: Sized + Send {
    /// Takes it.
    fn from_request(request: Request) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Declares what must be there for it ever to work. Nothing by default.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

/// Tells that an extractor takes the body.
#[derive(Debug, Clone, Copy)]
pub enum ViaRequest {}

/// Tells that an extractor reads the head alone.
#[derive(Debug, Clone, Copy)]
pub enum ViaParts {}

impl<T: FromParts> FromRequest<ViaParts> for T {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let (mut parts, _body) = request.into_parts();
        T::from_parts(&mut parts).await
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

impl<T: FromParts> FromParts for Option<T> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        unless_absent(T::from_parts(parts).await)
    }

    fn needs(needs: &mut Needs) {
        needs.optional(T::needs);
    }
}

impl<T: FromRequest<ViaRequest>> FromRequest<ViaRequest> for Option<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        unless_absent(T::from_request(request).await)
    }

    fn needs(needs: &mut Needs) {
        needs.optional(T::needs);
    }
}

impl<T: FromParts> FromParts for Result<T, Error> {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(T::from_parts(parts).await)
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

impl<T: FromRequest<ViaRequest>> FromRequest<ViaRequest> for Result<T, Error> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        Ok(T::from_request(request).await)
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

fn unless_absent<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The context of the request, for extractors. There is always one below a router.
pub(crate) fn context(parts: &Parts) -> Result<&RequestContext, Error> {
    RequestContext::get(&parts.extensions)
        .ok_or_else(|| Error::internal("an extractor ran outside of a router"))
}
