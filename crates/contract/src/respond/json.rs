//! JSON out.

use serde::Serialize;

use super::{IntoResponse, with_type};
use crate::{Error, RequestContext, Response};

/// A JSON body: as the last argument of a handler it is read, as the return value it is written.
///
/// Written as `application/json`, encoded before the status is chosen. For what is read and
/// refused, see [`extract`](crate::extract).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> Json<T> {
    fn encode(&self) -> Result<Response, Error> {
        let bytes = serde_json::to_vec(&self.0).map_err(Error::internal)?;
        Ok(with_type("application/json", bytes))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        self.encode().into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        self.encode().respond(cx)
    }
}
