//! One form of a file as the answer to a request.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use plumego_contract::conditional::{Verdict, evaluate, has_conditions};
use plumego_contract::range::{Requested, not_satisfiable, requested};
use plumego_contract::{Body, Error, Response, codes};
use plumego_stdx::random;

use crate::body::{Piece, Pieces};
use crate::entry::Variant;
use crate::source::Content;

/// An answer, or what is left to do for one.
#[derive(Debug)]
pub(crate) enum Answer {
    Done(Response),
    Disk(Pending),
}

/// An answer whose file is to be opened.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) variant: Arc<Variant>,
    pub(crate) response: Response,
    pub(crate) pieces: Vec<Piece>,
}

/// What GET and HEAD are answered, after their conditions and ranges.
pub(crate) fn answer(
    variant: &Arc<Variant>,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Answer, Error> {
    if has_conditions(asked) {
        match evaluate(method, asked, Some(&variant.validators)) {
            Verdict::Proceed => {}
            Verdict::NotModified => return Ok(Answer::Done(not_modified(variant))),
            Verdict::Failed => return Err(failed(variant)),
        }
    }
    let length = variant.content.length();
    let ranges = if *method == Method::GET && asked.contains_key(RANGE) {
        requested(asked, length, &variant.validators)
    } else {
        Requested::Whole
    };
    match ranges {
        Requested::Whole => Ok(whole(variant, method, StatusCode::OK)),
        Requested::Beyond => Err(not_satisfiable(length)),
        Requested::Parts(parts) => partial(variant, parts),
    }
}

/// The page for what is not there.
pub(crate) fn not_found(variant: &Arc<Variant>, method: &Method) -> Answer {
    let mut answer = whole(variant, method, StatusCode::NOT_FOUND);
    let headers = answer.headers_mut();
    for name in [ETAG, LAST_MODIFIED, ACCEPT_RANGES] {
        headers.remove(name);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

impl Answer {
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Done(response) => response.headers_mut(),
            Self::Disk(pending) => pending.response.headers_mut(),
        }
    }
}

fn whole(variant: &Arc<Variant>, method: &Method, status: StatusCode) -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    *response.headers_mut() = variant.headers.clone();
    if *method == Method::HEAD {
        let length = HeaderValue::from(variant.content.length());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        return Answer::Done(response);
    }
    match &variant.content {
        Content::Memory(bytes) => {
            *response.body_mut() = Body::from(bytes.clone());
            Answer::Done(response)
        }
        Content::Disk(length) => Answer::Disk(Pending {
            variant: Arc::clone(variant),
            response,
            pieces: vec![Piece::File(0..*length)],
        }),
    }
}

fn partial(variant: &Arc<Variant>, parts: Vec<Range<u64>>) -> Result<Answer, Error> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    *response.headers_mut() = variant.headers.clone();
    let headers = response.headers_mut();
    let length = variant.content.length();
    let pieces = if let [part] = parts.as_slice() {
        headers.insert(CONTENT_RANGE, value(content_range(part, length))?);
        vec![piece(&variant.content, part.clone())]
    } else {
        let boundary = random::hex::<16>();
        let boundary = boundary.as_str();
        let multipart = format!("multipart/byteranges; boundary={boundary}");
        headers.insert(CONTENT_TYPE, value(multipart)?);
        multipart_pieces(variant, parts, boundary)
    };
    Ok(match &variant.content {
        Content::Memory(_) => {
            *response.body_mut() = body(Pieces::in_memory(pieces));
            Answer::Done(response)
        }
        Content::Disk(_) => Answer::Disk(Pending {
            variant: Arc::clone(variant),
            response,
            pieces,
        }),
    })
}

/// RFC 9110, section 14.6.
fn multipart_pieces(variant: &Variant, parts: Vec<Range<u64>>, boundary: &str) -> Vec<Piece> {
    let kind = variant.headers.get(CONTENT_TYPE);
    let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
    let length = variant.content.length();
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    let mut before = "";
    for part in parts {
        let mut head = format!("{before}--{boundary}\r\ncontent-type: ").into_bytes();
        head.extend_from_slice(kind);
        let range = content_range(&part, length);
        head.extend_from_slice(format!("\r\ncontent-range: {range}\r\n\r\n").as_bytes());
        pieces.push(Piece::Memory(Bytes::from(head)));
        pieces.push(piece(&variant.content, part));
        before = "\r\n";
    }
    pieces.push(Piece::Memory(Bytes::from(format!(
        "\r\n--{boundary}--\r\n"
    ))));
    pieces
}

/// The body of these pieces, without a box where it can be.
pub(crate) fn body(pieces: Pieces) -> Body {
    match pieces.into_bytes() {
        Ok(bytes) => Body::from(bytes),
        Err(pieces) => Body::new(pieces),
    }
}

fn piece(content: &Content, part: Range<u64>) -> Piece {
    match content {
        Content::Disk(_) => Piece::File(part),
        Content::Memory(bytes) => {
            let place = |at: u64| usize::try_from(at).unwrap_or(bytes.len()).min(bytes.len());
            Piece::Memory(bytes.slice(place(part.start)..place(part.end)))
        }
    }
}

fn content_range(part: &Range<u64>, length: u64) -> String {
    format!(
        "bytes {}-{}/{length}",
        part.start,
        part.end.saturating_sub(1)
    )
}

fn value(text: String) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(text).map_err(Error::internal)
}

/// Without the headers of the body (RFC 9110, section 15.4.5).
fn not_modified(variant: &Variant) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let mut headers = variant.headers.clone();
    for name in [ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_TYPE, LAST_MODIFIED] {
        headers.remove(name);
    }
    *response.headers_mut() = headers;
    response
}

fn failed(variant: &Variant) -> Error {
    let error = Error::new(codes::PRECONDITION_FAILED)
        .with_detail("The file is not in the state that the request asks for.");
    match variant.headers.get(ETAG) {
        Some(tag) => error.with_header(ETAG, tag.clone()),
        None => error,
    }
}
