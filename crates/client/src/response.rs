//! The answer of another server.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, StatusCode, Version, header, response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError, Error as ContractError};
use serde::de::DeserializeOwned;

use crate::download::Download;
use crate::error::{Error, Kind};
use crate::url::Url;

/// What belongs to a connection, whether `Connection` names it or not.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authentication-info"),
    HeaderName::from_static("proxy-connection"),
];

/// The answer of another server: its head is here, its body comes as it is read.
///
/// The body is bounded by `max_response_bytes` and by the timeout of the whole, however it is
/// read. Nothing is decoded: a `Content-Encoding` that the program asked for is its to undo, with a
/// bound of its own.
///
/// Dropped before its body was read, the connection is closed (HTTP/1.1) or the stream is reset
/// (HTTP/2).
pub struct Response {
    client: &'static str,
    url: Url,
    head: response::Parts,
    body: Download,
}

impl Response {
    pub(crate) const fn new(
        client: &'static str,
        url: Url,
        head: response::Parts,
        body: Download,
    ) -> Self {
        Self {
            client,
            url,
            head,
            body,
        }
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The header fields; at most 100, in at most 64 KiB.
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The version of HTTP that was spoken.
    pub const fn version(&self) -> Version {
        self.head.version
    }

    /// Who answered: the last one, when redirects were followed.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The answer, when its status is 2xx; else an [`Error`] with that status.
    pub fn ok(self) -> Result<Self, Error> {
        if self.status().is_success() {
            Ok(self)
        } else {
            Err(self.error(Kind::Status(self.head.status)))
        }
    }

    /// The whole body, at most `max_response_bytes`.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropping the future loses what was read, and the connection is closed.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        while let Some(frame) = next_frame(&mut self.body).await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            match first.take() {
                None if rest.is_empty() => first = Some(data),
                None => rest.extend_from_slice(&data),
                Some(head) => {
                    rest.extend_from_slice(&head);
                    rest.extend_from_slice(&data);
                }
            }
        }
        Ok(first.unwrap_or_else(|| rest.freeze()))
    }

    /// The whole body as text; it has to be UTF-8. Otherwise as [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Error> {
        let misread = self.error(Kind::Text);
        let bytes = self.bytes().await?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(misread.with_source(error)),
        }
    }

    /// The whole body as JSON, whatever its `Content-Type`. Otherwise as [`bytes`](Self::bytes).
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let misread = self.error(Kind::Json);
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| misread.with_source(error))
    }

    /// The body as a stream, bounded as any other: to be handed on, or read frame by frame.
    pub fn into_body(self) -> Body {
        Body::new(Handed(self.body))
    }

    /// Head and body as `http` has them, to be handed on: without the fields that belong to the
    /// connection (RFC 9110, section 7.6.1), and bounded as any other body.
    pub fn into_http(mut self) -> http::Response<Body> {
        drop_hop_by_hop(&mut self.head.headers);
        http::Response::from_parts(self.head, Body::new(Handed(self.body)))
    }

    fn error(&self, kind: Kind) -> Error {
        Error::new(self.client, Some(self.url.origin().clone()), kind)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

async fn next_frame(body: &mut Download) -> Option<Result<Frame<Bytes>, Error>> {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// A body whose errors are those of the house: read by a handler, another server is to blame and
/// not the client.
struct Handed(Download);

impl HttpBody for Handed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0)
            .poll_frame(cx)
            .map_err(|error| ContractError::from(error).into())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
