//! What an error looks like on the wire, byte for byte.

use http::StatusCode;
use plumego_contract::{Error, ErrorFormat, ErrorReport, FieldError, IntoResponse, codes};
use serde_json::Value;

use crate::support::{TRACE_ID, context, context_of, header, json, request, text};

/// Renders the error for `GET /orders/7` and holds it against the body to the byte.
#[track_caller]
fn check(format: ErrorFormat, error: Error, kind: &str, expected: &str) {
    let response = error.respond(&context_of(request("/orders/7?token=secret"), format));
    assert_eq!(header(&response, "content-type"), Some(kind));
    assert_eq!(text(response), expected.replace("TRACE", TRACE_ID));
}

// acceptance 21.1 (27)
#[test]
fn problems_have_the_members_of_rfc_9457_and_ours() {
    check(
        ErrorFormat::Problem,
        Error::not_found("order_missing", "order 7 not found"),
        "application/problem+json",
        concat!(
            r#"{"type":"about:blank","title":"Not Found","status":404,"#,
            r#""detail":"order 7 not found","instance":"/orders/7","code":"order_missing","#,
            r#""category":"client_error","trace_id":"TRACE"}"#,
        ),
    );
    check(
        ErrorFormat::Problem,
        Error::validation("items[0].name", "must not be empty").with_member("seen", 3),
        "application/problem+json",
        concat!(
            r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"#,
            r#""detail":"One or more values do not fit; see errors.","#,
            r#""instance":"/orders/7","code":"validation_failed","#,
            r#""category":"validation_error","trace_id":"TRACE","#,
            r#""errors":[{"pointer":"/items/0/name","code":"invalid","#,
            r#""detail":"must not be empty"}],"seen":3}"#,
        ),
    );
    check(
        ErrorFormat::Problem,
        Error::new(codes::INTERNAL),
        "application/problem+json",
        concat!(
            r#"{"type":"about:blank","title":"Internal Server Error","status":500,"#,
            r#""instance":"/orders/7","code":"internal","category":"server_error","#,
            r#""trace_id":"TRACE"}"#,
        ),
    );
}

#[test]
fn problems_with_a_base_name_the_page_of_their_code() {
    check(
        ErrorFormat::ProblemAt("https://example.com/errors/".to_owned()),
        Error::body_too_large(10),
        "application/problem+json",
        concat!(
            r#"{"type":"https://example.com/errors/body_too_large","#,
            r#""title":"Body too large","status":413,"#,
            r#""detail":"The body is larger than the limit of 10 bytes.","#,
            r#""instance":"/orders/7","code":"body_too_large","category":"client_error","#,
            r#""trace_id":"TRACE","max_bytes":10}"#,
        ),
    );
}

#[test]
fn the_envelope_is_that_of_the_original() {
    check(
        ErrorFormat::Envelope,
        Error::not_found("order_missing", "order 7 not found"),
        "application/json",
        concat!(
            r#"{"error":{"code":"order_missing","message":"order 7 not found","#,
            r#""category":"client_error","trace_id":"TRACE"}}"#,
        ),
    );
    check(
        ErrorFormat::Envelope,
        Error::body_too_large(10),
        "application/json",
        concat!(
            r#"{"error":{"code":"body_too_large","#,
            r#""message":"The body is larger than the limit of 10 bytes.","#,
            r#""category":"client_error","trace_id":"TRACE","details":{"max_bytes":10}}}"#,
        ),
    );
    check(
        ErrorFormat::Envelope,
        Error::invalid(vec![FieldError::at("email", "email", "must be an address")])
            .with_detail("validation failed")
            .with_member("fields", "mine"),
        "application/json",
        concat!(
            r#"{"error":{"code":"validation_failed","message":"validation failed","#,
            r#""category":"validation_error","trace_id":"TRACE","#,
            r#""details":{"type":"validation_error","fields":[{"field":"/email","#,
            r#""code":"email","message":"must be an address"}]}}}"#,
        ),
    );
    check(
        ErrorFormat::Envelope,
        Error::new(codes::INTERNAL),
        "application/json",
        concat!(
            r#"{"error":{"code":"internal","message":"Internal error","#,
            r#""category":"server_error","trace_id":"TRACE"}}"#,
        ),
    );
}

#[test]
fn without_a_request_there_is_no_trace_id_and_no_instance() {
    let body = text(Error::new(codes::NOT_FOUND));
    assert_eq!(
        body,
        concat!(
            r#"{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","#,
            r#""category":"client_error"}"#,
        )
    );
}

#[test]
fn the_members_of_the_standard_cannot_be_replaced() {
    let mut error = Error::bad_request("real", "real");
    for name in [
        "type", "title", "status", "detail", "instance", "code", "category", "trace_id", "errors",
    ] {
        error = error.with_member(name, "forged");
    }
    let response = error.respond(&context("/"));
    assert!(!text(response).contains("forged"));
}

#[test]
fn hostile_text_stays_inside_its_member() {
    let hostile = "\",\"status\":200,\"x\":\"\n\r\0\u{2028}</script>";
    let error =
        Error::bad_request("odd", hostile).with_field(FieldError::at(hostile, "c", hostile));
    let body = json(&error.respond(&context("/%22,%22status%22:200")));
    assert_eq!(body["status"], 400);
    assert_eq!(body["detail"], hostile);
    assert_eq!(body["errors"][0]["detail"], hostile);
    assert_eq!(body["instance"], "/%22,%22status%22:200");
    assert_eq!(body.get("x"), None);
}

#[test]
fn a_long_path_is_cut_between_characters() {
    for path in [
        format!("/{}", "a".repeat(1000)),
        format!("/{}", "é".repeat(500)),
        format!("/x{}", "漢".repeat(300)),
    ] {
        let body = json(&Error::new(codes::NOT_FOUND).respond(&context(&path)));
        let instance = body["instance"].as_str().unwrap();
        assert!(
            instance.len() > 250 && instance.len() <= 256,
            "{}",
            instance.len()
        );
        assert!(path.starts_with(instance));
    }
}

#[test]
fn the_query_string_is_not_repeated() {
    let response = Error::new(codes::NOT_FOUND).respond(&context("/x?token=secret"));
    assert!(!text(response).contains("secret"));
}

#[test]
fn headers_go_along_but_the_content_type_is_ours() {
    let error = Error::unauthenticated("log in first")
        .with_header(http::header::WWW_AUTHENTICATE, "Bearer".parse().unwrap())
        .with_header(http::header::WWW_AUTHENTICATE, "Basic".parse().unwrap())
        .with_header(http::header::CONTENT_TYPE, "text/html".parse().unwrap());
    let response = error.respond(&context("/"));
    assert_eq!(
        response
            .headers()
            .get_all("www-authenticate")
            .iter()
            .count(),
        2
    );
    assert_eq!(
        header(&response, "content-type"),
        Some("application/problem+json")
    );
}

/// RFC 9110, section 15.5.2: "The server generating a 401 response MUST send" a challenge.
#[test]
fn a_401_has_a_challenge_and_nothing_else_has() {
    let challenge = |error: Error| {
        let response = error.respond(&context("/"));
        header(&response, "www-authenticate").map(str::to_owned)
    };
    let usual = format!("Bearer realm=\"{}\"", plumego_contract::auth::DEFAULT_REALM);
    assert_eq!(challenge(Error::unauthenticated("no")), Some(usual.clone()));
    assert_eq!(challenge(Error::new(codes::REFRESH_REUSED)), Some(usual));
    let own = "Basic".parse().unwrap();
    let own = Error::unauthenticated("no").with_header(http::header::WWW_AUTHENTICATE, own);
    assert_eq!(challenge(own).as_deref(), Some("Basic"));
    assert_eq!(challenge(Error::forbidden("no")), None);
}

#[test]
fn a_status_without_a_phrase_has_a_title_still() {
    let error = Error::custom(StatusCode::from_u16(499).unwrap(), "client_gone");
    assert_eq!(json(&error.into_response())["title"], "Error");
}

#[test]
fn every_code_renders_as_json_in_every_format() {
    for row in plumego_contract::CODES {
        for format in [
            ErrorFormat::Problem,
            ErrorFormat::ProblemAt("/errors/".to_owned()),
            ErrorFormat::Envelope,
        ] {
            let response = Error::new(*row).respond(&context_of(request("/"), format.clone()));
            assert_eq!(response.status(), row.status);
            let body: Value = json(&response);
            let code = match format {
                ErrorFormat::Envelope => &body["error"]["code"],
                _ => &body["code"],
            };
            assert_eq!(code, row.code);
        }
    }
}

#[test]
fn a_report_is_made_when_asked_for_and_is_never_in_the_body() {
    let context = context("/");
    let respond = || Error::internal("dsn=postgres://root@db").respond(&context);
    assert!(respond().extensions().get::<ErrorReport>().is_none());
    context.want_error_reports();
    let response = respond();
    let report = response.extensions().get::<ErrorReport>().unwrap();
    assert_eq!(report.code, "internal");
    assert!(report.location.file().ends_with("render.rs"));
    assert_eq!(report.causes, ["dsn=postgres://root@db"]);
    assert!(!json(&response).to_string().contains("postgres"));
}
