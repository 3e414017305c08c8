use plumego_contract::{Body, Request, Response};
use plumego_middleware::TokenAuthLayer;
use plumego_stdx::Secret;

use crate::harness::{json, run};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn ask(layer: &TokenAuthLayer, uri: &str, headers: &[(&str, &str)]) -> Response {
    let mut builder = http::Request::get(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let handler = |_: Request| async { Response::new(Body::from("in")) };
    run(layer.clone(), handler, builder.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_token_is_read_from_authorization_alone() {
    let layer = TokenAuthLayer::new([secret(TOKEN)]).unwrap();
    for value in [
        format!("Bearer {TOKEN}"),
        format!("bearer {TOKEN}"),
        format!("BEARER   {TOKEN}"),
    ] {
        let response = ask(&layer, "/", &[("authorization", &value)]).await;
        assert_eq!(response.status(), 200, "{value}");
    }
    let bearer = format!("Bearer {TOKEN}");
    for (uri, headers) in [
        ("/", vec![]),
        ("/?token=0123456789abcdef0123456789abcdef", vec![]),
        ("/?access_token=0123456789abcdef0123456789abcdef", vec![]),
        ("/", vec![("x-token", TOKEN)]),
        ("/", vec![("proxy-authorization", bearer.as_str())]),
        (
            "/",
            vec![("cookie", "auth_token=0123456789abcdef0123456789abcdef")],
        ),
        ("/", vec![("authorization", TOKEN)]),
        (
            "/",
            vec![("authorization", "Basic 0123456789abcdef0123456789abcdef")],
        ),
        ("/", vec![("authorization", "Bearer")]),
        ("/", vec![("authorization", "Bearer ")]),
        // One or more spaces, and nothing else (RFC 9110, section 11.4).
        (
            "/",
            vec![("authorization", "Bearer\t0123456789abcdef0123456789abcdef")],
        ),
        (
            "/",
            vec![("authorization", "Bearer \t0123456789abcdef0123456789abcdef")],
        ),
        (
            "/",
            vec![("authorization", "Bearer0123456789abcdef0123456789abcdef")],
        ),
        (
            "/",
            vec![("authorization", "Bearer 0123456789abcdef0123456789abcdeF")],
        ),
        (
            "/",
            vec![("authorization", "Bearer 0123456789abcdef0123456789abcde")],
        ),
        (
            "/",
            vec![("authorization", "Bearer 0123456789abcdef0123456789abcdef0")],
        ),
        ("/", vec![("authorization", "Bearer \u{e9}")]),
        (
            "/",
            vec![("authorization", &bearer), ("authorization", &bearer)],
        ),
    ] {
        let response = ask(&layer, uri, &headers).await;
        assert_eq!(response.status(), 401, "{uri} {headers:?}");
    }
}

#[tokio::test]
async fn a_401_has_its_challenge_and_its_problem() {
    let layer = TokenAuthLayer::new([secret(TOKEN)]).unwrap();
    let none = ask(&layer, "/", &[]).await;
    assert_eq!(
        none.headers()["www-authenticate"],
        "Bearer realm=\"Protected Area\""
    );
    let body = json(none).await;
    assert_eq!(body["code"], "unauthenticated");
    assert_eq!(body["status"], 401);
    assert_eq!(body["trace_id"].as_str().unwrap().len(), 32);

    let layer = layer.realm("a\"b\\c\r\nX: y");
    let wrong = ask(&layer, "/", &[("authorization", "Bearer wrong")]).await;
    assert_eq!(
        wrong.headers()["www-authenticate"],
        "Bearer realm=\"a\\\"b\\\\c  X: y\", error=\"invalid_token\""
    );
    assert_eq!(wrong.headers()["content-type"], "application/problem+json");
    assert_eq!(json(wrong).await["code"], "invalid_token");
}

#[tokio::test]
async fn several_tokens_are_good_while_they_are_rotated() {
    let other = "fedcba9876543210fedcba9876543210";
    let list = secret(&format!("{TOKEN}, {other}"));
    let layer = TokenAuthLayer::from_list(&list).unwrap();
    for token in [TOKEN, other] {
        let value = format!("Bearer {token}");
        let response = ask(&layer, "/", &[("authorization", &value)]).await;
        assert_eq!(response.status(), 200);
    }
    let value = format!("Bearer {TOKEN}, {other}");
    let response = ask(&layer, "/", &[("authorization", &value)]).await;
    assert_eq!(response.status(), 401);
}

#[test]
fn no_token_or_a_weak_one_is_refused_when_built() {
    for (tokens, expected) in [
        (vec![], "no token"),
        (vec![""], "fewer than 16"),
        (vec!["0123456789abcde"], "fewer than 16"),
        (vec!["0123456789 abcdef"], "characters beside"),
        (vec!["================"], "characters beside"),
        (vec![TOKEN; 17], "at most 16"),
    ] {
        let problems = TokenAuthLayer::new(tokens.into_iter().map(secret)).unwrap_err();
        assert!(problems.to_string().contains(expected), "{problems}");
    }
    let long = TokenAuthLayer::new([secret(&"x".repeat(1025))]).unwrap_err();
    assert!(long.to_string().contains("more than 1024"));
    let (unset, empty) = (None, secret(""));
    for list in [&unset, &Some(empty)] {
        let problems = TokenAuthLayer::from_list(list).unwrap_err();
        assert!(problems.to_string().contains("AUTH_TOKEN"), "{problems}");
    }
    assert!(TokenAuthLayer::from_list(&Some(secret(TOKEN))).is_ok());
    for list in ["", " , "] {
        let problems = TokenAuthLayer::from_list(&secret(list)).unwrap_err();
        assert!(problems.to_string().contains("AUTH_TOKEN"), "{problems}");
    }
    let two = TokenAuthLayer::new([secret("short"), secret(TOKEN), secret("é")]).unwrap_err();
    assert_eq!(two.iter().count(), 2, "all problems at once: {two}");
    assert!(!two.to_string().contains("short "), "{two}");
    let layer = TokenAuthLayer::new([secret(TOKEN)]).unwrap();
    assert!(!format!("{layer:?}").contains(TOKEN));
}
