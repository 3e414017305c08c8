//! What axum's extractors refuse, as an error of ours.

use axum::body::to_bytes;
use axum::response::Response;
use http::{HeaderName, StatusCode, header};
use plumego_contract::{Code, Error, codes};

/// The most bytes of a rejection's text that become the detail of an error.
pub const MAX_DETAIL_BYTES: usize = 1024;

/// Headers that belong to the rejection's own body.
const OF_THE_BODY: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
];

/// Turns a rejection into an error of the same status.
pub(crate) async fn rejected(rejection: Response) -> Error {
    let (parts, body) = rejection.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let is_text = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    // What is longer than the bound is left out whole: it says nothing to a client.
    let bytes = to_bytes(body, MAX_DETAIL_BYTES).await.unwrap_or_default();
    let text = String::from_utf8(bytes.into()).unwrap_or_default();

    let mut error = with_status(parts.status);
    if error.status().is_server_error() {
        error = error.with_source(format!("axum rejected with {}: {text}", parts.status));
    } else if is_text && !text.is_empty() {
        error = error.with_detail(text);
    }
    let is_error = parts.status.as_u16() >= 400;
    for (name, value) in &parts.headers {
        if is_error && !OF_THE_BODY.contains(name) {
            error = error.with_header(name.clone(), value.clone());
        }
    }
    error
}

fn with_status(status: StatusCode) -> Error {
    let row: Option<Code> = match status.as_u16() {
        400 => Some(codes::BAD_REQUEST),
        401 => Some(codes::UNAUTHENTICATED),
        403 => Some(codes::FORBIDDEN),
        404 => Some(codes::NOT_FOUND),
        405 => Some(codes::METHOD_NOT_ALLOWED),
        408 => Some(codes::BODY_TIMEOUT),
        409 => Some(codes::CONFLICT),
        413 => Some(codes::BODY_TOO_LARGE),
        415 => Some(codes::UNSUPPORTED_MEDIA_TYPE),
        422 => Some(codes::VALIDATION_FAILED),
        429 => Some(codes::RATE_LIMITED),
        501 => Some(codes::NOT_IMPLEMENTED),
        503 => Some(codes::UNAVAILABLE),
        504 => Some(codes::TIMEOUT),
        status if status < 400 || status == 500 => Some(codes::INTERNAL),
        _ => None,
    };
    row.map_or_else(|| Error::custom(status, "rejected"), Error::new)
}
