//! Bodies that are made while they are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use plumego_contract::respond::stream::{QUEUED_BYTES, QUEUED_CHUNKS};
use plumego_contract::respond::{Closed, Sender};
use plumego_contract::{
    Body, BoxError, Error, Event, IntoResponse, Json, Ndjson, Sse, Stream, Streaming,
};

use crate::support::{context, frames, header, items};

const CSV: &str = "text/csv; charset=utf-8";

/// Counts how often it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn produced<F, Fut>(producer: F) -> Body
where
    F: FnOnce(Sender) -> Fut,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    Stream::produce(CSV, producer).into_response().into_body()
}

/// Whether the body has a frame at once.
fn ready(body: &mut Body) -> Option<Bytes> {
    let mut frame = std::pin::pin!(body.frame());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match frame.as_mut().poll(&mut cx) {
        Poll::Ready(frame) => Some(frame.unwrap().unwrap().into_data().unwrap()),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn the_chunks_of_a_stream_are_sent_as_they_come() {
    let chunks = items([Ok::<_, BoxError>("id\n"), Ok("7\n")]);
    let response = Stream::new(CSV, chunks).respond(&context("/"));
    assert_eq!(header(&response, "content-type"), Some(CSV));
    assert_eq!(header(&response, "content-length"), None);
    let (chunks, result) = frames(response.into_body()).await;
    assert_eq!(chunks, ["id\n", "7\n"]);
    assert!(result.is_ok());
}

#[tokio::test]
async fn each_chunk_of_a_producer_is_a_frame_and_an_empty_one_is_none() {
    let body = produced(async |rows| {
        rows.send("id\n").await?;
        rows.send("").await?;
        rows.send(vec![b'7', b'\n']).await?;
        Ok(())
    });
    let (chunks, result) = frames(body).await;
    assert_eq!(chunks, ["id\n", "7\n"]);
    assert!(result.is_ok());
}

#[tokio::test]
async fn many_more_chunks_than_the_queue_holds_arrive_in_order() {
    let body = produced(async |rows| {
        for n in 0..10_000_u32 {
            rows.send(n.to_string()).await.unwrap();
            if n % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    });
    let (chunks, result) = frames(body).await;
    assert!(result.is_ok());
    assert_eq!(chunks.len(), 10_000);
    assert!(
        chunks
            .iter()
            .enumerate()
            .all(|(n, chunk)| *chunk == n.to_string())
    );
}

#[tokio::test]
async fn what_was_sent_before_a_failure_goes_out_before_it() {
    let body = produced(async |rows| {
        rows.send("a").await?;
        rows.send("b").await?;
        Err::<(), BoxError>("disk full".into())
    });
    let (chunks, result) = frames(body).await;
    assert_eq!(chunks, ["a", "b"]);
    assert_eq!(result.unwrap_err().to_string(), "disk full");
}

#[tokio::test]
async fn nothing_follows_an_error() {
    let mut body = produced(async |_| Err(Error::conflict("c", "c").into()));
    assert!(body.frame().await.unwrap().is_err());
    assert!(body.frame().await.is_none());
    let (chunks, result) = frames(produced(async |_| Ok(()))).await;
    assert!(chunks.is_empty() && result.is_ok());
}

#[tokio::test]
async fn a_producer_runs_no_further_than_its_client_and_its_queue() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let mut body = produced(async move |rows| {
        loop {
            rows.send("x").await?;
            count.fetch_add(1, Ordering::SeqCst);
        }
        #[expect(unreachable_code, reason = "names the type of the result")]
        Ok(())
    });
    assert_eq!(
        sent.load(Ordering::SeqCst),
        0,
        "nothing runs before the body is read"
    );
    assert!(ready(&mut body).is_some());
    assert_eq!(sent.load(Ordering::SeqCst), QUEUED_CHUNKS);
    for _ in 0..QUEUED_CHUNKS {
        assert!(ready(&mut body).is_some());
    }
    assert!(sent.load(Ordering::SeqCst) <= 2 * QUEUED_CHUNKS + 1);
}

#[tokio::test]
async fn large_chunks_are_bounded_by_their_bytes() {
    for (size, waiting) in [
        (QUEUED_BYTES / 4, 4),
        (QUEUED_BYTES, 1),
        (QUEUED_BYTES * 3, 1),
    ] {
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let mut body = produced(async move |rows| {
            for _ in 0..QUEUED_CHUNKS {
                rows.send(vec![b'x'; size]).await?;
                count.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
        assert_eq!(ready(&mut body).unwrap().len(), size);
        assert_eq!(sent.load(Ordering::SeqCst), waiting, "{size}");
        let mut left = QUEUED_CHUNKS - 1;
        while let Some(chunk) = body.frame().await {
            assert_eq!(chunk.unwrap().into_data().unwrap().len(), size);
            left -= 1;
        }
        assert_eq!(left, 0, "every chunk comes");
    }
}

#[tokio::test]
async fn a_sender_that_waits_for_room_is_told_when_the_client_leaves() {
    let (give, taken) = tokio::sync::oneshot::channel();
    let mut body = produced(async move |rows| {
        rows.send(vec![b'x'; QUEUED_BYTES]).await?;
        let _ = give.send(rows);
        std::future::pending().await
    });
    assert!(ready(&mut body).is_some());
    let rows = taken.await.unwrap();
    rows.send(vec![b'x'; QUEUED_BYTES]).await.unwrap();
    let waiting = tokio::spawn(async move { rows.send("more").await });
    tokio::task::yield_now().await;
    drop(body);
    assert_eq!(waiting.await.unwrap(), Err(Closed));
}

#[tokio::test]
async fn a_client_that_leaves_drops_the_producer() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let guard = Dropped(Arc::clone(&dropped));
    let mut body = produced(async move |rows| {
        let _guard = guard;
        rows.send("a").await?;
        std::future::pending::<()>().await;
        Ok(())
    });
    assert_eq!(ready(&mut body), Some(Bytes::from("a")));
    assert_eq!(ready(&mut body), None);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(body);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_sender_that_was_given_away_keeps_the_body_open_and_learns_of_its_end() {
    let (give, take) = tokio::sync::oneshot::channel();
    let mut body = produced(async move |rows| {
        give.send(rows.clone()).unwrap();
        Ok(())
    });
    assert_eq!(ready(&mut body), None);
    let rows = take.await.unwrap();
    rows.send("late").await.unwrap();
    assert_eq!(ready(&mut body), Some(Bytes::from("late")));
    drop(body);
    assert_eq!(rows.send("too late").await, Err(Closed));
}

#[tokio::test]
async fn a_failure_ends_the_body_though_a_sender_was_given_away() {
    let (give, take) = tokio::sync::oneshot::channel();
    let body = produced(async move |rows| {
        rows.send("a").await?;
        give.send(rows.clone()).unwrap();
        Err::<(), BoxError>("disk full".into())
    });
    let (chunks, result) = frames(body).await;
    assert_eq!(chunks, ["a"]);
    assert_eq!(result.unwrap_err().to_string(), "disk full");
    assert_eq!(take.await.unwrap().send("late").await, Err(Closed));
}

#[tokio::test]
async fn a_content_type_that_is_none_is_a_500() {
    let response = Stream::produce("a\r\nb: c", async |_| Ok(())).respond(&context("/"));
    assert_eq!(response.status(), 500);
    assert_eq!(header(&response, "b"), None);
}

// acceptance 21.2 (29)
#[tokio::test]
async fn what_takes_as_long_as_its_client_is_marked() {
    let endless = || items([Ok::<_, BoxError>(Event::new())]);
    let chunks = || items([Ok::<_, BoxError>(Bytes::from("a"))]);
    for (response, expected) in [
        (Stream::new(CSV, chunks()).into_response(), true),
        (Ndjson::infallible(items([1])).into_response(), true),
        (Sse::new(endless()).into_response(), true),
        (Body::from_stream(chunks()).into_response(), true),
        (
            (http::StatusCode::CREATED, Sse::new(endless())).into_response(),
            true,
        ),
        (Json(1).into_response(), false),
        ("text".into_response(), false),
        (Error::conflict("c", "c").into_response(), false),
    ] {
        assert_eq!(Streaming::marks(&response), expected, "{response:?}");
    }
}
