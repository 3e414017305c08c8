//! A status and headers in front of something. They replace what it says itself, but an error keeps
//! its status.

use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::IntoResponse;
use crate::{Error, RequestContext, Response};

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Response {
        status(self.0, self.1.into_response())
    }

    fn respond(self, cx: &RequestContext) -> Response {
        status(self.0, self.1.respond(cx))
    }
}

impl<T: IntoResponse> IntoResponse for (HeaderMap, T) {
    fn into_response(self) -> Response {
        headers(self.0, self.1.into_response())
    }

    fn respond(self, cx: &RequestContext) -> Response {
        headers(self.0, self.1.respond(cx))
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, HeaderMap, T) {
    fn into_response(self) -> Response {
        status(self.0, headers(self.1, self.2.into_response()))
    }

    fn respond(self, cx: &RequestContext) -> Response {
        status(self.0, headers(self.1, self.2.respond(cx)))
    }
}

/// A head made elsewhere in front of a body: its status, headers and extensions.
impl<T: IntoResponse> IntoResponse for (Parts, T) {
    fn into_response(self) -> Response {
        head(self.0, self.1.into_response())
    }

    fn respond(self, cx: &RequestContext) -> Response {
        head(self.0, self.1.respond(cx))
    }
}

/// Headers as name and value; what is no valid header is `500 internal`.
impl<K, V, T, const N: usize> IntoResponse for ([(K, V); N], T)
where
    K: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
    T: IntoResponse,
{
    fn into_response(self) -> Response {
        collect(self.0)
            .map(|map| headers(map, self.1.into_response()))
            .into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        collect(self.0)
            .map(|map| headers(map, self.1.respond(cx)))
            .respond(cx)
    }
}

impl<K, V, T, const N: usize> IntoResponse for (StatusCode, [(K, V); N], T)
where
    K: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
    T: IntoResponse,
{
    fn into_response(self) -> Response {
        collect(self.1)
            .map(|map| status(self.0, headers(map, self.2.into_response())))
            .into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        collect(self.1)
            .map(|map| status(self.0, headers(map, self.2.respond(cx))))
            .respond(cx)
    }
}

/// An error keeps its status: `(201, Err(…))` is no success.
fn status(status: StatusCode, mut response: Response) -> Response {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        *response.status_mut() = status;
    }
    response
}

fn head(parts: Parts, mut response: Response) -> Response {
    response.extensions_mut().extend(parts.extensions);
    status(parts.status, headers(parts.headers, response))
}

fn headers(map: HeaderMap, mut response: Response) -> Response {
    response.headers_mut().extend(map);
    response
}

fn collect<K, V, const N: usize>(pairs: [(K, V); N]) -> Result<HeaderMap, Error>
where
    K: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
{
    let mut map = HeaderMap::with_capacity(N);
    for (name, value) in pairs {
        let name = name
            .try_into()
            .map_err(|error| Error::internal(error.into()))?;
        let value = value
            .try_into()
            .map_err(|error| Error::internal(error.into()))?;
        map.append(name, value);
    }
    Ok(map)
}
