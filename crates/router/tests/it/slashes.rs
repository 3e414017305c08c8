//! Trailing and doubled slashes, by choice.

use plumego_router::{Router, Slashes};

use crate::client::{ask, freeze, tell};

fn router(slashes: Slashes) -> Router {
    Router::new()
        .slashes(slashes)
        .get("/", tell)
        .get("/a", tell)
        .get("/b/", tell)
        .post("/p", tell)
        .get("/x/{id}", tell)
        .get("/f/{*path}", tell)
}

/// `expected` is the body after `GET: `, a status, or a `Location`.
async fn check(router: Router, cases: &[(&str, &str)]) {
    let frozen = freeze(router);
    for (target, expected) in cases {
        let answer = ask(&frozen, "GET", target).await;
        let told = match answer.status.as_u16() {
            200 => answer.body.trim_start_matches("GET: ").to_owned(),
            308 => format!("-> {}", answer.header("location").unwrap()),
            status => status.to_string(),
        };
        assert_eq!(told, *expected, "{target}");
    }
}

#[tokio::test]
async fn strict_takes_them_as_they_are() {
    let cases = [
        ("/", "GET /"),
        ("/a", "GET /a"),
        ("/a/", "404"),
        ("//a", "404"),
        ("//", "404"),
        ("/b/", "GET /b/"),
        ("/b", "404"),
        ("/b//", "404"),
        ("/x/", "404"),
        ("/x//", "404"),
        ("/x/1/", "404"),
        ("///a///", "404"),
        ("/f//g", "GET /f/{*path}|/g"),
        ("/f/g/", "GET /f/{*path}|g/"),
    ];
    check(router(Slashes::Strict), &cases).await;
    check(Router::new().get("/a", tell), &[("/a/", "404")]).await;
}

#[tokio::test]
async fn redirect_leads_to_the_path_there_is() {
    let cases = [
        ("/", "GET /"),
        ("//", "-> /"),
        ("/a", "GET /a"),
        ("/a/", "-> /a"),
        ("/a//?q=1&r=%20", "-> /a?q=1&r=%20"),
        ("///a///", "-> /a"),
        ("/b", "-> /b/"),
        ("/x/1/", "-> /x/1"),
        ("/x//1", "-> /x/1"),
        ("/x/%2F/", "-> /x/%2F"),
        ("/p/", "-> /p"),
        ("/p", "405"),
        ("/none/", "404"),
        ("/f//g", "GET /f/{*path}|/g"),
    ];
    check(router(Slashes::Redirect), &cases).await;
}

#[tokio::test]
async fn redirect_never_leaves_the_host() {
    let router = Router::new()
        .slashes(Slashes::Redirect)
        .get("/{name}", tell)
        .get("/{name}/{more}", tell);
    let frozen = freeze(router);
    for (target, expected) in [
        ("//evil.com", "/evil.com"),
        ("//evil.com/", "/evil.com"),
        ("///evil.com/..", "/evil.com/.."),
        ("/\\evil.com/", "/%5Cevil.com"),
        ("/\\\\evil.com/", "/%5C%5Cevil.com"),
        ("//%5Cevil.com", "/%5Cevil.com"),
    ] {
        let answer = ask(&frozen, "GET", target).await;
        assert_eq!(answer.status.as_u16(), 308, "{target}");
        assert_eq!(answer.header("location"), Some(expected), "{target}");
    }
}

#[tokio::test]
async fn redirect_keeps_the_method_and_comes_before_a_fallback() {
    let frozen = freeze(
        Router::new()
            .slashes(Slashes::Redirect)
            .post("/a", tell)
            .fallback(async || "fallback"),
    );
    assert_eq!(ask(&frozen, "POST", "/a/").await.status.as_u16(), 308);
    assert_eq!(ask(&frozen, "POST", "/b/").await.body, "fallback");
}

#[tokio::test]
async fn lenient_does_not_count_them() {
    let cases = [
        ("/", "GET /"),
        ("//", "GET /"),
        ("/a", "GET /a"),
        ("/a/", "GET /a"),
        ("///a///", "GET /a"),
        ("/b/", "GET /b/"),
        ("/b", "GET /b/"),
        ("/x/1/", "GET /x/{id}|1"),
        ("/x//1", "GET /x/{id}|1"),
        ("/x/a%2Fb/", "GET /x/{id}|a/b"),
        ("/x/", "404"),
        ("/f//g//h/", "GET /f/{*path}|g/h"),
        ("/none//", "404"),
    ];
    check(router(Slashes::Lenient), &cases).await;
}

#[tokio::test]
async fn lenient_normalises_before_it_matches() {
    // Else `/admin//stats` would get around the route, and its layers, through the wildcard.
    let router = Router::new()
        .slashes(Slashes::Lenient)
        .get("/admin/stats", tell)
        .get("/{*rest}", tell);
    check(
        router,
        &[
            ("/admin//stats", "GET /admin/stats"),
            ("/admin/stats/", "GET /admin/stats"),
        ],
    )
    .await;
}
