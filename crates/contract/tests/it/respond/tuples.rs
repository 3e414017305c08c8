//! A status and headers in front of something.

use http::{HeaderMap, StatusCode};
use plumego_contract::{Error, Html, IntoResponse, Json, Response, codes};

use crate::support::{Unencodable, context, header, text};

const CREATED: StatusCode = StatusCode::CREATED;

#[test]
fn status_and_headers_replace_what_the_value_says() {
    let kind = [("content-type", "text/css"), ("x-a", "1")];
    let response = (CREATED, kind, Html("a")).into_response();
    assert_eq!(response.status(), 201);
    assert_eq!(header(&response, "content-type"), Some("text/css"));
    assert_eq!(header(&response, "x-a"), Some("1"));

    let mut map = HeaderMap::new();
    map.append("set-cookie", "a=1".parse().unwrap());
    map.append("set-cookie", "b=2".parse().unwrap());
    let response = (CREATED, map.clone(), "a").into_response();
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!((map, "a").into_response().status(), 200);
}

#[test]
fn a_head_made_elsewhere_brings_its_extensions() {
    let mut response = Response::new("old").map(|_| ());
    *response.status_mut() = CREATED;
    response.headers_mut().insert("x-a", "1".parse().unwrap());
    response.extensions_mut().insert(7_u8);
    let (parts, ()) = response.into_parts();
    let response = (parts, "new").respond(&context("/"));
    assert_eq!(response.status(), 201);
    assert_eq!(header(&response, "x-a"), Some("1"));
    assert_eq!(response.extensions().get::<u8>(), Some(&7));
    assert_eq!(text(response), "new");
}

#[test]
fn an_error_keeps_its_status_whatever_stands_before_it() {
    let error = || Err::<&str, _>(Error::new(codes::NOT_FOUND));
    let ok_head = || Response::new(()).into_parts().0;
    let headers = || [("x-a", "1")];
    let cx = context("/");
    for response in [
        (CREATED, error()).respond(&cx),
        (CREATED, error()).into_response(),
        (CREATED, HeaderMap::new(), error()).respond(&cx),
        (CREATED, HeaderMap::new(), error()).into_response(),
        (CREATED, headers(), error()).respond(&cx),
        (CREATED, headers(), error()).into_response(),
        (headers(), error()).respond(&cx),
        (HeaderMap::new(), error()).respond(&cx),
        (ok_head(), error()).respond(&cx),
        (ok_head(), error()).into_response(),
    ] {
        assert_eq!(response.status(), 404);
    }
    assert_eq!((CREATED, Json(Unencodable)).respond(&cx).status(), 500);
}

#[test]
fn headers_that_are_none_are_a_500() {
    for pairs in [
        [("x-a", "1\r\nset-cookie: a=b")],
        [("x a", "1")],
        [("", "1")],
        [("x-a", "\0")],
    ] {
        let response = (pairs, "body").respond(&context("/"));
        assert_eq!(response.status(), 500, "{pairs:?}");
        assert_eq!(header(&response, "set-cookie"), None);
        assert!(!text(response).contains("body"));
        assert_eq!(
            (CREATED, pairs, "body").respond(&context("/")).status(),
            500
        );
    }
}
