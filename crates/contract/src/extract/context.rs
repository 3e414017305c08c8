//! Everything of a request in one argument.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::AsHeaderName;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use plumego_observe::trace::TraceId;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::{FromRequest, Query, ViaRequest, form, json, path, whole};
use crate::respond::{self, Reply};
use crate::{Body, Error, Request, RequestContext, RequestId, RouteInfo, codes};

/// Everything of a request in one argument, read when it is asked for.
///
/// For handlers that decide while they run what they need; where the needs are known, single
/// extractors say more in the signature and are checked when the application is built. It takes the
/// body, so it is the last argument.
///
/// The body is read into memory at the first question for it, up to the body limit of the route,
/// and kept: it can be asked for again, in another form.
///
/// # Errors
/// The methods answer what the extractor of the same kind would: see [`Json`](crate::Json),
/// [`Form`](super::Form), [`Query`], [`Path`](super::Path).
///
/// # Cancel safety
/// When the future of a method that reads the body is dropped before it is done, what was read is
/// lost, and later questions for the body are `400 body_read`.
///
/// ```
/// use plumego_contract::{Context, Error, IntoResponse};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Note {
///     text: String,
/// }
///
/// // .put("/notes/{id}", put)
/// async fn put(cx: Context) -> Result<impl IntoResponse, Error> {
///     let id: u64 = cx.param("id")?;
///     let note: Note = cx.json().await?;
///     Ok(cx.respond(note, [("id", id)]))
/// }
/// ```
pub struct Context {
    parts: Parts,
    request: RequestContext,
    body: Mutex<Option<Body>>,
    bytes: OnceCell<Bytes>,
}

impl FromRequest<ViaRequest> for Context {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        Ok(Self {
            request: super::context(&parts)?.clone(),
            parts,
            body: Mutex::new(Some(body)),
            bytes: OnceCell::new(),
        })
    }
}

impl Context {
    /// A parameter of the route, typed: a number, a `bool`, text, an enum by name, or anything that
    /// deserializes from text.
    ///
    /// # Errors
    /// `400 invalid_path_parameter` when the value does not fit; `500 internal` when the pattern of
    /// the route has no parameter of that name.
    pub fn param<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let value = self.param_str(name).ok_or_else(|| {
            Error::internal(format!(
                "the pattern of the route has no parameter `{name}`"
            ))
        })?;
        path::param(name, value)
    }

    /// A parameter of the route as text, decoded.
    pub fn param_str(&self, name: &str) -> Option<&str> {
        self.request.param(name)
    }

    /// The query string, typed.
    ///
    /// # Errors
    /// `400 invalid_query`.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Query::from_uri(&self.parts.uri).map(|Query(value)| value)
    }

    /// The whole body.
    ///
    /// # Errors
    /// `413 body_too_large`, `400 body_read`, `408 body_timeout`.
    pub async fn bytes(&self) -> Result<Bytes, Error> {
        let read = || async {
            let body = self
                .body
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let limit = whole::max_body_bytes(Some(&self.request));
            match body {
                Some(body) => body.into_bytes(limit).await,
                None => Err(Error::new(codes::BODY_READ)
                    .with_detail("The request body could not be read before.")),
            }
        };
        self.bytes.get_or_try_init(read).await.cloned()
    }

    /// The whole body as text.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes), and `400 invalid_utf8`.
    pub async fn text(&self) -> Result<String, Error> {
        whole::text(self.bytes().await?)
    }

    /// The body as JSON, typed.
    ///
    /// # Errors
    /// Those of [`Json`](crate::Json).
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let typed = json::check_type(&self.parts.headers)?;
        let unknown = json::unknown_fields(Some(&self.request));
        json::parse(&self.bytes().await?, typed, unknown)
    }

    /// The body as a form, typed; with GET and HEAD the query string.
    ///
    /// # Errors
    /// Those of [`Form`](super::Form).
    pub async fn form<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if form::is_in_query(&self.parts.method) {
            return self.query();
        }
        let typed = form::check_type(&self.parts.headers)?;
        form::parse(&self.bytes().await?, typed)
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The target as this router sees it: without the prefix of a mount.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The first header of that name, when it is visible ASCII.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The address of the client, as [`ClientIp`](super::ClientIp) has it.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.request.client_ip()
    }

    /// The W3C trace id: the caller's when it sent a valid one.
    pub fn trace_id(&self) -> TraceId {
        self.request.trace().trace_id()
    }

    /// The id of the request, when the layer for it is there.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request.request_id()
    }

    /// When the answer should be there: the application's deadline (30 s by default) or an earlier
    /// one that a layer has set. `None` for no deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.request.deadline()
    }

    /// The time left, zero when the deadline is over; `None` for no deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.request.time_left()
    }

    /// A clone of a value that was given to the application. That it was given cannot be checked
    /// when the application is built, as it is with [`State`](super::State).
    ///
    /// # Errors
    /// `500 internal` when it was not.
    pub fn state<T: Clone + 'static>(&self) -> Result<T, Error> {
        self.request.app().state.get::<T>().ok_or_else(|| {
            Error::internal(format!(
                "state `{}` was not provided",
                std::any::type_name::<T>()
            ))
        })
    }

    /// A value that a layer put into the extensions of the request.
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.parts.extensions.get::<T>()
    }

    /// The route that matched.
    pub fn route(&self) -> Option<&Arc<RouteInfo>> {
        self.request.route()
    }

    /// Runs a task once the response has been sent or given up, owned by the application.
    ///
    /// # Errors
    /// Those of [`RequestContext::after_response`].
    pub fn after_response<F>(&self, name: &'static str, task: F) -> Result<(), Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.request.after_response(name, task)
    }

    /// An answer of `{"data": …, "meta": …, "trace_id": "…"}`.
    pub fn respond<D, M>(&self, data: D, meta: M) -> Reply<D, M> {
        respond::respond(data, meta)
    }

    /// What layers see of this request.
    pub fn request_context(&self) -> &RequestContext {
        &self.request
    }

    /// The request again, with its body: what is left to read, or what was read.
    pub fn into_request(self) -> Request {
        let body = match self.bytes.into_inner() {
            Some(bytes) => Body::from(bytes),
            None => self
                .body
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .unwrap_or_default(),
        };
        Request::from_parts(self.parts, body)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
