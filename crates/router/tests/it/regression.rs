//! One test for each defect that was fixed.

use std::convert::Infallible;

use http::{Method, StatusCode};
use plumego_contract::{Body, Request, Response};
use plumego_router::{Pattern, Router};

use crate::client::{ask, freeze};

#[test]
fn the_canonical_form_of_an_encoded_control_character_parses_again() {
    for written in [
        "/%C2%85",
        "/%0A",
        "/%7F",
        "/%3Aa",
        "/%2Aa",
        "/a%3Ab",
        "/%20%25%2F",
    ] {
        let pattern: Pattern = written.parse().unwrap();
        let canonical = pattern.to_string();
        assert_eq!(canonical.parse(), Ok(pattern), "{written}: {canonical:?}");
    }
}

// acceptance 21.2 (2)
#[tokio::test]
async fn another_method_is_404_where_a_site_has_nothing() {
    let pages = tower::service_fn(async |request: Request| {
        assert!(matches!(*request.method(), Method::GET | Method::HEAD));
        let mut response = Response::new(Body::empty());
        if request.uri().path() != "/page" {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok::<_, Infallible>(response)
    });
    let router = Router::new()
        .post("/{shop}/buy", async || "bought")
        .group("/{shop}", |r| r.site("/files", pages));
    let frozen = freeze(router);
    for (method, target, status, allow) in [
        ("GET", "/a/files/page", 200, None),
        ("POST", "/a/files/page", 405, Some("GET, HEAD, OPTIONS")),
        ("BREW", "/a/files/page", 405, Some("GET, HEAD, OPTIONS")),
        ("POST", "/a/files/typo", 404, None),
        ("DELETE", "/a/files", 404, None),
        ("POST", "/a/buy", 200, None),
        ("OPTIONS", "/a/files/page", 204, Some("GET, HEAD, OPTIONS")),
    ] {
        let answer = ask(&frozen, method, target).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {target}");
        let told = answer.headers.get("allow").map(|it| it.to_str().unwrap());
        assert_eq!(told, allow, "{method} {target}");
    }
}
