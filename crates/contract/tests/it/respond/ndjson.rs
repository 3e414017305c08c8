//! One JSON value a line.

use plumego_contract::respond::SendError;
use plumego_contract::{Body, BoxError, Error, IntoResponse, Ndjson};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Unencodable, context, frames, header, items};

fn body(ndjson: Ndjson) -> Body {
    ndjson.into_response().into_body()
}

/// A value that may be encoded or not.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Item {
    Good(u8),
    Bad(Unencodable),
}

#[tokio::test]
async fn each_item_is_a_line_and_a_frame() {
    let response = Ndjson::infallible(items(["a", "b\nc"])).respond(&context("/"));
    assert_eq!(
        header(&response, "content-type"),
        Some("application/x-ndjson")
    );
    let (lines, result) = frames(response.into_body()).await;
    assert_eq!(lines, ["\"a\"\n", "\"b\\nc\"\n"]);
    assert!(result.is_ok());

    let (lines, _) = frames(body(Ndjson::new(items([Ok::<_, BoxError>(7)])))).await;
    assert_eq!(lines, ["7\n"]);
}

#[tokio::test]
async fn an_item_that_cannot_be_encoded_cuts_the_body_after_the_last_whole_line() {
    let bad = || [Item::Good(1), Item::Bad(Unencodable), Item::Good(3)];
    let fallible = Ndjson::new(items(bad().map(Ok::<_, BoxError>)));
    for ndjson in [fallible, Ndjson::infallible(items(bad()))] {
        let (lines, result) = frames(body(ndjson)).await;
        assert_eq!(lines, ["1\n"]);
        assert!(result.is_err());
    }
}

#[tokio::test]
async fn a_producer_that_goes_on_after_an_item_that_cannot_be_encoded_sends_nothing_more() {
    let ndjson = Ndjson::produce(async |lines| {
        lines.send(&1).await?;
        let refused = lines.send(&Unencodable).await;
        assert!(matches!(refused, Err(SendError::Encode(_))));
        lines.send(&3).await?;
        Ok(())
    });
    let (lines, result) = frames(body(ndjson)).await;
    assert_eq!(lines, ["1\n"]);
    assert!(result.is_err());
}

#[tokio::test]
async fn an_error_of_the_stream_cuts_the_body_and_nothing_follows() {
    let stream = items([Ok(1), Err(Error::conflict("c", "c")), Ok(3)]);
    let (lines, result) = frames(body(Ndjson::new(stream))).await;
    assert_eq!(lines, ["1\n"]);
    assert!(result.unwrap_err().downcast::<Error>().is_ok());
}

#[tokio::test]
async fn a_producer_sends_unsized_and_borrowed_values() {
    let ndjson = Ndjson::produce(async |lines| {
        let owned = [1, 2];
        lines.send("text").await?;
        lines.send(&owned[..]).await?;
        lines.send(&json!({"a": null})).await?;
        Ok(())
    });
    let (lines, result) = frames(body(ndjson)).await;
    assert_eq!(lines, ["\"text\"\n", "[1,2]\n", "{\"a\":null}\n"]);
    assert!(result.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_stays_on_its_line(texts in proptest::collection::vec(any::<String>(), 0..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ndjson = Ndjson::infallible(items(texts.clone()));
        let bytes = runtime.block_on(body(ndjson).into_bytes(u64::MAX)).unwrap();
        let lines: Vec<Value> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        prop_assert_eq!(lines, texts.into_iter().map(Value::from).collect::<Vec<_>>());
    }
}
