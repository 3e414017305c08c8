//! `Valid`: rules of the type, all violations at once.

use garde::Validate;
use plumego_contract::extract::{self, Form, Path, Query, Valid};
use plumego_contract::{Error, FieldError, Json};
use serde::Deserialize;

use super::{Ask, fields, told};

#[derive(Debug, Deserialize, Validate)]
struct Order {
    #[garde(length(min = 1))]
    name: String,
    #[garde(range(min = 1, max = 9))]
    count: u8,
    #[garde(dive)]
    #[serde(default)]
    items: Vec<Item>,
    #[garde(inner(length(max = 3)))]
    note: Option<String>,
}

#[derive(Debug, Deserialize, Validate)]
struct Item {
    #[garde(ascii)]
    name: String,
}

async fn order(body: &str) -> Result<Valid<Json<Order>>, Error> {
    let ask = Ask::post("/").header("content-type", "application/json");
    ask.take_from(body.to_owned()).await
}

// acceptance 21.2 (30)
#[tokio::test]
async fn values_that_keep_the_rules_pass_and_a_null_is_no_violation() {
    let body = r#"{"name":"a","count":1,"items":[{"name":"x"}],"note":null}"#;
    let Valid(Json(read)) = order(body).await.unwrap();
    assert_eq!((read.name.as_str(), read.items.len()), ("a", 1));
}

#[tokio::test]
async fn every_violation_is_listed_with_its_pointer() {
    let body = r#"{"name":"","count":0,"items":[{"name":"x"},{"name":"é"}],"note":"long"}"#;
    let read = order(body).await;
    assert_eq!(told(order(body).await), (422, "validation_failed"));
    let pointers: Vec<String> = fields(read)
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(pointers, ["/count", "/items/1/name", "/name", "/note"]);
}

#[tokio::test]
async fn the_list_of_violations_is_bounded() {
    let items = vec![r#"{"name":"é"}"#; 1_000].join(",");
    let read = order(&format!(r#"{{"name":"a","count":1,"items":[{items}]}}"#)).await;
    assert_eq!(fields(read).len(), 100);
}

#[tokio::test]
async fn errors_of_the_inner_extractor_come_first() {
    assert_eq!(told(order("{").await), (400, "invalid_json"));
    let absent = Ask::post("/").take::<Option<Valid<Json<Order>>>, _>().await;
    assert!(absent.unwrap().is_none());
}

#[tokio::test]
async fn forms_queries_and_paths_are_checked_too() {
    let query = Ask::get("/?name=&count=10")
        .take::<Valid<Query<Item>>, _>()
        .await;
    assert_eq!(told(query), (200, "ok"));
    let query = Ask::get("/?name=%C3%A9")
        .take::<Valid<Query<Item>>, _>()
        .await;
    assert_eq!(fields(query), [("/name".to_owned(), "invalid".to_owned())]);
    let path = Ask::get("/")
        .param("name", "é")
        .take::<Valid<Path<Item>>, _>()
        .await;
    assert_eq!(told(path), (422, "validation_failed"));
    let form = Ask::post("/").header("content-type", "application/x-www-form-urlencoded");
    let form = form.take_from::<Valid<Form<Item>>, _>("name=%C3%A9").await;
    assert_eq!(told(form), (422, "validation_failed"));
}

#[derive(Debug, Deserialize)]
struct ByHand {
    from: u8,
    to: u8,
}

impl extract::Validate for ByHand {
    fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.from <= self.to {
            return Ok(());
        }
        Err(vec![FieldError::at(
            "to",
            "order",
            "must not be before `from`",
        )])
    }
}

#[tokio::test]
async fn rules_can_be_written_by_hand() {
    let read = |query: &str| Ask::get(query).take::<Valid<Query<ByHand>>, _>();
    assert!(read("/?from=1&to=2").await.is_ok());
    let refused = read("/?from=2&to=1").await;
    assert_eq!(fields(refused), [("/to".to_owned(), "order".to_owned())]);
}
