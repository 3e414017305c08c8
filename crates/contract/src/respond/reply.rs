//! The success envelope: `{data, meta, trace_id}`.

use http::StatusCode;
use serde::Serialize;

use super::{IntoResponse, with_type};
use crate::{Error, RequestContext, Response};

/// An answer of `{"data": …, "meta": …, "trace_id": "…"}`; made by [`respond`] and [`reply`].
///
/// A member that would be `null` is left out. `trace_id` is the W3C trace id of the request, which
/// is the caller's own when a valid `traceparent` came; without a request it is left out too. What
/// cannot be encoded is `500 internal`, never a cut answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<D, M = ()> {
    status: StatusCode,
    data: D,
    meta: M,
}

/// Answers data with metadata, such as the page of a list.
///
/// ```
/// use plumego_contract::{IntoResponse, respond};
/// use serde_json::json;
///
/// let response = respond(["ada"], json!({"page": 1})).into_response();
/// let body = response.body().as_bytes();
/// assert_eq!(body, Some(&br#"{"data":["ada"],"meta":{"page":1}}"#[..]));
/// ```
pub fn respond<D, M>(data: D, meta: M) -> Reply<D, M> {
    Reply {
        status: StatusCode::OK,
        data,
        meta,
    }
}

/// Answers data alone.
///
/// ```
/// use http::StatusCode;
/// use plumego_contract::{IntoResponse, reply};
///
/// let response = reply("made").status(StatusCode::CREATED).into_response();
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.body().as_bytes(), Some(&br#"{"data":"made"}"#[..]));
/// ```
pub fn reply<D>(data: D) -> Reply<D> {
    respond(data, ())
}

impl<D, M> Reply<D, M> {
    /// Sets the status. Default: `200`.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn with_meta<N>(self, meta: N) -> Reply<D, N> {
        Reply {
            status: self.status,
            data: self.data,
            meta,
        }
    }
}

impl<D: Serialize, M: Serialize> Reply<D, M> {
    fn encode(&self, trace_id: Option<&str>) -> Result<Response, Error> {
        let mut body = vec![b'{'];
        member(&mut body, "data", &self.data)?;
        member(&mut body, "meta", &self.meta)?;
        member(&mut body, "trace_id", &trace_id)?;
        body.push(b'}');
        let mut response = with_type("application/json", body);
        *response.status_mut() = self.status;
        Ok(response)
    }
}

impl<D: Serialize, M: Serialize> IntoResponse for Reply<D, M> {
    fn into_response(self) -> Response {
        self.encode(None).into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        let trace_id = cx.trace().trace_id().to_string();
        self.encode(Some(&trace_id)).respond(cx)
    }
}

/// Adds a member, unless its value is `null`.
fn member<T: Serialize>(body: &mut Vec<u8>, name: &str, value: &T) -> Result<(), Error> {
    let before = body.len();
    if before > 1 {
        body.push(b',');
    }
    body.push(b'"');
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"\":");
    let start = body.len();
    serde_json::to_writer(&mut *body, value).map_err(Error::internal)?;
    if body.get(start..) == Some(b"null") {
        body.truncate(before);
    }
    Ok(())
}
