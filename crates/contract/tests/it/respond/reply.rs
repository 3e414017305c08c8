//! The success envelope.

use http::StatusCode;
use plumego_contract::{IntoResponse, reply, respond};
use serde::Serialize;
use serde_json::json;

use crate::support::{TRACE_ID, Unencodable, context, header, text};

#[track_caller]
fn check(response: impl IntoResponse, expected: &str) {
    let response = response.respond(&context("/"));
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert_eq!(text(response), expected.replace("TRACE", TRACE_ID));
}

#[test]
fn the_envelope_has_data_meta_and_the_callers_trace_id() {
    check(
        respond(json!({"id": 7}), json!({"page": 1})),
        r#"{"data":{"id":7},"meta":{"page":1},"trace_id":"TRACE"}"#,
    );
}

#[test]
fn members_that_would_be_null_are_left_out() {
    check(respond((), ()), r#"{"trace_id":"TRACE"}"#);
    check(reply(None::<u8>), r#"{"trace_id":"TRACE"}"#);
    check(respond((), 1), r#"{"meta":1,"trace_id":"TRACE"}"#);
    check(reply("null"), r#"{"data":"null","trace_id":"TRACE"}"#);
    check(reply([None::<u8>]), r#"{"data":[null],"trace_id":"TRACE"}"#);
    check(reply(false), r#"{"data":false,"trace_id":"TRACE"}"#);
    assert_eq!(text(reply(())), "{}");
    assert_eq!(text(reply(1).with_meta(2)), r#"{"data":1,"meta":2}"#);
}

#[test]
fn the_status_is_that_of_the_handler() {
    let response = reply(1)
        .status(StatusCode::ACCEPTED)
        .with_meta(2)
        .respond(&context("/"));
    assert_eq!(response.status(), 202);
}

#[test]
fn what_cannot_be_encoded_is_a_500_without_a_byte_of_it() {
    #[derive(Serialize)]
    struct Half {
        good: u8,
        bad: Unencodable,
    }
    let half = || Half {
        good: 7,
        bad: Unencodable,
    };
    for response in [
        reply(half()).respond(&context("/")),
        respond(1, half()).respond(&context("/")),
        reply(half()).status(StatusCode::CREATED).into_response(),
    ] {
        assert_eq!(response.status(), 500);
        let body = text(response);
        assert!(
            !body.contains("good") && !body.contains("hunter2"),
            "{body}"
        );
    }
}
