//! `Context`: everything of a request in one argument.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumego_contract::{Context, FromRequest, IntoResponse, RequestContext, SpawnTask};
use plumego_stdx::Limit;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Ask, chunked, told};

#[derive(Debug, PartialEq, Deserialize)]
struct Note {
    text: String,
}

fn json() -> Ask {
    Ask::post("/notes/7?text=query")
        .param("id", "7")
        .header("content-type", "application/json")
}

#[tokio::test]
async fn parameters_and_query_are_typed() {
    let cx: Context = json().take().await.unwrap();
    assert_eq!(cx.param::<u64>("id").unwrap(), 7);
    assert_eq!(cx.param_str("id"), Some("7"));
    assert_eq!(
        told(cx.param::<bool>("id")),
        (400, "invalid_path_parameter")
    );
    assert_eq!(told(cx.param::<u64>("other")), (500, "internal"));
    assert_eq!(cx.query::<Note>().unwrap().text, "query");
    assert_eq!(cx.header("Content-Type"), Some("application/json"));
}

// acceptance 21.1 (24)
#[tokio::test]
async fn the_body_can_be_read_again_in_every_form() {
    let body = chunked(["{\"text\":", "\"a\"}"]);
    let cx: Context = json().take_from(body).await.unwrap();
    for _ in 0..2 {
        assert_eq!(cx.json::<Note>().await.unwrap().text, "a");
        assert_eq!(cx.text().await.unwrap(), "{\"text\":\"a\"}");
        assert_eq!(cx.bytes().await.unwrap().len(), 12);
        assert_eq!(
            told(cx.form::<Note>().await),
            (415, "unsupported_media_type")
        );
    }
    let request = cx.into_request();
    assert_eq!(request.body().as_bytes(), Some(&b"{\"text\":\"a\"}"[..]));
}

#[tokio::test]
async fn two_readers_at_once_get_the_same_body() {
    let cx: Context = json().take_from(chunked(["ab", "cd"])).await.unwrap();
    let cx = Arc::new(cx);
    let other = tokio::spawn({
        let cx = Arc::clone(&cx);
        async move { cx.bytes().await.unwrap() }
    });
    assert_eq!(cx.bytes().await.unwrap(), "abcd");
    assert_eq!(other.await.unwrap(), "abcd");
}

// acceptance 21.1 (24)
#[tokio::test]
async fn a_body_over_the_limit_is_413_and_not_asked_for_again() {
    let ask = json().app(|app| app.max_body_bytes = Limit::At(3));
    let cx: Context = ask.take_from(chunked(["ab", "cd"])).await.unwrap();
    assert_eq!(told(cx.bytes().await), (413, "body_too_large"));
    assert_eq!(told(cx.bytes().await), (400, "body_read"));
}

#[tokio::test]
async fn what_was_not_read_goes_on_with_the_request() {
    let cx: Context = json().take_from(chunked(["ab", "cd"])).await.unwrap();
    let body = cx.into_request().into_body();
    assert_eq!(body.into_bytes(9).await.unwrap(), "abcd");
}

// acceptance 21.1 (23)
#[tokio::test(start_paused = true)]
async fn a_deadline_of_30_s_is_added_and_an_earlier_one_kept() {
    let started = Instant::now();
    let request = json().body("");
    let context = RequestContext::get(request.extensions()).unwrap().clone();
    let cx = Context::from_request(request).await.unwrap();
    assert_eq!(cx.deadline(), Some(started + Duration::from_secs(30)));
    context.limit_deadline(started + Duration::from_secs(5));
    context.limit_deadline(started + Duration::from_mins(1));
    assert_eq!(cx.time_left(), Some(Duration::from_secs(5)));
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(cx.time_left(), Some(Duration::ZERO));
    let none: Context = json()
        .app(|app| app.request_deadline = None)
        .take()
        .await
        .unwrap();
    assert_eq!(none.deadline(), None);
}

/// Keeps the names of the tasks it is given.
#[derive(Default)]
struct Spawned(Mutex<Vec<&'static str>>);

impl SpawnTask for Spawned {
    fn spawn_task(&self, name: &'static str, _task: plumego_contract::BoxTask) -> bool {
        self.0.lock().unwrap().push(name);
        true
    }
}

#[tokio::test]
async fn state_extensions_and_tasks_are_at_hand() {
    let spawned = Arc::new(Spawned::default());
    let tasks = Arc::clone(&spawned);
    let ask = json().peer("203.0.113.7:1").app(move |app| {
        app.state.insert(7_u32);
        app.tasks = Some(tasks);
    });
    let mut request = ask.body("");
    request.extensions_mut().insert("left by a layer");
    let cx = Context::from_request(request).await.unwrap();
    assert_eq!(cx.state::<u32>().unwrap(), 7);
    assert_eq!(told(cx.state::<u8>()), (500, "internal"));
    assert_eq!(cx.extension::<&str>(), Some(&"left by a layer"));
    assert_eq!(cx.client_ip().unwrap().to_string(), "203.0.113.7");
    assert_eq!(cx.request_id(), None);
    assert_eq!(cx.route().unwrap().parameters, ["id"]);
    cx.after_response("mail", async {}).unwrap();
    cx.request_context().end_response();
    assert_eq!(*spawned.0.lock().unwrap(), ["mail"]);
}

#[tokio::test]
async fn the_envelope_carries_the_callers_trace_id() {
    let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let cx: Context = json().header("traceparent", incoming).take().await.unwrap();
    assert_eq!(
        cx.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    let response = cx.respond(1, ("m",)).respond(cx.request_context());
    let body: Value = serde_json::from_slice(response.body().as_bytes().unwrap()).unwrap();
    assert_eq!(body["data"], 1);
    assert_eq!(body["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn a_handler_with_context_is_send() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    let cx: Context = json().take_from("{\"text\":\"a\"}").await.unwrap();
    let handled = is_send(async move {
        let first = cx.json::<Note>().await;
        let second = cx.json::<Note>().await;
        (
            first.unwrap(),
            second.unwrap(),
            cx.param::<u8>("id").unwrap(),
        )
    });
    assert_eq!(handled.await.2, 7);
}
