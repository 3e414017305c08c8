//! Multipart bodies, in chunks of any size.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use plumego_contract::extract::Multipart;
use plumego_contract::{AppContext, Body, Connection, Error, FromRequest, Request, RequestContext};

/// Inputs to start from: the size of the chunks, then the body.
pub const SEEDS: &[&[u8]] = &[
    b"\x05--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntext\r\n--XX--\r\n",
    b"\x40pre\r\n--XX \t\r\nContent-Disposition: form-data; name=a; filename=\"../b\"\r\n\
      Content-Type: a/b\r\n\r\n\r\n--XX\r\r\n--XX\r\nContent-Disposition: form-data; \
      filename=\"; name=c\"; name=\"d\\\"\"\r\n\r\n\xff\r\n--XX--epilogue",
    b"\x01--XX--",
    b"\x10--XX\r\nA: b\r\n\r\n",
];

/// A form is read to its end or refused for what it is. It never hangs: that would be the timeout.
pub fn run(data: &[u8]) {
    let Some((size, body)) = data.split_first() else {
        return;
    };
    let chunks = body.chunks(usize::from(*size).max(1)).map(<[u8]>::to_vec);
    let chunks: Vec<Vec<u8>> = chunks.collect();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
    else {
        return;
    };
    if let Err(error) = runtime.block_on(read(Body::from_stream(Chunks(chunks.into_iter())))) {
        let code = error.code();
        assert!(
            ["invalid_multipart", "part_too_large", "body_too_large"].contains(&code),
            "{error}"
        );
    }
}

async fn read(body: Body) -> Result<(), Error> {
    let mut request = Request::new(body);
    let kind = http::HeaderValue::from_static("multipart/form-data; boundary=XX");
    request
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    let mut app = AppContext::default();
    app.multipart.timeout = Duration::from_secs(2);
    let (mut parts, body) = request.into_parts();
    let context = RequestContext::new(Arc::new(app), Connection::default(), &parts);
    parts.extensions.insert(context);
    let mut form = Multipart::from_request(Request::from_parts(parts, body)).await?;
    while let Some(mut part) = form.next_part().await? {
        if let Some(name) = part.safe_file_name() {
            assert!(!name.is_empty() && name.len() <= 255 && !name.contains(['/', '\\', '\0']));
            assert!(name != "." && name != "..");
        }
        while part.chunk().await?.is_some() {}
    }
    Ok(())
}

/// Chunks that are there already.
struct Chunks(std::vec::IntoIter<Vec<u8>>);

impl Stream for Chunks {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
