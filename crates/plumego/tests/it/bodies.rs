//! Request bodies: their limits, their framing, reading them twice.

use plumego::prelude::*;
use serde::Deserialize;

use crate::house::{House, house, house_with};

#[derive(Deserialize)]
struct Note {
    text: String,
}

fn with_length(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn chunked(path: &str, body: &str) -> String {
    let (first, second) = body.split_at(body.len() / 2);
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len(),
    )
}

/// A note of so many bytes.
fn note(bytes: usize) -> String {
    let frame = r#"{"text":""}"#.len();
    format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes - frame))
}

/// Everything that comes for this.
async fn all(house: &House, request: String) -> String {
    let mut client = house.connect().await;
    client.send(request).await;
    client.rest().await
}

// acceptance 21.1 (24), 21.2 (18)
#[tokio::test]
async fn body_of_exactly_the_limit_passes_in_both_framings_and_one_byte_more_is_one_413() {
    let routes = |r: Router| {
        r.post("/json", async |Json(note): Json<Note>| note.text)
            .post("/bytes", async |body: Body| body.into_bytes(u64::MAX).await)
            .post("/context", async |cx: Context| cx.text().await)
            .post("/unread", async || "not looked at")
            .post("/small", async |cx: Context| cx.text().await)
            .max_body_bytes(Limit::At(100))
    };
    let limit = |config: &mut ServerConfig| config.max_body_bytes = Limit::At(1000);
    let house = house_with(limit, |app| app.routes(routes)).await;
    for (path, limit) in [
        ("/json", 1000),
        ("/bytes", 1000),
        ("/context", 1000),
        ("/small", 100),
    ] {
        for framed in [with_length, chunked] {
            let answer = all(&house, framed(path, &note(limit))).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
            let answer = all(&house, framed(path, &note(limit + 1))).await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
            assert_eq!(answer.matches("body_too_large").count(), 1, "{answer}");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let problem: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(problem["max_bytes"], limit);
        }
    }
    // The length alone is enough to refuse it.
    let early = all(&house, with_length("/unread", &note(1001))).await;
    assert!(early.starts_with("HTTP/1.1 413 "), "{early}");
    house.stop().await;
}

// acceptance 21.1 (24)
#[tokio::test]
async fn body_can_be_read_again_in_another_form() {
    let house = house(|app| {
        app.routes(|r| {
            r.post("/", async |cx: Context| {
                let (first, again) = (cx.json::<Note>().await?, cx.json::<Note>().await?);
                let (text, bytes) = (cx.text().await?, cx.bytes().await?);
                assert_eq!((first.text, text.as_bytes()), (again.text, &*bytes));
                Ok::<_, Error>(text)
            })
        })
    })
    .await;
    for framed in [with_length, chunked] {
        let answer = house.send(framed("/", &note(50))).await;
        assert_eq!(answer.body, note(50));
    }
    house.stop().await;
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_the_place_of_the_mistake() {
    let routes = |r: Router| r.post("/", async |Json(note): Json<Note>| note.text);
    let house = house(|app| app.routes(routes)).await;
    for (body, status) in [
        (r#"{"text":"a"}"#, 200),
        (r#"{"text":"a"} x"#, 400),
        (r#"{"text":"#, 400),
        (r#"{"text":7}"#, 422),
    ] {
        let answer = house.send(with_length("/", body)).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        if status == 422 {
            assert_eq!(answer.json()["errors"][0]["pointer"], "/text");
        }
    }
    let plain = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(house.send(plain).await.code(), "unsupported_media_type");
    house.stop().await;
}
