use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{Method, StatusCode};
use plumego_contract::{Body, Error, Request, RequestContext, Response};
use plumego_middleware::cors::{CorsConfig, CorsLayer};
use plumego_middleware::{RecoverLayer, TokenAuthLayer};
use plumego_stdx::Secret;
use tower::{ServiceBuilder, ServiceExt};

use crate::harness::{Handler, json, run};

fn request(method: Method, headers: &[(&str, &str)]) -> Request {
    let mut builder = http::Request::builder().method(method).uri("/");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::empty()).unwrap()
}

fn preflight(origin: &str, method: &str, headers: &str) -> Request {
    let mut list = vec![
        ("origin", origin),
        ("access-control-request-method", method),
    ];
    if !headers.is_empty() {
        list.push(("access-control-request-headers", headers));
    }
    request(Method::OPTIONS, &list)
}

async fn answer(layer: &CorsLayer, request: Request) -> Response {
    let handler = |request: Request| async move {
        assert_ne!(request.uri().path(), "/unreachable");
        Response::new(Body::from("ok"))
    };
    run(layer.clone(), handler, request).await
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values = response.headers().get_all(name).iter();
    let first = values.next().map(|value| value.to_str().unwrap());
    assert!(values.next().is_none(), "{name} is there once");
    first
}

fn vary(response: &Response) -> String {
    let lines = response.headers().get_all("vary").iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap()).collect();
    lines.join(", ")
}

async fn allowed(layer: &CorsLayer, origin: &str) -> Option<String> {
    let response = answer(layer, request(Method::GET, &[("origin", origin)])).await;
    assert_eq!(response.status(), 200);
    assert_eq!(vary(&response), "Origin");
    header(&response, "access-control-allow-origin").map(str::to_owned)
}

/// acceptance 21.1 (30)
#[tokio::test]
async fn without_origin_there_is_no_header_but_vary() {
    for layer in [
        CorsLayer::any_origin(),
        CorsConfig::origins(["https://a.example"]).build().unwrap(),
    ] {
        let response = answer(&layer, request(Method::GET, &[])).await;
        assert_eq!(header(&response, "access-control-allow-origin"), None);
        assert_eq!(vary(&response), "Origin");
    }
}

#[tokio::test]
async fn any_origin_is_a_star_also_for_null() {
    let layer = CorsLayer::any_origin();
    for origin in ["https://a.example", "null", "http://127.0.0.1:5173"] {
        assert_eq!(allowed(&layer, origin).await.as_deref(), Some("*"));
    }
}

#[tokio::test]
async fn a_list_takes_the_origins_in_it_and_none_that_looks_alike() {
    let layer = CorsConfig::origins([
        "https://App.Example.com:443",
        "http://localhost:5173",
        "https://[2001:db8::1]:8443",
    ]);
    let layer = layer.build().unwrap();
    for origin in [
        "https://app.example.com",
        "http://localhost:5173",
        "https://[2001:db8::1]:8443",
    ] {
        assert_eq!(allowed(&layer, origin).await.as_deref(), Some(origin));
    }
    for attack in [
        "null",
        "",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com:443",
        "https://app.example.com.",
        "https://app.example.com/",
        "https://app.example.com.evil.test",
        "https://evil-app.example.com",
        "https://appXexample.com",
        "https://user@app.example.com",
        "https://app.example.com@evil.test",
        "https://app.example.com:443@evil.test",
        "https://app.example.com\\.evil.test",
        "https://app.example.com https://evil.test",
        "http://localhost",
        "http://localhost:51733",
    ] {
        assert_eq!(allowed(&layer, attack).await, None, "{attack}");
    }
}

#[tokio::test]
async fn a_wildcard_takes_subdomains_and_no_suffix_tricks() {
    let layer = CorsConfig::origins(["https://*.example.com", "http://*.dev.test:8080"]);
    let layer = layer.build().unwrap();
    for origin in [
        "https://a.example.com",
        "https://a.b-c.example.com",
        "https://xn--bcher-kva.example.com",
        "http://x.dev.test:8080",
    ] {
        assert_eq!(allowed(&layer, origin).await.as_deref(), Some(origin));
    }
    for attack in [
        "https://example.com",
        "https://evilexample.com",
        "https://.example.com",
        "https://a..example.com",
        "https://a.example.com.",
        "https://a.example.com.evil.test",
        "https://evil.test/.example.com",
        "https://evil.test#.example.com",
        "https://evil.test?.example.com",
        "https://evil.test\\.example.com",
        "https://evil.test:443@a.example.com",
        "https://evil.test:1.example.com",
        "https://A.example.com",
        "https://*.example.com",
        "http://a.example.com",
        "https://a.example.com:8443",
        "http://x.dev.test",
        "http://x.dev.test:80801",
    ] {
        assert_eq!(allowed(&layer, attack).await, None, "{attack}");
    }
}

#[tokio::test]
async fn a_predicate_decides_and_credentials_are_said() {
    let layer = CorsConfig::origins_if(|origin| origin.starts_with("https://tenant-"))
        .credentials()
        .expose([HeaderName::from_static("x-total")])
        .build()
        .unwrap();
    let yes = request(Method::GET, &[("origin", "https://tenant-7.test")]);
    let response = answer(&layer, yes).await;
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        Some("https://tenant-7.test")
    );
    assert_eq!(
        header(&response, "access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        header(&response, "access-control-expose-headers"),
        Some("x-total")
    );
    let no = request(Method::GET, &[("origin", "https://other.test")]);
    let response = answer(&layer, no).await;
    assert_eq!(header(&response, "access-control-allow-origin"), None);
    assert_eq!(header(&response, "access-control-allow-credentials"), None);
}

#[tokio::test]
async fn two_origins_are_none() {
    let layer = CorsConfig::origins(["https://a.example"]).build().unwrap();
    let two = [
        ("origin", "https://a.example"),
        ("origin", "https://evil.test"),
    ];
    let response = answer(&layer, request(Method::GET, &two)).await;
    assert_eq!(header(&response, "access-control-allow-origin"), None);
}

/// acceptance 21.1 (30)
#[tokio::test]
async fn a_preflight_is_answered_by_the_layer() {
    let layer = CorsConfig::origins(["https://a.example"])
        .headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("x-a")])
        .methods([Method::GET, Method::PUT])
        .build()
        .unwrap();
    let asked = "content-type,X-Evil, x-a";
    let response = answer(&layer, preflight("https://a.example", "PUT", asked)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        Some("https://a.example")
    );
    assert_eq!(
        header(&response, "access-control-allow-methods"),
        Some("GET, PUT")
    );
    assert_eq!(
        header(&response, "access-control-allow-headers"),
        Some("content-type, x-a")
    );
    assert_eq!(header(&response, "access-control-max-age"), Some("600"));
    assert_eq!(
        vary(&response),
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    );
}

#[tokio::test]
async fn a_preflight_of_another_origin_learns_nothing() {
    let layer = CorsConfig::origins(["https://a.example"]).build().unwrap();
    let response = answer(&layer, preflight("https://evil.test", "PUT", "x-a")).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["vary"]);
}

#[tokio::test]
async fn any_method_and_header_are_repeated_not_starred() {
    let layer = CorsConfig::any_origin().any_method().any_header();
    let layer = layer.build().unwrap();
    let response = answer(&layer, preflight("null", "PURGE", "authorization, x-b")).await;
    assert_eq!(
        header(&response, "access-control-allow-methods"),
        Some("PURGE")
    );
    assert_eq!(
        header(&response, "access-control-allow-headers"),
        Some("authorization, x-b")
    );
}

#[tokio::test]
async fn the_list_of_asked_headers_is_bounded() {
    let layer = CorsConfig::any_origin().any_header().build().unwrap();
    let many: Vec<String> = (0..1000).map(|n| format!("x-{n}")).collect();
    let response = answer(&layer, preflight("null", "GET", &many.join(","))).await;
    let names = header(&response, "access-control-allow-headers").unwrap();
    assert_eq!(names.split(", ").count(), 64);
}

#[tokio::test]
async fn the_private_network_is_opened_by_choice_alone() {
    let ask = |layer: CorsLayer| async move {
        let mut request = preflight("https://a.example", "GET", "");
        request.headers_mut().insert(
            "access-control-request-private-network",
            "true".parse().unwrap(),
        );
        answer(&layer, request).await
    };
    let config = CorsConfig::origins(["https://a.example"]);
    let response = ask(config.clone().build().unwrap()).await;
    assert_eq!(
        header(&response, "access-control-allow-private-network"),
        None
    );
    let response = ask(config.private_network().build().unwrap()).await;
    assert_eq!(
        header(&response, "access-control-allow-private-network"),
        Some("true")
    );
    assert!(vary(&response).ends_with("Access-Control-Request-Private-Network"));
}

#[tokio::test]
async fn options_that_is_no_preflight_goes_through() {
    let layer = CorsLayer::any_origin();
    for headers in [
        &[][..],
        &[("origin", "https://a.example")][..],
        &[("access-control-request-method", "PUT")][..],
    ] {
        let response = answer(&layer, request(Method::OPTIONS, headers)).await;
        assert_eq!(response.status(), 200);
    }
    let get = [
        ("origin", "https://a.example"),
        ("access-control-request-method", "PUT"),
    ];
    let response = answer(&layer, request(Method::GET, &get)).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn our_own_errors_can_be_read_and_a_preflight_needs_no_token() {
    let token = Secret::new("0123456789abcdef".to_owned());
    let stack = ServiceBuilder::new()
        .layer(CorsLayer::any_origin())
        .layer(RecoverLayer::new())
        .layer(TokenAuthLayer::new([token]).unwrap());
    let service = stack.service(Handler(|_: Request| async { panic!("boom") }));
    let bare = request(Method::GET, &[("origin", "https://a.example")]);
    let response = service.clone().oneshot(bare).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    let known = [
        ("origin", "https://a.example"),
        ("authorization", "Bearer 0123456789abcdef"),
    ];
    let response = service
        .clone()
        .oneshot(request(Method::GET, &known))
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(json(response).await["code"], "internal");
    let ask = preflight("https://a.example", "POST", "authorization");
    assert_eq!(service.oneshot(ask).await.unwrap().status(), 204);
}

#[tokio::test]
async fn vary_of_the_handler_stays_and_nothing_is_said_twice() {
    let handler = |mut request: Request| async move {
        let context = RequestContext::of(&mut request);
        let mut response = Error::forbidden("no").respond(&context);
        let headers = response.headers_mut();
        headers.append("vary", "Accept, origin".parse().unwrap());
        headers.insert(
            "access-control-allow-origin",
            "https://x.test".parse().unwrap(),
        );
        response
    };
    let origin = request(Method::GET, &[("origin", "https://a.example")]);
    let response = run(CorsLayer::any_origin(), handler, origin).await;
    assert_eq!(vary(&response), "Accept, origin");
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
}

#[test]
fn wrong_choices_are_refused_when_built() {
    for (config, expected) in [
        (
            CorsConfig::any_origin().credentials(),
            "every origin with credentials",
        ),
        (
            CorsConfig::any_origin().private_network(),
            "every origin and the private network",
        ),
        (CorsConfig::origins([""; 0]), "no origin is allowed"),
        (CorsConfig::origins(["null"]), "sandboxed"),
        (CorsConfig::origins(["*"]), "must begin with a scheme"),
        (
            CorsConfig::origins(["example.com"]),
            "must begin with a scheme",
        ),
        (CorsConfig::origins(["https://*"]), "first label"),
        (CorsConfig::origins(["https://*.com"]), "top-level domain"),
        (CorsConfig::origins(["https://a.*.com"]), "first label"),
        (
            CorsConfig::origins(["https://*x.example.com"]),
            "first label",
        ),
        (CorsConfig::origins(["https://*.*.com"]), "no valid host"),
        (CorsConfig::origins(["https://a.example/"]), "no path"),
        (
            CorsConfig::origins(["https://u@a.example"]),
            "user information",
        ),
        (
            CorsConfig::origins(["https://a.example:99999"]),
            "no valid port",
        ),
        (
            CorsConfig::origins(["https://a.example:+1"]),
            "no valid port",
        ),
        (CorsConfig::origins(["https://a b"]), "no valid host"),
        (CorsConfig::origins(["https://[::g]"]), "no valid host"),
        (CorsConfig::origins(["1x://a.example"]), "no valid scheme"),
    ] {
        let problems = config.build().expect_err(expected).to_string();
        assert!(problems.contains(expected), "{problems}");
    }
    let both = CorsConfig::any_origin().credentials().private_network();
    assert_eq!(both.build().unwrap_err().iter().count(), 2);
}

#[test]
fn choices_that_would_do_nothing_are_refused() {
    let star = || [HeaderName::from_static("*")];
    let one = || CorsConfig::origins(["https://a.example"]);
    for (config, expected) in [
        (one().methods([]), "methods"),
        (one().credentials().expose(star()), "credentials"),
        (one().headers(star()), "any_header"),
        (CorsConfig::origins(["https://*.1.2.3.4"]), "address"),
        (CorsConfig::origins(["https://a.example:0"]), "port"),
    ] {
        let problems = config.build().unwrap_err().to_string();
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
    assert!(one().expose(star()).build().is_ok());
}
