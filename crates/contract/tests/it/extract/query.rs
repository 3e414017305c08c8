//! `Query`: repeated keys, absence, bounds.

use plumego_contract::extract::{MAX_PAIRS, MAX_QUERY_BYTES, Query};
use serde::Deserialize;

use super::{Ask, fields, told};

#[derive(Debug, PartialEq, Deserialize)]
struct Search {
    q: String,
    page: Option<u32>,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Loose {
    page: Option<u32>,
}

async fn search(query: &str) -> Result<Search, plumego_contract::Error> {
    let Query(search) = Ask::get(&format!("/?{query}"))
        .take::<Query<Search>, _>()
        .await?;
    Ok(search)
}

#[tokio::test]
async fn repeated_keys_fill_a_list_and_escapes_are_decoded() {
    let expected = Search {
        q: "a b&c".to_owned(),
        page: Some(2),
        tag: vec!["x".to_owned(), "é".to_owned()],
    };
    let read = search("q=a+b%26c&page=2&tag=x&tag=%C3%A9&other=1").await;
    assert_eq!(read.unwrap(), expected);
    assert_eq!(search("q=&page=").await.unwrap().page, None);
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    for (query, expected) in [
        ("page=2", ("/q", "required")),
        ("q=1&page=x", ("/page", "invalid")),
        ("q=1&page=1&page=2", ("/page", "invalid")),
    ] {
        let error = search(query).await.unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (400, "invalid_query")
        );
        let found = fields::<()>(Err(error));
        assert_eq!(
            found,
            [(expected.0.to_owned(), expected.1.to_owned())],
            "{query}"
        );
    }
}

#[tokio::test]
async fn no_query_at_all_is_absent_only_when_one_is_needed() {
    for uri in ["/", "/?"] {
        let read = Ask::get(uri).take::<Option<Query<Search>>, _>().await;
        assert_eq!(read.unwrap(), None, "{uri}");
        let loose = Ask::get(uri).take::<Option<Query<Loose>>, _>().await;
        assert_eq!(loose.unwrap(), Some(Query(Loose::default())), "{uri}");
        let needed = Ask::get(uri).take::<Query<Search>, _>().await;
        assert_eq!(told(needed), (400, "invalid_query"), "{uri}");
    }
    let malformed = Ask::get("/?page=x")
        .take::<Option<Query<Search>>, _>()
        .await;
    assert_eq!(told(malformed), (400, "invalid_query"));
}

#[tokio::test]
async fn a_query_string_is_bounded_in_pairs_and_bytes() {
    type Pairs = Vec<(String, String)>;
    let at = vec!["a=1"; MAX_PAIRS].join("&");
    let Query(pairs) = Query::<Pairs>::from_uri(&format!("/?{at}").parse().unwrap()).unwrap();
    assert_eq!(pairs.len(), MAX_PAIRS);
    let over = Query::<Pairs>::from_uri(&format!("/?{at}&a=1").parse().unwrap());
    assert_eq!(told(over), (400, "invalid_query"));
    // `http::Uri` itself ends just below 64 KiB; the bound is ours all the same.
    let long = format!("/?a={}", "x".repeat(MAX_QUERY_BYTES - 10));
    let read = Query::<Pairs>::from_uri(&long.parse().unwrap()).unwrap();
    assert_eq!(read.0.len(), 1);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused_and_a_stray_percent_is_not() {
    assert_eq!(told(search("q=%FF").await), (400, "invalid_query"));
    assert_eq!(search("q=100%").await.unwrap().q, "100%");
}

#[tokio::test]
async fn the_value_of_the_client_is_not_told_back() {
    let secret = "s".repeat(5_000);
    let error = search(&format!("q=1&page={secret}")).await.unwrap_err();
    let shown = error.to_string();
    assert!(!shown.contains("sss") && shown.len() < 400, "{shown}");
}
