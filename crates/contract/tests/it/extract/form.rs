//! `Form`: content type, method, limits.

use plumego_contract::extract::Form;
use plumego_stdx::Limit;
use serde::Deserialize;

use super::{Ask, chunked, fields, told};

const KIND: &str = "application/x-www-form-urlencoded";

#[derive(Debug, PartialEq, Deserialize)]
struct Login {
    name: String,
    #[serde(default)]
    role: Vec<String>,
}

#[tokio::test]
async fn a_form_is_read_from_the_body_and_with_get_from_the_query() {
    let typed = Ask::post("/?name=query").header("content-type", KIND);
    let Form(login) = typed
        .take_from::<Form<Login>, _>("name=a&role=x&role=y")
        .await
        .unwrap();
    assert_eq!((login.name.as_str(), login.role.len()), ("a", 2));
    let read = Ask::get("/?name=query").take::<Form<Login>, _>().await;
    assert_eq!(read.unwrap().0.name, "query");
    let split = Ask::post("/").header("content-type", KIND);
    let read = split
        .take_from::<Form<Login>, _>(chunked(["na", "me=", "a"]))
        .await;
    assert_eq!(read.unwrap().0.name, "a");
}

#[tokio::test]
async fn the_content_type_is_checked() {
    for (kind, expected) in [
        (KIND, (200, "ok")),
        (
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            (200, "ok"),
        ),
        (
            "application/x-www-form-urlencoded; charset=latin1",
            (415, "unsupported_media_type"),
        ),
        ("application/json", (415, "unsupported_media_type")),
        ("text/plain", (415, "unsupported_media_type")),
        ("nonsense", (415, "unsupported_media_type")),
    ] {
        let ask = Ask::post("/").header("content-type", kind);
        let read = ask.take_from::<Form<Login>, _>("name=a").await;
        assert_eq!(told(read), expected, "{kind}");
    }
    let twice = Ask::post("/")
        .header("content-type", KIND)
        .header("content-type", KIND);
    let read = twice.take_from::<Form<Login>, _>("name=a").await;
    assert_eq!(told(read), (415, "unsupported_media_type"));
    let untyped = Ask::post("/").take_from::<Form<Login>, _>("name=a").await;
    assert_eq!(told(untyped), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn neither_type_nor_body_is_absent() {
    let read = Ask::post("/").take::<Option<Form<Login>>, _>().await;
    assert_eq!(read.unwrap(), None);
    let read = Ask::post("/").take::<Form<Login>, _>().await;
    assert_eq!(told(read), (400, "invalid_form"));
}

#[tokio::test]
async fn a_form_is_bounded_and_its_fields_are_named() {
    let ask = || {
        Ask::post("/").header("content-type", KIND).app(|app| {
            app.max_body_bytes = Limit::At(10);
        })
    };
    assert!(
        ask()
            .take_from::<Form<Login>, _>("name=12345")
            .await
            .is_ok()
    );
    let read = ask().take_from::<Form<Login>, _>("name=123456").await;
    assert_eq!(told(read), (413, "body_too_large"));
    let read = ask().take_from::<Form<Login>, _>("role=x").await;
    assert_eq!(fields(read), [("/name".to_owned(), "required".to_owned())]);
}
