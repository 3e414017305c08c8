//! What leads where.

use plumego::prelude::*;
use plumego::respond::IntoResponse;

use crate::house::{House, house};

/// Tells the pattern and the parameters.
async fn tell(cx: Context) -> String {
    let route = cx.route().unwrap();
    let context = cx.request_context();
    let values: Vec<_> = context.params().values().collect();
    format!("{}|{}", route.pattern, values.join(","))
}

/// Each target leads to this text, or to this status.
async fn check(house: &House, cases: &[(&str, &str)]) {
    let mut client = house.connect().await;
    for (target, expected) in cases {
        let (method, target) = target.split_once(' ').unwrap_or(("GET", target));
        let answer = client.ask(method, target).await;
        let told = match answer.status() {
            200 => answer.body,
            status => status.to_string(),
        };
        assert_eq!(told, *expected, "{method} {target}");
    }
}

// acceptance 21.2 (1)
#[tokio::test]
async fn users_me_wins_over_users_id_in_any_order_of_routes_and_requests() {
    let patterns = ["/users/me", "/users/{id}", "/users/{*rest}"];
    let cases = [
        ("/users/me", "/users/me|"),
        ("/users/7", "/users/{id}|7"),
        ("/users/me/x", "/users/{*rest}|me/x"),
        ("/users/m%65", "/users/me|"),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let add = |r: Router, index: usize| r.get(patterns[index], tell);
        let house = house(|app| app.routes(|r| order.into_iter().fold(r, add))).await;
        for first in 0..cases.len() {
            let mut cases = cases;
            cases.rotate_left(first);
            check(&house, &cases).await;
            cases.reverse();
            check(&house, &cases).await;
        }
        house.stop().await;
    }
}

// acceptance 21.2 (2)
#[tokio::test]
async fn root_frontend_never_shadows_a_route_and_an_unmatched_api_path_is_404_json() {
    let page = async || Html("<!doctype html>");
    let house = house(|app| {
        app.routes(|r| {
            r.get("/{*asset}", page)
                .get("/", page)
                .group("/api", |api| {
                    api.get("/users/{id}", tell).any("/{*rest}", async || {
                        Err::<(), _>(Error::not_found("no_such_api", "no such call"))
                    })
                })
        })
    })
    .await;
    for _ in 0..2 {
        assert_eq!(house.get("/app.js").await.body, "<!doctype html>");
        assert_eq!(house.get("/").await.body, "<!doctype html>");
        assert_eq!(house.get("/api/users/1").await.body, "/api/users/{id}|1");
        let health = house.get("/health/live").await;
        assert_eq!(health.header("content-type"), Some("application/json"));
        let missing = house.get("/api/nope").await;
        assert_eq!((missing.status(), &*missing.code()), (404, "no_such_api"));
    }
    house.stop().await;
}

// acceptance 21.2 (3)
#[tokio::test]
async fn dead_end_leads_back_to_the_parameter_and_the_wildcard() {
    let house = house(|app| {
        app.routes(|r| {
            r.get("/a/b/c", tell)
                .get("/a/{x}/d", tell)
                .get("/files/static/x", tell)
                .get("/files/{*path}", tell)
        })
    })
    .await;
    let cases = [
        ("/a/b/c", "/a/b/c|"),
        ("/a/b/d", "/a/{x}/d|b"),
        ("/files/static/x", "/files/static/x|"),
        ("/files/static/y", "/files/{*path}|static/y"),
        ("/files/other", "/files/{*path}|other"),
        ("/files", "404"),
    ];
    check(&house, &cases).await;
    house.stop().await;
}

// acceptance 21.1 (19)
#[tokio::test]
async fn method_of_its_own_beats_any_at_the_root_too() {
    let house = house(|app| {
        app.routes(|r| {
            r.any("/", async || "any")
                .get("/", async || "get")
                .any("/x", async || "any")
                .post("/x", async || "post")
        })
    })
    .await;
    let cases = [
        ("GET /", "get"),
        ("POST /", "any"),
        ("POST /x", "post"),
        ("PURGE /x", "any"),
    ];
    check(&house, &cases).await;
    house.stop().await;
}

// acceptance 21.1 (19)
#[tokio::test]
async fn slashes_and_escapes_mean_what_they_say() {
    let house = house(|app| {
        app.routes(|r| {
            r.get("/users/{id}", tell)
                .get("/files/{*path}", tell)
                .get("/x/{a}/one", tell)
                .get("/x/{b}/two", tell)
        })
    })
    .await;
    let cases = [
        ("/users/1", "/users/{id}|1"),
        ("/users/1/", "404"),
        ("//users/1", "404"),
        ("/users//1", "404"),
        ("/users/", "404"),
        ("/users/a%20b", "/users/{id}|a b"),
        ("/users/a%2Fb", "/users/{id}|a/b"),
        ("/users/a%2", "400"),
        ("/users/%ff", "400"),
        ("/files/a%2Fb/c", "/files/{*path}|a%2Fb/c"),
        ("/files/a//b", "/files/{*path}|a//b"),
        ("/x/1/one", "/x/{a}/one|1"),
        ("/x/1/two", "/x/{b}/two|1"),
    ];
    check(&house, &cases).await;
    house.stop().await;
}

// acceptance 21.1 (19)
#[tokio::test]
async fn other_ways_with_slashes_are_a_choice() {
    let routes = |r: Router| r.get("/users/{id}", tell);
    let lenient = house(|app| app.slashes(Slashes::Lenient).routes(routes)).await;
    let cases = [
        ("/users/1/", "/users/{id}|1"),
        ("///users//1///", "/users/{id}|1"),
    ];
    check(&lenient, &cases).await;
    lenient.stop().await;
    let redirect = house(|app| app.slashes(Slashes::Redirect).routes(routes)).await;
    let answer = redirect.get("//users/1/?page=2").await;
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.header("location"), Some("/users/1?page=2"));
    let away = redirect.get("//evil.example/%2F..").await;
    assert_eq!(away.status(), 404);
    redirect.stop().await;
}

// acceptance 21.1 (20)
#[tokio::test]
async fn every_way_to_a_parameter_tells_the_same_and_a_missing_one_is_absent() {
    let handler = async |Path((owner, id)): Path<(String, u64)>, cx: Context| {
        let context = cx.request_context();
        assert_eq!(context.param("owner"), Some(&*owner));
        assert_eq!(cx.param_str("owner"), Some(&*owner));
        assert_eq!(cx.param::<u64>("id")?, id);
        assert_eq!(context.params().len(), 2);
        assert_eq!(cx.param_str("other"), None);
        assert!(cx.param::<String>("other").is_err());
        Ok::<_, Error>(format!("{owner} {id}"))
    };
    let house = house(|app| app.routes(|r| r.get("/{owner}/items/{id}", handler))).await;
    assert_eq!(house.get("/me%20too/items/7").await.body, "me too 7");
    let wrong = house.get("/me/items/seven").await;
    assert_eq!(
        (wrong.status(), &*wrong.code()),
        (400, "invalid_path_parameter")
    );
    house.stop().await;
}

// acceptance 21.1 (19)
#[tokio::test]
async fn layer_of_the_application_reads_the_pattern_before_and_after_the_handler() {
    async fn pattern(request: Request, next: Next) -> Response {
        let context = RequestContext::get(request.extensions()).unwrap().clone();
        let before = context.route().map(|route| route.pattern.clone());
        let mut response = next.run(request).await;
        let after = context.route().map(|route| route.pattern.clone());
        assert_eq!(before, after);
        let value = after.as_deref().unwrap_or("none").parse().unwrap();
        response.headers_mut().insert("x-pattern", value);
        response.into_response()
    }
    let routes = |r: Router| r.get("/users/{id}", tell);
    let house = house(|app| app.layer(from_fn(pattern)).routes(routes)).await;
    let answer = house.get("/users/7").await;
    assert_eq!(answer.header("x-pattern"), Some("/users/{id}"));
    let missing = house.get("/nowhere").await;
    assert_eq!(missing.header("x-pattern"), Some("none"));
    house.stop().await;
}
