//! Text, bytes, HTML, JSON, statuses.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use plumego_contract::{Binary, Body, Error, Html, IntoResponse, Json, Text, codes};

use crate::support::{Unencodable, context, header, text};

#[track_caller]
fn check(response: impl IntoResponse, kind: Option<&str>, body: &str) {
    let response = response.respond(&context("/"));
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), kind);
    assert_eq!(text(response), body);
}

#[test]
fn values_answer_with_their_content_type() {
    let plain = Some("text/plain; charset=utf-8");
    let bytes = Some("application/octet-stream");
    check("é", plain, "é");
    check("é".to_owned(), plain, "é");
    check(Cow::Borrowed("é"), plain, "é");
    check(Cow::<str>::Owned("é".to_owned()), plain, "é");
    check("é".to_owned().into_boxed_str(), plain, "é");
    check(Text(Bytes::from("abc")), plain, "abc");
    check(Html("<p>"), Some("text/html; charset=utf-8"), "<p>");
    check(Bytes::from("abc"), bytes, "abc");
    check(b"abc".to_vec(), bytes, "abc");
    check(b"abc", bytes, "abc");
    check(&b"abc"[..], bytes, "abc");
    check(b"abc".to_vec().into_boxed_slice(), bytes, "abc");
    check(Binary::new("image/png", "abc"), Some("image/png"), "abc");
    check(Json([1, 2]), Some("application/json"), "[1,2]");
    check(Body::from("abc"), None, "abc");
    check((), None, "");
    check(HeaderMap::new(), None, "");
    check(Ok::<_, Error>("abc"), plain, "abc");
}

#[test]
fn a_status_alone_has_no_body() {
    let response = StatusCode::NO_CONTENT.into_response();
    assert_eq!(
        (response.status().as_u16(), text(response)),
        (204, String::new())
    );
}

#[test]
fn a_result_answers_its_error_with_the_trace_id() {
    let response = Err::<&str, _>(Error::new(codes::CONFLICT)).respond(&context("/"));
    assert_eq!(response.status(), 409);
    assert!(text(response).contains("trace_id"));
}

#[test]
fn what_cannot_be_encoded_is_a_500_and_not_an_empty_200() {
    let response = Json(Unencodable).respond(&context("/"));
    assert_eq!(response.status(), 500);
    assert_eq!(
        header(&response, "content-type"),
        Some("application/problem+json")
    );
    assert_eq!(Json(Unencodable).into_response().status(), 500);
}

#[test]
fn a_content_type_cannot_inject_a_header() {
    let response = Binary::new("text/html\r\nset-cookie: a=b", "x").respond(&context("/"));
    assert_eq!(response.status(), 500);
    assert_eq!(header(&response, "set-cookie"), None);
}
