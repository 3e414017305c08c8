//! Bodies that come piece by piece.

use super::*;

#[tokio::test]
async fn trailers_come_after_the_end_of_the_coding() {
    for coding in ["gzip", "br", "zstd"] {
        let response = page("text/plain", chunks(&text(5000), 999, End::Trailers));
        let response = ask(CompressionLayer::new(), request(coding), response).await;
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["x-sum"], "7");
        assert!(decode(coding, &collected.to_bytes()).unwrap() == text(5000));
    }
}

#[tokio::test]
async fn an_error_ends_the_response_as_an_error_and_without_the_end_mark() {
    for coding in ["gzip", "br", "zstd"] {
        let response = page("text/plain", chunks(&text(100_000), 50_000, End::Fail));
        let mut body = ask(CompressionLayer::new(), request(coding), response)
            .await
            .into_body();
        let mut sent = Vec::new();
        let error = loop {
            match body.frame().await.expect("an error before the end") {
                Ok(frame) => sent.extend_from_slice(frame.data_ref().unwrap()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "broken");
        assert!(body.frame().await.is_none(), "nothing after the error");
        assert!(body.is_end_stream());
        let cut = decode(coding, &sent).is_err() || sent.is_empty();
        assert!(cut, "{coding}: a cut body looks like a whole one");
    }
}

/// Decodes as far as the bytes go.
fn decode_so_far(coding: &str, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader: Box<dyn Read> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(data)),
        "br" => Box::new(brotli::Decompressor::new(data, 4096)),
        _ => Box::new(zstd::stream::read::Decoder::new(data).unwrap()),
    };
    let mut buffer = [0; 512];
    while let Ok(read) = reader.read(&mut buffer) {
        if read == 0 {
            break;
        }
        out.extend_from_slice(&buffer[..read]);
    }
    out
}

#[tokio::test]
async fn an_event_goes_out_without_waiting_for_the_next() {
    for coding in ["gzip", "br", "zstd"] {
        let (sender, receiver) = tokio::sync::mpsc::channel::<&'static str>(1);
        let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
        let sse = Sse::produce(async move |events| {
            while let Some(text) = receiver.lock().await.recv().await {
                events.send(Event::new().data(text)).await?;
            }
            Ok(())
        });
        let response = ask(
            CompressionLayer::new(),
            request(coding),
            sse.into_response(),
        )
        .await;
        assert_eq!(header(&response, "content-encoding"), Some(coding));
        let mut body = response.into_body();
        let mut sent = Vec::new();
        for (event, so_far) in [
            ("one", "data: one\n\n"),
            ("two", "data: one\n\ndata: two\n\n"),
        ] {
            sender.send(event).await.unwrap();
            while decode_so_far(coding, &sent) != so_far.as_bytes() {
                let frame = body.frame().await.unwrap().unwrap();
                sent.extend_from_slice(frame.data_ref().unwrap());
            }
        }
        drop(sender);
        sent.extend_from_slice(&collect(body).await);
        assert_eq!(
            decode(coding, &sent).unwrap(),
            b"data: one\n\ndata: two\n\n"
        );
    }
}

#[tokio::test]
async fn a_silent_stream_is_flushed_once_and_then_waits() {
    let response = page("text/plain", chunks(&text(100), 100, End::Hang));
    let response = ask(CompressionLayer::new(), request("gzip"), response).await;
    let mut body = response.into_body();
    let mut cx = Context::from_waker(Waker::noop());
    let mut frames = 0;
    while Pin::new(&mut body).poll_frame(&mut cx).is_ready() {
        frames += 1;
    }
    assert_eq!(frames, 1);
    assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
}

#[tokio::test]
async fn a_large_body_in_memory_goes_in_small_frames_and_lets_others_run() {
    for coding in ["gzip", "br", "zstd"] {
        let response = page("text/plain", Body::from(noise(2 << 20)));
        let response = ask(CompressionLayer::new(), request(coding), response).await;
        let mut body = response.into_body();
        let mut cx = Context::from_waker(Waker::noop());
        let (mut pauses, mut largest) = (0, 0);
        loop {
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Pending => pauses += 1,
                Poll::Ready(Some(frame)) => {
                    largest = largest.max(frame.unwrap().data_ref().unwrap().len());
                }
                Poll::Ready(None) => break,
            }
        }
        assert!((7..=9).contains(&pauses), "{coding}: {pauses} pauses");
        // Of what does not shrink brotli gives out twice its window at once, the others a block.
        let bound = if coding == "br" {
            1100 * 1024
        } else {
            160 * 1024
        };
        assert!(largest <= bound, "{coding}: {largest} bytes at once");
    }
}
