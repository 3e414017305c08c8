//! Percent escapes: matched raw, decoded segment by segment.

use http::StatusCode;
use plumego_router::Router;

use crate::client::{ask, freeze, tell};

async fn check(router: Router, cases: &[(&str, &str)]) {
    let frozen = freeze(router);
    for (target, expected) in cases {
        let answer = ask(&frozen, "GET", target).await;
        let told = match answer.status {
            StatusCode::OK => answer.body.trim_start_matches("GET: GET ").to_owned(),
            StatusCode::BAD_REQUEST => answer.code(),
            status => status.as_u16().to_string(),
        };
        assert_eq!(told, *expected, "{target}");
    }
}

#[tokio::test]
async fn an_encoded_slash_stays_in_its_segment() {
    let router = Router::new()
        .get("/{id}", tell)
        .get("/{a}/{b}", tell)
        .get("/f/{*path}", tell);
    let cases = [
        ("/a%2Fb", "/{id}|a/b"),
        ("/a%2fb/c", "/{a}/{b}|a/b|c"),
        ("/f/a%2Fb/c", "/f/{*path}|a%2Fb/c"),
        ("/f/a%2fb%2F%20c", "/f/{*path}|a%2Fb%2F c"),
        ("/f/a%252Fb", "/f/{*path}|a%2Fb"),
        ("/f/%2Fetc/x/y", "/f/{*path}|%2Fetc/x/y"),
        ("/%20x%C3%A9", "/{id}| x\u{e9}"),
        ("/a+b", "/{id}|a+b"),
        ("/%2e%2e/%2e%2e", "/{a}/{b}|..|.."),
    ];
    check(router, &cases).await;
}

#[tokio::test]
async fn what_cannot_be_decoded_is_400_where_it_is_needed() {
    let router = Router::new()
        .get("/static/x", tell)
        .get("/p/{id}", tell)
        .get("/w/{*rest}", tell)
        .post("/post/{id}", tell);
    let cases = [
        ("/p/%", "malformed_path"),
        ("/p/%2", "malformed_path"),
        ("/p/%zz", "malformed_path"),
        ("/p/%ff", "malformed_path"),
        ("/p/a%C3", "malformed_path"),
        ("/p/%C3%A9", "/p/{id}|\u{e9}"),
        ("/w/a/%", "malformed_path"),
        ("/w/%%2F", "malformed_path"),
        ("/w/%C3%2F%A9", "malformed_path"),
        ("/static/%zz", "404"),
        ("/none/%zz", "404"),
        ("/post/%zz", "405"),
    ];
    check(router, &cases).await;
}

#[tokio::test]
async fn static_text_is_compared_decoded() {
    let router = Router::new()
        .get("/caf\u{e9}", tell)
        .get("/a%20b/100%25", tell)
        .get("/%7Bx%7D", tell)
        .get("/sl%2Fash", tell)
        .get("/sl/ash", tell)
        .get("/{other}", tell);
    let cases = [
        ("/caf%C3%A9", "/caf\u{e9}"),
        ("/%63af%c3%a9", "/caf\u{e9}"),
        ("/a%20b/100%25", "/a%20b/100%25"),
        ("/%7Bx%7D", "/%7Bx%7D"),
        ("/{x}", "/%7Bx%7D"),
        ("/sl%2Fash", "/sl%2Fash"),
        ("/sl/ash", "/sl/ash"),
        ("/100%2525", "/{other}|100%25"),
    ];
    check(router, &cases).await;
}
