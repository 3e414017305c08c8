//! Cookies in and out.

use std::time::Duration;

use plumego_contract::extract::{
    Cookie, Cookies, MAX_COOKIE_BYTES, MAX_COOKIES, SameSite, SetCookie, TypedCookie,
};
use plumego_contract::{Error, IntoResponse};

use super::{Ask, told};

async fn cookies(lines: &[&str]) -> Result<Cookies, Error> {
    let ask = lines
        .iter()
        .fold(Ask::get("/"), |ask, line| ask.header("cookie", line));
    ask.take().await
}

#[tokio::test]
async fn cookies_are_decoded_and_the_first_of_a_name_wins() {
    let read = cookies(&["a=1; b=x%20y;; =; c; a=2", "d=é; e=\"q\"; f=a=b; g=%FF"])
        .await
        .unwrap();
    let pairs: Vec<(&str, &str)> = read.iter().collect();
    assert_eq!(
        pairs,
        [
            ("a", "1"),
            ("b", "x y"),
            ("a", "2"),
            ("d", "é"),
            ("e", "\"q\""),
            ("f", "a=b")
        ]
    );
    assert_eq!(read.get("a"), Some("1"));
    assert_eq!(read.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(read.get("A"), None);
    assert_eq!(cookies(&[]).await.unwrap(), Cookies::default());
}

#[tokio::test]
async fn cookies_are_bounded_in_number_and_bytes() {
    let at = vec!["a=1"; MAX_COOKIES].join(";");
    assert_eq!(cookies(&[&at]).await.unwrap().iter().count(), MAX_COOKIES);
    assert_eq!(told(cookies(&[&at, "a=1"]).await), (400, "invalid_cookie"));
    let long = format!("a={}", "x".repeat(MAX_COOKIE_BYTES - 2));
    assert!(cookies(&[&long]).await.is_ok());
    assert_eq!(told(cookies(&[&long, "b"]).await), (400, "invalid_cookie"));
}

#[derive(Debug, PartialEq)]
struct Page(u32);

impl TypedCookie for Page {
    const NAME: &'static str = "page";

    fn parse(value: &str) -> Option<Self> {
        value.parse().ok().map(Self)
    }
}

#[tokio::test]
async fn a_typed_cookie_is_missing_malformed_or_there() {
    let ask = || Ask::get("/");
    assert_eq!(
        told(ask().take::<Cookie<Page>, _>().await),
        (400, "invalid_cookie")
    );
    assert_eq!(ask().take::<Option<Cookie<Page>>, _>().await.unwrap(), None);
    let there = ask().header("cookie", "page=7");
    assert_eq!(there.take::<Cookie<Page>, _>().await.unwrap().0, Page(7));
    let malformed = ask()
        .header("cookie", "page=secret")
        .take::<Option<Cookie<Page>>, _>()
        .await;
    assert_eq!(
        malformed.unwrap_err().detail(),
        Some("The cookie `page` cannot be read.")
    );
}

#[test]
fn the_defaults_of_a_cookie_protect_it() {
    let header = |cookie: SetCookie| cookie.to_header().unwrap();
    assert_eq!(
        header(SetCookie::new("a", "1")),
        "a=1; HttpOnly; SameSite=Lax; Secure; Path=/"
    );
    let open = SetCookie::new("a", "1")
        .secure(false)
        .http_only(false)
        .same_site(SameSite::Strict)
        .path("/app")
        .domain("example.com")
        .max_age(Duration::from_millis(1_999));
    assert_eq!(
        header(open),
        "a=1; SameSite=Strict; Path=/app; Domain=example.com; Max-Age=1"
    );
    let removed = header(SetCookie::remove("a"));
    assert!(
        removed.to_str().unwrap().ends_with("Max-Age=0"),
        "{removed:?}"
    );
}

#[test]
fn neither_name_nor_value_nor_attribute_breaks_out() {
    let value = "x; Domain=evil.example\r\nSet-Cookie: b=2";
    let header = SetCookie::new("a; b", value).to_header().unwrap();
    let text = header.to_str().unwrap();
    assert!(
        text.starts_with("a%3B%20b=x%3B%20Domain%3Devil.example%0D%0ASet-Cookie%3A%20b%3D2;"),
        "{text}"
    );
    for broken in [
        SetCookie::new("", "1"),
        SetCookie::new("a", "1").path("/; Domain=evil.example"),
        SetCookie::new("a", "1").domain("a\r\nb"),
    ] {
        assert_eq!(told(broken.to_header()), (500, "internal"));
        assert_eq!((broken, "text").into_response().status(), 500);
    }
}

#[test]
fn several_cookies_go_in_front_of_an_answer() {
    let both = [SetCookie::new("a", "1"), SetCookie::new("b", "2")];
    let response = (both, (SetCookie::new("c", "3"), "text")).into_response();
    let names: Vec<&str> = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|line| &line.to_str().unwrap()[..1])
        .collect();
    assert_eq!(names, ["c", "a", "b"]);
}
