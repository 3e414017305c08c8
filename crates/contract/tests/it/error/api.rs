//! Making errors and asking them.

use std::time::Duration;

use http::StatusCode;
use plumego_contract::{
    BoxError, Category, Error, FieldError, IntoResponse, MAX_FIELD_ERRORS, ResultExt, codes,
};

use crate::support::{header, json};

#[test]
fn an_error_is_never_sent_as_a_success() {
    for status in [100, 200, 204, 302, 304, 399] {
        let error = Error::custom(StatusCode::from_u16(status).unwrap(), "odd");
        assert_eq!(error.status(), 500, "{status}");
        assert_eq!(error.category(), Category::Server, "{status}");
        assert_eq!(error.into_response().status(), 500, "{status}");
    }
    assert_eq!(Error::custom(StatusCode::IM_A_TEAPOT, "tea").status(), 418);
}

#[test]
fn a_status_implies_its_category() {
    for (status, category) in [
        (400, Category::Client),
        (401, Category::Auth),
        (403, Category::Auth),
        (408, Category::Timeout),
        (422, Category::Validation),
        (429, Category::RateLimit),
        (500, Category::Server),
        (504, Category::Timeout),
    ] {
        let error = Error::custom(StatusCode::from_u16(status).unwrap(), "odd");
        assert_eq!(error.category(), category, "{status}");
    }
}

#[test]
fn retry_after_is_whole_seconds_rounded_up_and_at_least_one() {
    for (after, expected) in [
        (Duration::ZERO, "1"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1001), "2"),
        (Duration::from_mins(1), "60"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        let error = Error::new(codes::RATE_LIMITED)
            .with_retry_after(after)
            .with_retry_after(after);
        assert_eq!(
            header(&error.into_response(), "retry-after"),
            Some(expected),
            "{after:?}"
        );
    }
}

#[test]
fn an_error_survives_the_way_through_a_boxed_one() {
    let boxed: BoxError = Box::new(Error::conflict("taken", "the name is taken"));
    let error = Error::from_boxed(boxed);
    assert_eq!((error.status().as_u16(), error.code()), (409, "taken"));
    assert_eq!(error.category(), Category::Business);

    let foreign: BoxError = "connection reset".into();
    assert_eq!(Error::from_boxed(foreign).code(), "internal");
    let foreign: BoxError = "connection reset".into();
    assert_eq!(Error::from_body(foreign).code(), "body_read");
}

#[test]
fn fields_name_their_place_as_a_json_pointer() {
    let error = Error::validation("items[2].name", "must not be empty").with_field(FieldError::at(
        "/a~1b",
        "required",
        "is needed",
    ));
    assert_eq!(error.status(), 422);
    let pointers: Vec<_> = error
        .errors()
        .iter()
        .map(|field| field.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/items/2/name", "/a~1b"]);
    let text = error.to_string();
    assert!(text.contains("/items/2/name: must not be empty"), "{text}");
}

#[test]
fn what_a_client_can_make_long_is_cut() {
    let long = "é".repeat(10_000);
    let field = FieldError::at(&long, "invalid", long.clone());
    assert!(
        (510..=512).contains(&field.pointer.len()),
        "{}",
        field.pointer.len()
    );
    assert!(
        (1023..=1024).contains(&field.detail.len()),
        "{}",
        field.detail.len()
    );

    let many = vec![field.clone(); MAX_FIELD_ERRORS + 50];
    let error = Error::invalid(many).with_field(field);
    assert_eq!(error.errors().len(), MAX_FIELD_ERRORS);
}

#[test]
fn the_location_is_where_the_error_was_made() {
    let result: Result<(), &str> = Err("disk full");
    let (error, line) = (result.or_internal().unwrap_err(), line!());
    assert_eq!(
        (error.location().file(), error.location().line()),
        (file!(), line)
    );
    let result: Result<(), &str> = Err("away");
    assert_eq!(result.or_unavailable().unwrap_err().code(), "unavailable");
}

#[test]
fn only_what_may_pass_is_retryable() {
    for (code, expected) in [
        (codes::RATE_LIMITED, true),
        (codes::UNAVAILABLE, true),
        (codes::TIMEOUT, true),
        (codes::BODY_TIMEOUT, true),
        (codes::INTERNAL, false),
        (codes::NOT_FOUND, false),
    ] {
        assert_eq!(Error::new(code).is_retryable(), expected, "{}", code.code);
    }
}

#[test]
fn debug_shows_the_chain_of_sources_and_display_does_not() {
    let error = Error::internal(std::io::Error::other("disk full"));
    assert_eq!(error.to_string(), "500 internal");
    assert_eq!(format!("{error:?}"), "disk full");
    let error = Error::unavailable(error);
    assert_eq!(
        format!("{error:?}"),
        "503 unavailable\n  caused by: 500 internal\n  caused by: disk full"
    );
    assert_eq!(format!("{:?}", Error::new(codes::INTERNAL)), "500 internal");
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn the_last_value_of_a_member_stays() {
    let error = Error::bad_request("odd", "odd")
        .with_member("max", 1)
        .with_member("max", 2);
    let response = error.into_response();
    let body = std::str::from_utf8(response.body().as_bytes().unwrap()).unwrap();
    assert_eq!(body.matches("\"max\"").count(), 1, "{body}");
    assert_eq!(json(&response)["max"], 2);
}
