//! Bodies: bounds, framings, trailers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use plumego_contract::{Body, BoxError, Error};
use proptest::prelude::*;

use crate::support::{frames, items};

const LIMIT: u64 = 10;

/// A body of these frames that announces whatever length it likes.
struct Announced {
    frames: Vec<Frame<Bytes>>,
    announced: SizeHint,
}

impl Announced {
    fn new(chunks: &[&'static str], announced: u64) -> Self {
        let frames = chunks
            .iter()
            .rev()
            .map(|chunk| Frame::data(Bytes::from(*chunk)));
        Self {
            frames: frames.collect(),
            announced: SizeHint::with_exact(announced),
        }
    }
}

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.frames.pop().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        self.announced
    }
}

fn stream(chunks: &[&str]) -> Body {
    let chunks: Vec<_> = chunks
        .iter()
        .map(|chunk| Bytes::copy_from_slice(chunk.as_bytes()))
        .collect();
    Body::from_stream(items(chunks.into_iter().map(Ok::<_, BoxError>)))
}

// acceptance 21.2 (18)
#[tokio::test]
async fn the_exact_limit_passes_and_one_byte_more_is_413_in_both_framings() {
    for fits in [
        Body::from("0123456789"),
        stream(&["0123456789"]),
        stream(&["01234", "56789"]),
        stream(&["", "0123456789", ""]),
        Body::new(Announced::new(&["0123456789"], 10)),
    ] {
        let name = format!("{fits:?}");
        assert_eq!(
            fits.into_bytes(LIMIT).await.unwrap(),
            "0123456789",
            "{name}"
        );
    }
    for too_large in [
        Body::from("0123456789a"),
        stream(&["0123456789a"]),
        stream(&["0123456789", "a"]),
        Body::new(Announced::new(&["0123456789a"], 11)),
    ] {
        let name = format!("{too_large:?}");
        let error = too_large.into_bytes(LIMIT).await.unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (413, "body_too_large"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_length_that_is_announced_is_not_believed() {
    let short = Body::new(Announced::new(&["0123456789", "abc"], 3));
    assert_eq!(
        short.into_bytes(LIMIT).await.unwrap_err().code(),
        "body_too_large"
    );
    // Reserving what is announced would end the process.
    let huge = Body::new(Announced::new(&["01", "2"], u64::MAX));
    assert_eq!(huge.into_bytes(u64::MAX).await.unwrap(), "012");
    let huge = Body::new(Announced::new(&["01", "2"], u64::MAX));
    assert_eq!(
        huge.into_bytes(LIMIT).await.unwrap_err().code(),
        "body_too_large"
    );
}

#[tokio::test]
async fn an_announced_length_beyond_the_limit_is_refused_before_a_byte_is_read() {
    struct Untouched;
    impl HttpBody for Untouched {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            panic!("read")
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(LIMIT + 1)
        }
    }
    let error = Body::new(Untouched).into_bytes(LIMIT).await.unwrap_err();
    assert_eq!(error.code(), "body_too_large");
}

#[tokio::test]
async fn one_buffer_is_handed_on_without_a_copy() {
    let bytes = Bytes::from(vec![7; 4096]);
    let body = Body::from_stream(items([Ok::<_, BoxError>(bytes.clone())]));
    let collected = body.into_bytes(u64::MAX).await.unwrap();
    assert_eq!(collected.as_ptr(), bytes.as_ptr());
}

#[tokio::test]
async fn an_error_of_ours_passes_and_a_foreign_one_is_400() {
    let ours = Body::from_stream(items([Err::<Bytes, _>(Error::conflict("c", "c"))]));
    assert_eq!(ours.into_bytes(LIMIT).await.unwrap_err().code(), "c");
    let foreign = items([Ok(Bytes::from("ab")), Err(std::io::Error::other("reset"))]);
    let error = Body::from_stream(foreign)
        .into_bytes(LIMIT)
        .await
        .unwrap_err();
    assert_eq!((error.status().as_u16(), error.code()), (400, "body_read"));
}

#[tokio::test]
async fn trailers_are_kept() {
    let mut trailers = HeaderMap::new();
    trailers.insert("checksum", "7".parse().unwrap());
    let announced = Announced {
        frames: vec![
            Frame::trailers(trailers.clone()),
            Frame::data(Bytes::from("ab")),
        ],
        announced: SizeHint::default(),
    };
    let collected = Body::new(announced).collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "ab");
}

#[test]
fn a_body_is_not_boxed_twice() {
    let full = Body::new(Body::new(Body::from("abc")));
    assert_eq!(full.as_bytes(), Some(&b"abc"[..]), "still in memory");
    assert!(!full.is_stream());
    assert!(!Body::new(http_body_util::Empty::<Bytes>::new()).is_stream());
    assert!(Body::new(stream(&["a"])).is_stream());
}

#[tokio::test]
async fn the_length_is_told_as_far_as_it_is_known() {
    for (body, exact, ended) in [
        (Body::empty(), Some(0), true),
        (Body::default(), Some(0), true),
        (Body::from(""), Some(0), true),
        (Body::from("abc"), Some(3), false),
        (Body::new(Announced::new(&["abc"], 3)), Some(3), false),
        (stream(&["abc"]), None, false),
    ] {
        let name = format!("{body:?}");
        assert_eq!(body.size_hint().exact(), exact, "{name}");
        assert_eq!(body.is_end_stream(), ended, "{name}");
    }
    let mut body = Body::from("abc");
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "abc"
    );
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_framing_of_any_bytes_collects_to_them_or_is_413(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..8), 0..8),
        limit in 0_u64..40,
    ) {
        let whole = chunks.concat();
        let body = Body::from_stream(items(chunks.into_iter().map(Ok::<_, BoxError>)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(body.into_bytes(limit)) {
            Ok(bytes) => {
                prop_assert!(bytes.len() as u64 <= limit);
                prop_assert_eq!(&bytes[..], &whole[..]);
            }
            Err(error) => {
                prop_assert!(whole.len() as u64 > limit);
                prop_assert_eq!(error.code(), "body_too_large");
            }
        }
    }
}

#[tokio::test]
async fn nothing_follows_the_end() {
    let (chunks, result) = frames(stream(&["a", "b"])).await;
    assert_eq!(chunks, ["a", "b"]);
    assert!(result.is_ok());
}
