use std::convert::Infallible;
use std::time::Duration;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderName, HeaderValue, Method};
use plumego_contract::{
    AutomaticOptions, Body, Methods, Request, RequestContext, Response, RouteInfo,
};
use plumego_middleware::rate_limit::{
    AbuseGuardConfig, AbuseGuardLayer, Key, RateLimitConfig, RateLimitHeaders, RateLimitLayer,
};
use plumego_security::limit::Quota;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};

use crate::harness::{Handler, from, get, get_from, header, json, routed};

async fn send<L>(layer: &L, request: Request) -> Response
where
    L: Layer<Handler<fn(Request) -> Fut>>,
    L::Service: Service<Request, Response = Response, Error = Infallible>,
{
    let handler: fn(Request) -> Fut = |_| Box::pin(async { Response::new(Body::from("ok")) });
    layer
        .layer(Handler(handler))
        .oneshot(request)
        .await
        .unwrap()
}

type Fut = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

async fn status(layer: &RateLimitLayer, request: Request) -> u16 {
    send(layer, request).await.status().as_u16()
}

/// One request at once, then one a second.
fn one_each(key: Key) -> RateLimitLayer {
    let mut config = RateLimitConfig::new("test");
    config.quota = Quota::per_second(1, 1).unwrap();
    config.key = key;
    RateLimitLayer::new(config).unwrap()
}

fn with(mut request: Request, name: &'static str, value: &str) -> Request {
    let value = HeaderValue::from_str(value).unwrap();
    request
        .headers_mut()
        .append(HeaderName::from_static(name), value);
    request
}

fn preflight(ip: &str) -> Request {
    let mut request = get_from(ip, "/");
    *request.method_mut() = Method::OPTIONS;
    request
        .headers_mut()
        .insert(ORIGIN, HeaderValue::from_static("https://a.example"));
    let method = HeaderValue::from_static("PUT");
    request
        .headers_mut()
        .insert(ACCESS_CONTROL_REQUEST_METHOD, method);
    request
}

/// What the router answers itself.
fn automatic(mut request: Request) -> Request {
    request.extensions_mut().insert(AutomaticOptions);
    request
}

fn guard(rate: u64, burst: u64) -> AbuseGuardLayer {
    let mut config = AbuseGuardConfig::default();
    config.rate = rate;
    config.burst = burst;
    AbuseGuardLayer::new(config).unwrap()
}

/// acceptance 21.1 (9, 34), 21.2 (11)
#[tokio::test(start_paused = true)]
async fn beyond_the_burst_there_is_one_429_that_says_when_to_come_again() {
    let guard = guard(1, 3);
    for (left, full_in) in [(2, 1), (1, 2)] {
        let response = send(&guard, get_from("192.0.2.1", "/")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            header(&response, "ratelimit-policy"),
            "\"abuse-guard\";q=3;w=3"
        );
        assert_eq!(
            header(&response, "ratelimit"),
            format!("\"abuse-guard\";r={left};t={full_in}")
        );
        assert_eq!(header(&response, "retry-after"), "");
    }
    assert_eq!(send(&guard, get_from("192.0.2.1", "/")).await.status(), 200);

    let refused = send(&guard, get_from("192.0.2.1", "/")).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(header(&refused, "ratelimit"), "\"abuse-guard\";r=0;t=1");
    assert_eq!(
        header(&refused, "ratelimit-policy"),
        "\"abuse-guard\";q=3;w=3"
    );
    assert_eq!(header(&refused, "content-type"), "application/problem+json");
    let body = json(refused).await;
    assert_eq!(body["code"], "rate_limited");
    assert_eq!(body["category"], "rate_limit_error");
    assert_eq!((&body["limit"], &body["remaining"]), (&3.into(), &0.into()));
    assert_eq!(body["retry_after"], 1);
    assert_eq!(body["violated-policies"][0], "abuse-guard");
    assert_eq!(body["trace_id"].as_str().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_enough_and_never_zero() {
    for (count, seconds) in [(1_000_000, 1), (3, 1), (7, 10), (5, 60)] {
        let mut config = RateLimitConfig::new("test");
        config.quota = Quota::new(count, Duration::from_secs(seconds), 2).unwrap();
        let layer = RateLimitLayer::new(config).unwrap();
        let mut refused = send(&layer, get("/")).await;
        while refused.status() != 429 {
            refused = send(&layer, get("/")).await;
        }
        let wait: u64 = header(&refused, "retry-after").parse().unwrap();
        assert!(wait >= 1);
        advance(Duration::from_secs(wait)).await;
        assert_eq!(
            status(&layer, get("/")).await,
            200,
            "{count} in {seconds} s"
        );
    }
}

#[tokio::test]
async fn the_guard_defaults_to_100_a_second_and_200_at_once() {
    let guard = AbuseGuardLayer::new(AbuseGuardConfig::default()).unwrap();
    let response = send(&guard, get_from("192.0.2.1", "/")).await;
    assert_eq!(
        header(&response, "ratelimit-policy"),
        "\"abuse-guard\";q=200;w=2"
    );
    assert_eq!(header(&response, "ratelimit"), "\"abuse-guard\";r=199;t=1");
    assert_eq!(guard.stats().allowed, 1);
}

/// acceptance 21.1 (9, 34)
#[tokio::test(start_paused = true)]
async fn without_headers_only_a_refusal_says_something() {
    let mut config = AbuseGuardConfig::default();
    (config.rate, config.burst) = (1, 1);
    config.headers = RateLimitHeaders::Off;
    let guard = AbuseGuardLayer::new(config).unwrap();
    for (status, retry_after) in [(200, ""), (429, "1")] {
        let response = send(&guard, get_from("192.0.2.1", "/")).await;
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "retry-after"), retry_after);
        assert!(!response.headers().contains_key("ratelimit"));
        assert!(!response.headers().contains_key("ratelimit-policy"));
    }
}

/// acceptance 21.1 (9)
#[tokio::test(start_paused = true)]
async fn the_customary_headers_are_there_when_asked_for() {
    let mut config = AbuseGuardConfig::default();
    config.headers = RateLimitHeaders::WithCustomary;
    let guard = AbuseGuardLayer::new(config).unwrap();
    let response = send(&guard, get_from("192.0.2.1", "/")).await;
    assert_eq!(header(&response, "x-ratelimit-limit"), "200");
    assert_eq!(header(&response, "x-ratelimit-remaining"), "199");
    let reset: i64 = header(&response, "x-ratelimit-reset").parse().unwrap();
    let now = plumego_stdx::Timestamp::now().unix_seconds();
    assert!((now..=now + 2).contains(&reset), "{reset} {now}");
    assert!(response.headers().contains_key("ratelimit"));
}

/// acceptance 21.1 (34)
#[tokio::test(start_paused = true)]
async fn operational_routes_are_not_counted() {
    let layer = one_each(Key::client_ip());
    for _ in 0..10 {
        let mut route = RouteInfo::new(Methods::One(Method::GET), "/healthz");
        route.operational = true;
        let response = send(&layer, routed(get_from("192.0.2.1", "/healthz"), route)).await;
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("ratelimit"));
    }
    assert_eq!(layer.stats().allowed, 0);
    assert_eq!(status(&layer, get_from("192.0.2.1", "/")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn preflights_are_not_counted() {
    let layer = one_each(Key::client_ip());
    for _ in 0..10 {
        let request = automatic(preflight("192.0.2.1"));
        assert_eq!(status(&layer, request).await, 200);
    }
    assert_eq!(layer.stats().allowed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_may_be_a_header() {
    let layer = one_each(Key::header(HeaderName::from_static("x-api-key")));
    let by = |key: &str| with(get("/"), "x-api-key", key);
    for (request, expected) in [
        (by("a"), 200),
        (by("b"), 200),
        (by("a"), 429),
        (get("/"), 200),
        (get("/"), 429),
        // Two values are neither the one nor the other.
        (with(by("a"), "x-api-key", "b"), 200),
        (by("ab"), 200),
    ] {
        assert_eq!(status(&layer, request).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_may_be_the_route_whatever_its_parameters() {
    let layer = one_each(Key::route());
    let on = |index: usize, path: &str| {
        let mut route = RouteInfo::new(Methods::One(Method::GET), "/users/{id}");
        route.index = index;
        routed(get(path), route)
    };
    for (request, expected) in [
        (on(0, "/users/1"), 200),
        (on(0, "/users/2"), 429),
        (on(1, "/orders/1"), 200),
        (get("/nowhere"), 200),
        (get("/elsewhere"), 429),
    ] {
        assert_eq!(status(&layer, request).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_may_be_anything_and_be_joined() {
    #[derive(Clone)]
    struct Account(&'static str);
    let account = Key::by(|request| request.extensions.get().map(|it: &Account| it.0.to_owned()));
    let layer = one_each(account.and(Key::client_ip()));
    let asked = |who: &'static str, ip: &str| {
        let mut request = get_from(ip, "/");
        request.extensions_mut().insert(Account(who));
        request
    };
    for (request, expected) in [
        (asked("ann", "192.0.2.1"), 200),
        (asked("ann", "192.0.2.2"), 200),
        (asked("bob", "192.0.2.1"), 200),
        (asked("ann", "192.0.2.1"), 429),
        (get_from("192.0.2.1", "/"), 200),
        (get_from("192.0.2.1", "/"), 429),
    ] {
        assert_eq!(status(&layer, request).await, expected);
    }
}

/// A header that the client makes up, joined with its address, is a new quota for each value. Two
/// layers bound both.
#[tokio::test(start_paused = true)]
async fn two_layers_bound_what_a_joined_key_does_not() {
    let api_key = || Key::header(HeaderName::from_static("x-api-key"));
    let joined = one_each(Key::client_ip().and(api_key()));
    let by_both = tower::layer::util::Stack::new(one_each(api_key()), one_each(Key::client_ip()));
    for (request, expected) in [(0, 200), (1, 429), (2, 429)] {
        let made_up = || {
            with(
                get_from("192.0.2.1", "/"),
                "x-api-key",
                &request.to_string(),
            )
        };
        assert_eq!(status(&joined, made_up()).await, 200);
        assert_eq!(send(&by_both, made_up()).await.status(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn clones_count_together_and_limits_inside_each_other_both_speak() {
    let layer = one_each(Key::client_ip());
    let other_group = layer.clone();
    assert_eq!(status(&layer, get_from("192.0.2.1", "/")).await, 200);
    assert_eq!(status(&other_group, get_from("192.0.2.1", "/")).await, 429);

    let mut config = RateLimitConfig::new("login");
    config.quota = Quota::new(5, Duration::from_mins(1), 5).unwrap();
    let inner = RateLimitLayer::new(config).unwrap();
    let stack = tower::layer::util::Stack::new(inner, guard(100, 200));
    let response = send(&stack, get_from("192.0.2.1", "/")).await;
    let lines: Vec<_> = response.headers().get_all("ratelimit").iter().collect();
    assert_eq!(lines, ["\"login\";r=4;t=12", "\"abuse-guard\";r=199;t=1"]);
}

#[tokio::test]
async fn the_context_knows_why_so_that_log_and_metrics_do() {
    let layer = one_each(Key::client_ip());
    let mut first = get("/");
    let mut second = get("/");
    let contexts = [
        RequestContext::of(&mut first),
        RequestContext::of(&mut second),
    ];
    send(&layer, first).await;
    send(&layer, second).await;
    assert_eq!(contexts[0].error_code(), None);
    assert_eq!(contexts[1].error_code(), Some("rate_limited"));
    let stats = layer.stats();
    assert_eq!((stats.allowed, stats.refused, stats.keys), (1, 1, 1));
}

#[test]
fn a_configuration_out_of_bounds_is_refused_by_name() {
    let mut config = AbuseGuardConfig::default();
    config.rate = 1_000_000_001;
    let error = AbuseGuardLayer::new(config).unwrap_err().to_string();
    assert!(
        error.starts_with("rate limit: the rate is 1000000001"),
        "{error}"
    );
    let mut config = RateLimitConfig::new("test");
    config.max_keys = 0;
    let error = RateLimitLayer::new(config).unwrap_err().to_string();
    assert!(error.contains("number of keys is 0"), "{error}");
    let mut config = RateLimitConfig::new("test");
    config.name = "a\"b".to_owned();
    let error = RateLimitLayer::new(config).unwrap_err().to_string();
    assert!(error.contains("the name is"), "{error}");
    let of_the_guard = RateLimitConfig::new(AbuseGuardLayer::NAME);
    let error = RateLimitLayer::new(of_the_guard).unwrap_err().to_string();
    assert!(error.contains("is that of the abuse guard"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_options_itself_is_counted() {
    for methods in [Methods::Any, Methods::One(Method::OPTIONS)] {
        let layer = one_each(Key::client_ip());
        for expected in [200, 429] {
            let route = RouteInfo::new(methods.clone(), "/expensive");
            let request = routed(preflight("192.0.2.1"), route);
            assert_eq!(status(&layer, request).await, expected);
        }
    }
    // So is a fallback, which has no route.
    let layer = one_each(Key::client_ip());
    for expected in [200, 429] {
        assert_eq!(status(&layer, preflight("192.0.2.1")).await, expected);
    }
    // An OPTIONS request that is no preflight is none.
    let layer = one_each(Key::client_ip());
    for expected in [200, 429] {
        let mut request = automatic(from("192.0.2.1", get("/")));
        *request.method_mut() = Method::OPTIONS;
        assert_eq!(status(&layer, request).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_preflight_with_credentials_is_a_guess_at_them_and_counts() {
    for name in ["authorization", "cookie", "proxy-authorization"] {
        for value in ["Bearer guess", ""] {
            let layer = one_each(Key::client_ip());
            for expected in [200, 429] {
                let request = with(automatic(preflight("192.0.2.1")), name, value);
                assert_eq!(status(&layer, request).await, expected, "{name}: {value}");
            }
        }
    }
}

/// A request that waited for its turn between its head and the check was refused for those that
/// were counted in the meantime.
#[tokio::test(start_paused = true)]
async fn a_request_that_waited_for_its_turn_is_counted_when_it_has_it() {
    let layer = guard(1000, 1);
    let mut waited = get_from("192.0.2.1", "/");
    RequestContext::of(&mut waited);
    advance(Duration::from_millis(10)).await;
    assert_eq!(send(&layer, get_from("192.0.2.1", "/")).await.status(), 200);
    advance(Duration::from_millis(2)).await;
    assert_eq!(send(&layer, waited).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn another_quota_holds_from_the_next_request_on() {
    let guard = guard(1, 3);
    for _ in 0..3 {
        assert_eq!(send(&guard, get_from("192.0.2.1", "/")).await.status(), 200);
    }
    assert_eq!(send(&guard, get_from("192.0.2.1", "/")).await.status(), 429);
    // More at once: what was used up stays so, and there is room beside it.
    guard.set(1, 5).unwrap();
    let response = send(&guard, get_from("192.0.2.1", "/")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "ratelimit-policy"),
        "\"abuse-guard\";q=5;w=5"
    );
    assert_eq!(header(&response, "ratelimit"), "\"abuse-guard\";r=1;t=4");
    // Less: nobody gets anything free by it.
    guard.set(1, 1).unwrap();
    let refused = send(&guard, get_from("192.0.2.1", "/")).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(
        header(&refused, "ratelimit-policy"),
        "\"abuse-guard\";q=1;w=1"
    );
    assert_eq!(send(&guard, get_from("192.0.2.2", "/")).await.status(), 200);
    assert_eq!(send(&guard, get_from("192.0.2.2", "/")).await.status(), 429);
    advance(Duration::from_secs(1)).await;
    assert_eq!(send(&guard, get_from("192.0.2.2", "/")).await.status(), 200);
    for (rate, burst) in [(0, 1), (1, 0), (1, u64::MAX)] {
        assert!(guard.set(rate, burst).is_err());
    }
    assert_eq!(send(&guard, get_from("192.0.2.2", "/")).await.status(), 429);
}
