use http::header::{CONTENT_SECURITY_POLICY, HOST, X_FRAME_OPTIONS};
use http::{HeaderName, HeaderValue};
use plumego_contract::{
    Body, Connection, Error, FromParts, Request, RequestContext, Response, codes,
};
use plumego_middleware::rate_limit::{Key, RateLimitConfig, RateLimitLayer};
use plumego_middleware::{RecoverLayer, SecurityHeadersLayer};
use plumego_security::headers::{Csp, CspNonce, Directive, HeaderPolicy, Source};
use plumego_security::limit::Quota;
use tower::{Layer, ServiceExt};

use crate::harness::{Handler, bytes, get, header, run};

async fn page(_: Request) -> Response {
    Response::new(Body::from("<!doctype html>"))
}

async fn fails(mut request: Request) -> Response {
    Error::new(codes::INTERNAL).respond(&RequestContext::of(&mut request))
}

fn https(host: &'static str) -> Request {
    let mut request = get("/");
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static(host));
    let connection = Connection::default().with_tls(true);
    request.extensions_mut().insert(connection);
    request
}

/// The answers that the standard and the strict policy give over `https`: a page and an error.
async fn answers() -> Vec<Response> {
    let mut answers = Vec::new();
    for policy in [HeaderPolicy::standard(), HeaderPolicy::strict()] {
        let layer = SecurityHeadersLayer::new(policy);
        answers.push(run(layer.clone(), page, https("shop.example")).await);
        answers.push(run(layer, fails, https("shop.example")).await);
    }
    answers
}

fn csp_of(response: &Response) -> Vec<String> {
    let csp = header(response, "content-security-policy");
    csp.split("; ").map(str::to_owned).collect()
}

/// OWASP ASVS 5.0, 3.4.1: a year at least; strict: subdomains too.
#[tokio::test]
async fn asvs_3_4_1_strict_transport_security() {
    let values: Vec<_> = answers()
        .await
        .iter()
        .map(|answer| header(answer, "strict-transport-security").to_owned())
        .collect();
    let (own, all) = ("max-age=31536000", "max-age=31536000; includeSubDomains");
    assert_eq!(values, [own, own, all, all]);
}

/// OWASP ASVS 5.0, 3.4.3: object-src and base-uri are 'none', and an allow-list, nonce or hash is
/// there.
#[tokio::test]
async fn asvs_3_4_3_content_security_policy() {
    for answer in answers().await {
        let csp = csp_of(&answer);
        assert!(csp.contains(&"object-src 'none'".to_owned()), "{csp:?}");
        assert!(csp.contains(&"base-uri 'none'".to_owned()), "{csp:?}");
        assert!(csp[0].starts_with("default-src '"), "{csp:?}");
        let text = csp.join(";");
        assert!(!text.contains("unsafe") && !text.contains('*'), "{text}");
    }
}

/// OWASP ASVS 5.0, 3.4.3 level 3: a policy for each response, with a nonce.
#[tokio::test]
async fn asvs_3_4_3_a_nonce_for_each_response() {
    let csp = Csp::standard()
        .set(Directive::ScriptSrc, [Source::Nonce, Source::StrictDynamic])
        .build()
        .unwrap();
    let layer = SecurityHeadersLayer::new(HeaderPolicy::standard().csp(csp));
    let handler = |request: Request| async move {
        let (mut parts, _) = request.into_parts();
        let nonce = CspNonce::from_parts(&mut parts).await.unwrap();
        Response::new(Body::from(nonce.to_string()))
    };
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let response = run(layer.clone(), handler, get("/")).await;
        let csp = csp_of(&response);
        let nonce = String::from_utf8(bytes(response).await.to_vec()).unwrap();
        assert_eq!(
            csp[1],
            format!("script-src 'nonce-{nonce}' 'strict-dynamic'")
        );
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

/// OWASP ASVS 5.0, 3.4.4
#[tokio::test]
async fn asvs_3_4_4_nosniff() {
    for answer in answers().await {
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    }
}

/// OWASP ASVS 5.0, 3.4.5: path and query do not leave the site.
#[tokio::test]
async fn asvs_3_4_5_referrer_policy() {
    for answer in answers().await {
        let policy = header(&answer, "referrer-policy");
        assert!(
            ["strict-origin-when-cross-origin", "no-referrer"].contains(&policy),
            "{policy}"
        );
    }
}

/// OWASP ASVS 5.0, 3.4.6: the policy itself says who may frame the page.
#[tokio::test]
async fn asvs_3_4_6_frame_ancestors() {
    for answer in answers().await {
        assert!(csp_of(&answer).contains(&"frame-ancestors 'none'".to_owned()));
        assert_eq!(header(&answer, "x-frame-options"), "DENY");
    }
}

/// OWASP ASVS 5.0, 3.4.7: violations can be reported.
#[tokio::test]
async fn asvs_3_4_7_reports() {
    let csp = Csp::standard().report_to("csp").build().unwrap();
    let policy = HeaderPolicy::standard().csp(csp).set(
        HeaderName::from_static("reporting-endpoints"),
        HeaderValue::from_static("csp=\"/csp-reports\""),
    );
    let answer = run(SecurityHeadersLayer::new(policy), page, get("/")).await;
    assert!(csp_of(&answer).contains(&"report-to csp".to_owned()));
    assert_eq!(
        header(&answer, "reporting-endpoints"),
        "csp=\"/csp-reports\""
    );
}

/// OWASP ASVS 5.0, 3.4.8: `same-origin` or `same-origin-allow-popups`.
#[tokio::test]
async fn asvs_3_4_8_cross_origin_opener_policy() {
    let allow = "same-origin-allow-popups";
    let values: Vec<_> = answers()
        .await
        .iter()
        .map(|answer| header(answer, "cross-origin-opener-policy").to_owned())
        .collect();
    assert_eq!(values, [allow, allow, "same-origin", "same-origin"]);
}

#[tokio::test]
async fn hsts_is_for_secure_requests_alone_and_not_for_localhost() {
    let mut forged = get("/");
    let headers = forged.headers_mut();
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    headers.insert("forwarded", HeaderValue::from_static("proto=https"));
    for (request, expected) in [
        (get("/"), false),
        (forged, false),
        (https("shop.example"), true),
        (https("shop.example:8443"), true),
        (https("localhost.example"), true),
        (https("localhost"), false),
        (https("localhost:8443"), false),
        (https("localhost."), false),
        (https("a.localhost."), false),
        (https("a.localhost.:8443"), false),
        (https("localhost.example."), true),
        (https("app.LocalHost:8443"), false),
    ] {
        let response = run(SecurityHeadersLayer::default(), page, request).await;
        let there = response.headers().contains_key("strict-transport-security");
        assert_eq!(there, expected);
    }
}

#[tokio::test]
async fn what_a_handler_sets_stays() {
    let handler = |_: Request| async {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        response
    };
    let response = run(SecurityHeadersLayer::default(), handler, get("/")).await;
    assert_eq!(header(&response, "x-frame-options"), "SAMEORIGIN");
    assert_eq!(csp_of(&response), ["sandbox"]);
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
}

/// Refusals of the layers below carry the headers, and so does a 500 whose panic was caught below.
#[tokio::test]
async fn refusals_and_panics_below_carry_them_too() {
    let mut config = RateLimitConfig::new("test");
    config.quota = Quota::per_second(1, 1).unwrap();
    config.key = Key::client_ip();
    let limit = RateLimitLayer::new(config).unwrap();
    for status in [500, 429] {
        let broken = Handler(|_: Request| async { panic!("boom") });
        let service = RecoverLayer::new().layer(limit.layer(broken));
        let service = SecurityHeadersLayer::default().layer(service);
        let response = service.oneshot(get("/")).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "x-frame-options"), "DENY");
    }
}

/// A cache would put the new nonce in place of the one that fits the page it has (RFC 9111, 4.3.4).
#[tokio::test]
async fn a_304_has_no_policy_with_a_nonce() {
    let csp = Csp::standard()
        .allow(Directive::ScriptSrc, Source::Nonce)
        .build()
        .unwrap();
    let layer = SecurityHeadersLayer::new(HeaderPolicy::standard().csp(csp));
    for (status, expected) in [(200, true), (304, false)] {
        let handler = move |_: Request| {
            let response = http::Response::builder().status(status);
            std::future::ready(response.body(Body::empty()).unwrap())
        };
        let response = run(layer.clone(), handler, get("/")).await;
        let there = response.headers().contains_key(CONTENT_SECURITY_POLICY);
        assert_eq!(there, expected, "{status}");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
    }
}
