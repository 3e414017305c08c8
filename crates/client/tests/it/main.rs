//! The client against real servers on real sockets. Nothing here leaves the machine: what stands
//! for a public address is one of the loopback range that the test allows.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod address;
mod bounds;
mod builder;
mod environment;
mod exchange;
mod guard;
mod observed;
mod pool;
mod redirects;
mod retry;
mod server;
mod tls;
mod url;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use plumego_client::{Client, ClientBuilder, Guarded, Trusted};
use plumego_contract::Body;

/// Waits for what has to happen; far longer than it takes on a busy machine.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future)
        .await
        .expect("it took more than a minute")
}

/// Guarded, and let out to the addresses where the servers of these tests are.
fn guarded() -> ClientBuilder<Guarded> {
    Client::guarded("test")
        .allow_net("127.0.0.0/8")
        .allow_any_port()
}

fn trusted(url: &str) -> Client<Trusted> {
    Client::trusted("test", url).build().unwrap()
}

/// A body of these pieces, of unknown length.
fn stream<const N: usize>(pieces: [&'static str; N]) -> Body {
    let mut pieces = pieces.into_iter();
    poll_stream(move |_| Poll::Ready(pieces.next()))
}

/// A body whose pieces come from a function.
fn poll_stream<F>(next: F) -> Body
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<&'static str>> + Send + Unpin + 'static,
{
    Body::new(Pieces(next))
}

struct Pieces<F>(F);

impl<F> http_body::Body for Pieces<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<&'static str>> + Unpin,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        (self.0)(cx)
            .map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
    }
}
