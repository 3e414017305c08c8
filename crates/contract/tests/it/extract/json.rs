//! `Json` in: content type, size, depth, trailing data, pointers.

use std::collections::BTreeMap;

use plumego_contract::{Error, Json, UnknownFields};
use plumego_stdx::Limit;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::{Ask, chunked, fields, told};

#[derive(Debug, PartialEq, Deserialize)]
struct Order {
    id: u32,
    #[serde(default)]
    items: Vec<Item>,
    kind: Option<Kind>,
    #[serde(default)]
    extra: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    #[serde(rename = "n/a~me")]
    name: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Plain,
    Gift { to: String },
}

fn ask() -> Ask {
    Ask::post("/").header("content-type", "application/json")
}

async fn order(body: impl Into<plumego_contract::Body>) -> Result<Json<Order>, Error> {
    ask().take_from(body).await
}

fn field(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[tokio::test]
async fn a_value_is_read_whole_or_in_chunks() {
    let Json(read) = order(r#" {"id":1,"items":[{"n/a~me":"x"}],"kind":"plain"} "#)
        .await
        .unwrap();
    assert_eq!(
        (read.id, read.items.len(), read.kind),
        (1, 1, Some(Kind::Plain))
    );
    let Json(read) = order(chunked(["{\"i", "d\":", "2}\n"])).await.unwrap();
    assert_eq!(read.id, 2);
}

#[tokio::test]
async fn the_content_type_is_checked() {
    for (kind, expected) in [
        ("application/json", (200, "ok")),
        ("Application/JSON;charset=utf-8", (200, "ok")),
        ("application/json; charset=\"UTF-8\"", (200, "ok")),
        ("application/vnd.api+json", (200, "ok")),
        (
            "application/json; charset=utf-16",
            (415, "unsupported_media_type"),
        ),
        ("text/json", (415, "unsupported_media_type")),
        ("text/plain", (415, "unsupported_media_type")),
        ("json", (415, "unsupported_media_type")),
        (
            "application/json, text/plain",
            (415, "unsupported_media_type"),
        ),
    ] {
        let ask = Ask::post("/").header("content-type", kind);
        let read = ask.take_from::<Json<Order>, _>(r#"{"id":1}"#).await;
        assert_eq!(told(read), expected, "{kind}");
    }
    let read = Ask::post("/")
        .take_from::<Json<Order>, _>(r#"{"id":1}"#)
        .await;
    assert_eq!(told(read), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn nothing_at_all_is_absent_and_an_empty_document_is_not() {
    let nothing = Ask::post("/").take::<Option<Json<Order>>, _>().await;
    assert_eq!(nothing.unwrap(), None);
    assert_eq!(
        told(Ask::post("/").take::<Json<Order>, _>().await),
        (400, "invalid_json")
    );
    let empty = ask().take::<Option<Json<Order>>, _>().await;
    assert_eq!(told(empty), (400, "invalid_json"));
}

#[tokio::test]
async fn what_is_not_one_value_is_refused_with_its_place() {
    for body in [
        "{",
        "  ",
        "nul",
        r#"{"id":1} x"#,
        r#"{"id":1}{"id":2}"#,
        r#"{"id":1,}"#,
        "{'id':1}",
        "\u{feff}{\"id\":1}",
    ] {
        assert_eq!(told(order(body).await), (400, "invalid_json"), "{body}");
    }
    let error = order("{\n  \"id\": ?}").await.unwrap_err();
    let detail = error.detail().unwrap();
    assert!(detail.ends_with("at line 2 column 9."), "{detail}");
    let error = order(&b"{\"id\":\"\xff\"}"[..]).await.unwrap_err();
    assert_eq!(error.detail(), Some("The body is not UTF-8 after byte 7."));
}

#[tokio::test]
async fn the_depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let read = |body: String| async move { ask().take_from::<Json<Value>, _>(body).await };
    assert!(read(nested(127)).await.is_ok());
    assert_eq!(told(read(nested(128)).await), (400, "invalid_json"));
    assert_eq!(
        told(read("[".repeat(1_000_000)).await),
        (400, "invalid_json")
    );
}

// acceptance 21.1 (24), 21.2 (18)
#[tokio::test]
async fn a_body_of_exactly_the_limit_passes_and_one_byte_more_is_413() {
    let body = r#"{"id":1}"#;
    let limited = |limit: u64| ask().app(|app| app.max_body_bytes = Limit::At(limit));
    let size = body.len() as u64;
    for chunks in [vec![body], body.split_inclusive(':').collect()] {
        let read = limited(size)
            .take_from::<Json<Order>, _>(chunked(chunks.clone()))
            .await;
        assert_eq!(told(read), (200, "ok"));
        let read = limited(size - 1)
            .take_from::<Json<Order>, _>(chunked(chunks))
            .await;
        assert_eq!(told(read), (413, "body_too_large"));
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_by_its_pointer() {
    for (body, pointer, code) in [
        (r#"{"id":"x"}"#, "/id", "invalid_type"),
        (r#"{"id":-1}"#, "/id", "invalid_value"),
        (r#"{"items":[]}"#, "/id", "required"),
        (r#"{"id":1,"id":2}"#, "/id", "duplicate_field"),
        (
            r#"{"id":1,"items":[{"n/a~me":"a"},{"n/a~me":7}]}"#,
            "/items/1/n~1a~0me",
            "invalid_type",
        ),
        (r#"{"id":1,"items":[{}]}"#, "/items/0/n~1a~0me", "required"),
        (r#"{"id":1,"kind":"odd"}"#, "/kind", "unknown_variant"),
        (
            r#"{"id":1,"kind":{"gift":{"to":1}}}"#,
            "/kind/gift/to",
            "invalid_type",
        ),
        (
            r#"{"id":1,"extra":{"a/b":999}}"#,
            "/extra/a~1b",
            "invalid_value",
        ),
        ("[]", "", "invalid_length"),
        ("7", "", "invalid_type"),
    ] {
        let read = order(body).await;
        assert_eq!(
            told(order(body).await),
            (422, "validation_failed"),
            "{body}"
        );
        assert_eq!(fields(read), field(pointer, code), "{body}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    #[serde(default)]
    inner: Option<Box<Closed>>,
}

#[tokio::test]
async fn an_unknown_field_is_named_once() {
    for (body, pointer) in [
        (r#"{"x":1}"#, "/x"),
        (r#"{"inner":{"x/y":1}}"#, "/inner/x~1y"),
        (r#"{"inner":{"inner":{"inners":1}}}"#, "/inner/inner/inners"),
    ] {
        let read = ask().take_from::<Json<Closed>, _>(body).await;
        assert!(
            read.as_ref()
                .is_ok_and(|Json(closed)| closed.inner.is_none())
                || read.is_err()
        );
        assert_eq!(fields(read), field(pointer, "unknown_field"), "{body}");
    }
}

// acceptance 21.2 (24)
#[tokio::test]
async fn what_the_client_sent_is_not_told_back() {
    let secret = "s".repeat(100_000);
    for body in [
        format!(r#"{{"id":"{secret}"}}"#),
        format!(r#"{{"id":1,"kind":"{secret}"}}"#),
        format!(r#"{{"id":1,"kind":"{secret}, expected {secret}"}}"#),
    ] {
        let shown = order(body).await.unwrap_err().to_string();
        assert!(!shown.contains("ss") || shown.len() < 700, "{shown}");
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored_or_all_refused_by_choice() {
    let body = r#"{"id":1,"a":1,"items":[{"n/a~me":"x","b":{"c":1}}],"d/e":2}"#;
    assert!(order(body).await.is_ok());
    let strict = || ask().app(|app| app.json.unknown_fields = UnknownFields::Deny);
    let read = strict().take_from::<Json<Order>, _>(body).await;
    assert_eq!(
        told(strict().take_from::<Json<Order>, _>(body).await),
        (422, "validation_failed")
    );
    let pointers: Vec<String> = fields(read)
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(pointers, ["/a", "/items/0/b", "/d~1e"]);
    let trailing = strict().take_from::<Json<Order>, _>(r#"{"id":1} {"#).await;
    assert_eq!(told(trailing), (400, "invalid_json"));
    let wrong = strict()
        .take_from::<Json<Order>, _>(r#"{"a":1,"id":"x"}"#)
        .await;
    assert_eq!(fields(wrong), field("/id", "invalid_type"));
}

#[tokio::test]
async fn the_list_of_unknown_fields_is_bounded() {
    let many: String = (0..10_000)
        .map(|i| format!(r#""{}{i}":1,"#, "k".repeat(100)))
        .collect();
    let read = ask()
        .app(|app| app.json.unknown_fields = UnknownFields::Deny)
        .take_from::<Json<Order>, _>(format!(r#"{{{many}"id":1}}"#))
        .await;
    let listed = fields(read);
    assert_eq!(listed.len(), 32);
    assert!(listed.iter().all(|(pointer, _)| pointer.len() < 80));
}

proptest! {
    #[test]
    fn no_bytes_panic_or_are_the_servers_fault(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let status = told(runtime.block_on(order(body))).0;
        prop_assert!([200, 400, 422].contains(&status), "{status}");
    }
}
