//! `Multipart`: reading parts, every bound, and the attacks on them.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use plumego_contract::extract::Multipart;
use plumego_contract::{Body, Error};
use plumego_stdx::Limit;
use proptest::prelude::*;
use tokio::time::Instant;

use super::{Ask, chunked, told};

const KIND: &str = "multipart/form-data; boundary=XX";

fn ask() -> Ask {
    Ask::post("/").header("content-type", KIND)
}

fn part(head: &str, content: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

fn form(parts: &[(&str, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(head, content)| part(head, content))
        .collect();
    format!("{parts}--XX--\r\n")
}

/// Name, file name and text of every part.
type Read = Vec<(String, Option<String>, String)>;

async fn read_from(ask: Ask, body: impl Into<Body>) -> Result<Read, Error> {
    let mut form: Multipart = ask.take_from(body).await?;
    let mut read = Vec::new();
    while let Some(mut part) = form.next_part().await? {
        let text = part.text().await?;
        read.push((
            part.name().to_owned(),
            part.file_name().map(str::to_owned),
            text,
        ));
    }
    Ok(read)
}

async fn read(body: impl Into<Body>) -> Result<Read, Error> {
    read_from(ask(), body).await
}

/// A body that repeats a chunk without end.
fn endless(first: &'static str, chunk: &'static str) -> Body {
    struct Endless(Option<&'static str>, &'static str);
    impl futures_core::Stream for Endless {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            let chunk = self.0.take().unwrap_or(self.1);
            std::task::Poll::Ready(Some(Ok(Bytes::from_static(chunk.as_bytes()))))
        }
    }
    Body::from_stream(Endless(Some(first), chunk))
}

/// A body that begins and then never goes on.
fn stuck(first: &'static str) -> Body {
    struct Stuck(Option<&'static str>);
    impl futures_core::Stream for Stuck {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            match self.0.take() {
                Some(chunk) => std::task::Poll::Ready(Some(Ok(chunk.into()))),
                None => std::task::Poll::Pending,
            }
        }
    }
    Body::from_stream(Stuck(Some(first)))
}

#[tokio::test]
async fn parts_are_read_whatever_the_chunks_are() {
    let body = form(&[
        ("name=\"title\"", "tea"),
        ("name=\"file\"; filename=\"a.txt\"", "line\r\n--X\r\n"),
        ("name=\"empty\"", ""),
    ]);
    let expected = vec![
        ("title".to_owned(), None, "tea".to_owned()),
        (
            "file".to_owned(),
            Some("a.txt".to_owned()),
            "line\r\n--X\r\n".to_owned(),
        ),
        ("empty".to_owned(), None, String::new()),
    ];
    for size in 1..body.len() {
        let chunks = body.as_bytes().chunks(size).map(Bytes::copy_from_slice);
        assert_eq!(
            read(chunked(chunks)).await.unwrap(),
            expected,
            "chunks of {size}"
        );
    }
    assert_eq!(
        read(format!("preamble\r\n{body}epilogue")).await.unwrap(),
        expected
    );
}

#[tokio::test]
async fn a_part_tells_its_headers_and_is_skipped_when_not_read() {
    let long = "x".repeat(100_000);
    let body = form(&[
        (
            "name=a; filename=\"..\\\\..\\\\e\u{202e}vil.sh\"\r\nContent-Type: text/plain",
            &long,
        ),
        ("name=b", &long),
        ("name=c", "end"),
    ]);
    let mut form: Multipart = ask().take_from(body).await.unwrap();
    let part = form.next_part().await.unwrap().unwrap();
    assert_eq!(part.content_type(), Some("text/plain"));
    assert_eq!(part.headers().len(), 2);
    assert_eq!(part.file_name(), Some("..\\..\\e\u{202e}vil.sh"));
    assert_eq!(part.safe_file_name().as_deref(), Some("evil.sh"));
    let mut part = form.next_part().await.unwrap().unwrap();
    let chunk = part.chunk().await.unwrap().unwrap();
    assert!(!chunk.is_empty() && chunk.len() <= 64 * 1024);
    let mut part = form.next_part().await.unwrap().unwrap();
    assert_eq!(part.bytes(3).await.unwrap(), "end");
    assert_eq!(part.chunk().await.unwrap(), None);
    assert!(form.next_part().await.unwrap().is_none());
    assert!(form.next_part().await.unwrap().is_none());
}

#[tokio::test]
async fn exactly_one_boundary_of_1_to_70_characters_is_taken() {
    let b70 = "b".repeat(70);
    let b71 = "b".repeat(71);
    let quoted = format!("multipart/form-data; boundary=\"{b70}\"");
    let long = format!("multipart/form-data; boundary={b71}");
    for (kind, expected) in [
        (KIND, (200, "ok")),
        (
            "Multipart/Form-Data; charset=utf-8; Boundary=\"X:=?'()+_,-./ X\"",
            (200, "ok"),
        ),
        (&quoted, (200, "ok")),
        (&long, (400, "invalid_multipart")),
        ("multipart/form-data", (400, "invalid_multipart")),
        (
            "multipart/form-data; boundary=\"\"",
            (400, "invalid_multipart"),
        ),
        (
            "multipart/form-data; boundary=\"X \"",
            (400, "invalid_multipart"),
        ),
        (
            "multipart/form-data; boundary=\"X\\\"Y\"",
            (400, "invalid_multipart"),
        ),
        (
            "multipart/form-data; boundary=a*b",
            (400, "invalid_multipart"),
        ),
        // The parser alone would wait for ever.
        (
            "multipart/form-data; boundary=XX; boundary=YY",
            (400, "invalid_multipart"),
        ),
        (
            "multipart/form-data; boundary=XX; BOUNDARY=XX",
            (400, "invalid_multipart"),
        ),
        (
            "multipart/form-data; boundary=",
            (415, "unsupported_media_type"),
        ),
        (
            "multipart/mixed; boundary=XX",
            (415, "unsupported_media_type"),
        ),
        (
            "application/x-www-form-urlencoded",
            (415, "unsupported_media_type"),
        ),
    ] {
        let taken = Ask::post("/")
            .header("content-type", kind)
            .take_from::<Multipart, _>("x")
            .await;
        assert_eq!(told(taken), expected, "{kind}");
    }
    let twice = ask().header("content-type", "multipart/form-data; boundary=YY");
    assert_eq!(
        told(twice.take_from::<Multipart, _>("x").await),
        (415, "unsupported_media_type")
    );
    let untyped = Ask::post("/").take_from::<Option<Multipart>, _>("x").await;
    assert_eq!(told(untyped), (415, "unsupported_media_type"));
    let nothing = Ask::post("/").take::<Option<Multipart>, _>().await;
    assert!(nothing.unwrap().is_none());
}

#[tokio::test]
async fn a_body_that_is_cut_or_framed_wrongly_is_400() {
    let whole = form(&[("name=a", "text"), ("name=b", "more")]);
    let end = whole.len() - "--\r\n".len();
    for cut in 0..end {
        assert_eq!(
            told(read(whole[..cut].to_owned()).await),
            (400, "invalid_multipart"),
            "{cut}"
        );
    }
    for body in [
        "--XX\r\n\r\ntext\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\n\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--XX--",
        "--XX\r\nbad header\r\n\r\n\r\n--XX--",
        "--XXname=a\r\n\r\n--XX--",
        "--YY\r\n--YY--",
    ] {
        assert_eq!(told(read(body).await), (400, "invalid_multipart"), "{body}");
    }
}

#[tokio::test]
async fn after_an_error_there_is_no_end_that_looks_whole() {
    let ask = ask().app(|app| app.multipart.max_part_bytes = Limit::At(3));
    let body = form(&[("name=a", "four"), ("name=b", "x")]);
    let mut form: Multipart = ask.take_from(body).await.unwrap();
    let mut part = form.next_part().await.unwrap().unwrap();
    assert_eq!(told(part.bytes(10).await), (413, "part_too_large"));
    assert_eq!(told(part.chunk().await), (400, "invalid_multipart"));
    assert_eq!(told(form.next_part().await), (400, "invalid_multipart"));
}

#[tokio::test]
async fn parts_are_bounded_in_number() {
    let at = |count: usize| form(&vec![("name=a", "x"); count]);
    assert_eq!(read(at(128)).await.unwrap().len(), 128);
    assert_eq!(told(read(at(129)).await), (413, "part_too_large"));
    assert_eq!(told(read(at(10_000)).await), (413, "part_too_large"));
}

#[tokio::test]
async fn a_part_is_bounded_in_bytes() {
    let limited = || ask().app(|app| app.multipart.max_part_bytes = Limit::At(4));
    let fits = form(&[("name=a", "1234"), ("name=b", "1234")]);
    assert!(read_from(limited(), fits).await.is_ok());
    let over = form(&[("name=a", "12345")]);
    assert_eq!(
        told(read_from(limited(), over).await),
        (413, "part_too_large")
    );
    let mut skipped: Multipart = limited()
        .take_from(form(&[("name=a", "12345"), ("name=b", "1")]))
        .await
        .unwrap();
    skipped.next_part().await.unwrap().unwrap();
    assert_eq!(told(skipped.next_part().await), (413, "part_too_large"));
    let mut asked: Multipart = ask().take_from(form(&[("name=a", "12345")])).await.unwrap();
    let mut part = asked.next_part().await.unwrap().unwrap();
    assert_eq!(told(part.bytes(4).await), (413, "part_too_large"));
}

// acceptance 21.2 (18)
#[tokio::test]
async fn the_body_limit_holds_in_both_framings() {
    let body = form(&[("name=a", "text")]);
    let limited = |limit: usize| ask().app(move |app| app.max_body_bytes = Limit::At(limit as u64));
    let halves = || chunked([body[..20].to_owned(), body[20..].to_owned()]);
    assert!(read_from(limited(body.len()), body.clone()).await.is_ok());
    assert!(read_from(limited(body.len()), halves()).await.is_ok());
    let early = limited(body.len() - 1)
        .take_from::<Multipart, _>(body.clone())
        .await;
    assert_eq!(told(early), (413, "body_too_large"));
    assert_eq!(
        told(read_from(limited(body.len() - 1), halves()).await),
        (413, "body_too_large")
    );
    let limited = ask().app(|app| app.max_body_bytes = Limit::At(1_000_000));
    let file = endless(
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n",
        "data",
    );
    assert_eq!(
        told(read_from(limited, file).await),
        (413, "body_too_large")
    );
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let unlimited = || ask().app(|app| app.max_body_bytes = Limit::Unlimited);
    for body in [
        endless("", "preamble\r\n"),
        endless("--XX", " \t"),
        endless("--XX\r\n", "X-Header: 1\r\n"),
        endless("--XX\r\nX-Header: ", "long"),
        endless("--XX\r\nContent-Disposition: form-data; name=\"", "long"),
    ] {
        assert_eq!(
            told(read_from(unlimited(), body).await),
            (413, "part_too_large")
        );
    }
}

#[tokio::test]
async fn headers_are_bounded_to_the_byte_and_in_number() {
    // `content-disposition: form-data; name=a` with its line end, and the frame of the other.
    let rest = 8 * 1024 - "content-disposition: form-data; name=a\r\n".len() - "x: \r\n".len();
    let with = |size: usize| form(&[(&format!("name=a\r\nx: {}", "v".repeat(size)), "text")]);
    assert!(read(with(rest)).await.is_ok());
    assert_eq!(told(read(with(rest + 1)).await), (413, "part_too_large"));
    assert_eq!(told(read(with(1_000_000)).await), (413, "part_too_large"));
    let many = |count: usize| form(&[(&format!("name=a{}", "\r\nx: 1".repeat(count)), "text")]);
    assert!(read(many(31)).await.is_ok());
    assert_eq!(told(read(many(32)).await), (400, "invalid_multipart"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_408() {
    for first in [
        "pre",
        "--XX\r\nContent-",
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nte",
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\ntext\r\n--XX",
    ] {
        let started = Instant::now();
        assert_eq!(
            told(read(stuck(first)).await),
            (408, "body_timeout"),
            "{first}"
        );
        assert_eq!(started.elapsed().as_secs(), 30);
    }
    let endless_time = ask().app(|app| app.multipart.timeout = Duration::MAX);
    assert!(
        read_from(endless_time, form(&[("name=a", "x")]))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_chunk_is_not_lost_when_its_future_is_dropped() {
    let mut form: Multipart = ask()
        .take_from(stuck(
            "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\ntext\r\n--XX",
        ))
        .await
        .unwrap();
    let mut part = form.next_part().await.unwrap().unwrap();
    let nothing = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await;
    assert!(nothing.is_err());
    let mut read = Vec::new();
    while let Ok(chunk) = tokio::time::timeout(Duration::from_secs(1), part.chunk()).await {
        match chunk.unwrap() {
            Some(chunk) => read.extend_from_slice(&chunk),
            None => break,
        }
    }
    assert_eq!(read, b"text");
}

#[tokio::test]
async fn text_that_is_not_utf8_is_400() {
    let mut body = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--XX--".to_vec();
    assert_eq!(told(read(body.clone()).await), (400, "invalid_utf8"));
    body.retain(|byte| *byte != 0xff);
    assert!(read(body).await.is_ok());
}

proptest! {
    #[test]
    fn no_body_panics_or_hangs(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("--XX".to_owned()), Just("\r\n".to_owned()), Just("--".to_owned()),
                Just("Content-Disposition: form-data; name=\"a\"".to_owned()),
                "[ -~\r\n]{0,12}",
            ],
            0..24,
        ),
        size in 1_usize..40,
    ) {
        let body = pieces.concat().into_bytes();
        let chunks: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let told = runtime.block_on(async { told(read(chunked(chunks)).await) });
        // A hang would show as the timeout, since the clock runs only when nothing else does.
        prop_assert!([200, 400, 413].contains(&told.0), "{told:?}");
    }
}
