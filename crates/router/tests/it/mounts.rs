//! Foreign services below a prefix, and a frozen router inside of others.

use std::convert::Infallible;

use http::StatusCode;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use plumego_router::{Frozen, Router, Slashes};
use tower::ServiceExt;

use crate::client::{ask, freeze, read, request, tell};
use crate::trail::{Echo, Mark};

/// Tells the target that the service sees, and the whole one.
fn inner()
-> impl tower::Service<Request, Response = Response, Error = Infallible, Future = impl Send>
+ Clone
+ Send
+ Sync {
    tower::service_fn(async |request: Request| {
        let whole = RequestContext::get(request.extensions())
            .unwrap()
            .uri()
            .clone();
        Ok(Response::new(Body::from(format!(
            "{} of {whole}",
            request.uri()
        ))))
    })
}

async fn check(frozen: &Frozen, cases: &[(&str, &str)]) {
    for (target, expected) in cases {
        let answer = ask(frozen, "PUT", target).await;
        let told = match answer.status {
            StatusCode::OK => answer.body,
            status => status.as_u16().to_string(),
        };
        assert_eq!(told, *expected, "{target}");
    }
}

#[tokio::test]
async fn the_service_sees_the_path_without_the_prefix() {
    let router = Router::new()
        .mount("/m", inner())
        .group("/{tenant}", |r| r.mount("/deep/er", inner()));
    let cases = [
        ("/m", "/ of /m"),
        ("/m?q=1", "/?q=1 of /m?q=1"),
        ("/m/", "/ of /m/"),
        ("/m/a/b?q", "/a/b?q of /m/a/b?q"),
        // Slashes and escapes below are the service's business.
        ("/m//a//", "//a// of /m//a//"),
        ("/m/%2F%zz", "/%2F%zz of /m/%2F%zz"),
        ("/t%20/deep/er/x", "/x of /t%20/deep/er/x"),
        ("/t/deep/er", "/ of /t/deep/er"),
        ("/t/deep", "404"),
        ("/mm", "404"),
    ];
    check(&freeze(router), &cases).await;
}

#[tokio::test]
async fn a_mount_at_the_root_takes_everything_that_is_left() {
    let frozen = freeze(
        Router::new()
            .mount("/", inner())
            .put("/own", async || "own"),
    );
    let cases = [
        ("/", "/ of /"),
        ("//x", "//x of //x"),
        ("/a/b", "/a/b of /a/b"),
        ("/own", "own"),
        ("/own/x", "/own/x of /own/x"),
    ];
    check(&frozen, &cases).await;
}

// acceptance 21.2 (2)
#[tokio::test]
async fn a_frontend_at_the_root_shadows_no_route_in_any_order() {
    let front = || {
        tower::service_fn(async |_: Request| {
            Ok::<_, Infallible>(Response::new(Body::from("front")))
        })
    };
    let api = |r: Router| {
        r.group("/api", |r| {
            r.get("/users/{id}", tell)
                .fallback(async || Error::new(codes::NOT_FOUND))
        })
        .get("/health", tell)
    };
    for router in [
        api(Router::new().mount("/", front())),
        api(Router::new()).mount("/", front()),
    ] {
        let frozen = freeze(router);
        for _ in 0..2 {
            for (target, expected) in [
                ("/app.js", "front"),
                ("/", "front"),
                ("/health", "GET: GET /health"),
                ("/api/users/1", "GET: GET /api/users/{id}|1"),
                ("/apis", "front"),
            ] {
                assert_eq!(ask(&frozen, "GET", target).await.body, expected);
            }
            for target in ["/api", "/api/", "/api/none", "/api/users/1/x"] {
                let answer = ask(&frozen, "GET", target).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{target}");
                assert_eq!(answer.code(), "not_found");
            }
            let wrong = ask(&frozen, "POST", "/api/users/1").await;
            assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
        }
    }
}

#[tokio::test]
async fn lenient_slashes_before_a_mount_do_not_count() {
    let frozen = freeze(
        Router::new()
            .slashes(Slashes::Lenient)
            .mount("/a/m", inner()),
    );
    let cases = [
        ("//a//m//x//y/", "//x//y/ of //a//m//x//y/"),
        ("/a/m/", "/ of /a/m/"),
        ("/a//m", "/ of /a//m"),
    ];
    check(&frozen, &cases).await;
}

#[tokio::test]
async fn written_routes_come_first_and_layers_cover_the_mount() {
    let frozen = freeze(
        Router::new()
            .layer(Mark("root"))
            .layer(Echo)
            .mount("/m", inner())
            .name("m")
            .get("/m", tell)
            .get("/m/{id}", tell),
    );
    assert_eq!(ask(&frozen, "GET", "/m").await.body, "GET: GET /m");
    assert_eq!(ask(&frozen, "GET", "/m/7").await.body, "GET: GET /m/{id}|7");
    let answer = ask(&frozen, "PUT", "/m/7").await;
    assert_eq!(answer.body, "/7 of /m/7");
    assert_eq!(answer.header("x-trail"), Some("root"));
    let info = &frozen.routes()[0];
    assert_eq!(info.to_string(), "ANY /m/{*path}");
    assert_eq!(frozen.url("m", [("path", "a/b")]).unwrap(), "/m/a/b");
}

#[tokio::test]
async fn an_error_of_the_service_is_an_answer() {
    let ours = tower::service_fn(async |_: Request| {
        Err::<Response, BoxError>(Box::new(Error::new(codes::FORBIDDEN)))
    });
    let foreign = tower::service_fn(async |_: Request| {
        Err::<Response, std::io::Error>(std::io::Error::other("disk 7 is gone"))
    });
    let frozen = freeze(
        Router::new()
            .mount("/ours", ours)
            .mount("/foreign", foreign),
    );
    assert_eq!(ask(&frozen, "GET", "/ours").await.code(), "forbidden");
    let answer = ask(&frozen, "GET", "/foreign").await;
    assert_eq!(answer.code(), "internal");
    assert!(!answer.body.contains("disk"), "{}", answer.body);
}

#[tokio::test]
async fn axum_in_ours_and_ours_in_axum() {
    let theirs = axum::Router::new().route(
        "/hello/{name}",
        axum::routing::get(async |axum::extract::Path(name): axum::extract::Path<String>| name),
    );
    let frozen = freeze(Router::new().mount("/legacy", theirs).get("/own", tell));
    assert_eq!(ask(&frozen, "GET", "/legacy/hello/ada").await.body, "ada");
    assert_eq!(
        ask(&frozen, "GET", "/legacy/none").await.status,
        StatusCode::NOT_FOUND
    );
    let outer: axum::Router = axum::Router::new().nest_service("/inner", frozen);
    let request = request("GET", "/inner/own").map(axum::body::Body::new);
    let response = outer.oneshot(request).await.unwrap();
    assert_eq!(read(response.map(Body::new)).await.body, "GET: GET /own");
}

/// Routes of all kinds, and a site at the root that would take everything.
fn beside_a_site() -> Router {
    Router::new()
        .site("/", inner())
        .get("/users/me", async || "me")
        .post("/login", async || "in")
        .get("/files/{*path}", async || "file")
        .delete("/users/{id}", async || "gone")
        .group("/admin", |r| {
            r.site("/", inner()).post("/go", async || "went")
        })
}

// acceptance 21.2 (2)
#[tokio::test]
async fn a_site_never_answers_for_a_path_that_a_route_has() {
    let frozen = freeze(beside_a_site());
    for (method, target, status, allow) in [
        ("GET", "/", 200, None),
        ("GET", "/app.js", 200, None),
        ("HEAD", "/app.js", 200, None),
        ("GET", "/admin", 200, None),
        ("GET", "/admin/x", 200, None),
        ("GET", "/users/me", 200, None),
        ("POST", "/users/me", 405, Some("DELETE, GET, HEAD, OPTIONS")),
        ("GET", "/login", 405, Some("OPTIONS, POST")),
        ("HEAD", "/login", 405, Some("OPTIONS, POST")),
        ("GET", "/users/7", 405, Some("DELETE, OPTIONS")),
        ("PUT", "/files/a", 405, Some("GET, HEAD, OPTIONS")),
        ("GET", "/admin/go", 405, Some("OPTIONS, POST")),
        ("POST", "/app.js", 405, Some("GET, HEAD, OPTIONS")),
        ("DELETE", "/", 405, Some("GET, HEAD, OPTIONS")),
        ("OPTIONS", "/login", 204, Some("OPTIONS, POST")),
        ("OPTIONS", "/app.js", 204, Some("GET, HEAD, OPTIONS")),
    ] {
        let answer = ask(&frozen, method, target).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {target}");
        let told = answer.headers.get("allow").map(|it| it.to_str().unwrap());
        assert_eq!(told, allow, "{method} {target}");
    }
}

#[tokio::test]
async fn a_route_is_found_before_a_site_in_any_order() {
    let routes = |r: Router| r.get("/health", async || "well");
    for router in [
        routes(Router::new().site("/", inner())),
        routes(Router::new()).site("/", inner()),
    ] {
        let frozen = freeze(router);
        for _ in 0..3 {
            assert_eq!(
                ask(&frozen, "GET", "/app.js").await.body,
                "/app.js of /app.js"
            );
            assert_eq!(ask(&frozen, "GET", "/health").await.body, "well");
        }
    }
}

#[tokio::test]
async fn a_site_does_not_hide_the_redirect_to_the_other_form_of_a_path() {
    let router = Router::new()
        .slashes(Slashes::Redirect)
        .site("/", inner())
        .get("/users", async || "all")
        .post("/orders", async || "made");
    let frozen = freeze(router);
    for (method, target, status, location) in [
        ("GET", "/users/", 308, Some("/users")),
        ("POST", "/orders/", 308, Some("/orders")),
        ("GET", "/docs/", 200, None),
        ("GET", "/orders", 405, None),
    ] {
        let answer = ask(&frozen, method, target).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {target}");
        let told = answer
            .headers
            .get("location")
            .map(|it| it.to_str().unwrap());
        assert_eq!(told, location, "{method} {target}");
    }
}

#[tokio::test]
async fn a_site_is_listed_as_what_it_takes() {
    let frozen = freeze(beside_a_site());
    let listed: Vec<_> = frozen.routes().iter().map(ToString::to_string).collect();
    assert!(listed.contains(&"GET /{*path}".to_owned()), "{listed:?}");
    assert!(
        listed.contains(&"GET /admin/{*path}".to_owned()),
        "{listed:?}"
    );
    let twice = Router::new()
        .site("/", inner())
        .get("/{*rest}", async || "all");
    let problems = twice
        .freeze(plumego_contract::AppContext::default())
        .unwrap_err();
    assert!(problems.to_string().contains("unreachable"), "{problems}");
}
