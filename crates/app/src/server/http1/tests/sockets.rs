//! The same over real sockets, with the time of the clock on the wall.

use std::time::Duration;

use bytes::Bytes;
use plumego_contract::AppContext;
use plumego_observe::metrics::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::handlers::{PATHS, Seen, router};
use super::{Answer, Guarded, Then, Way, connection, in_time, send, shapes, shared, split};

/// What the client gets for these bytes. It says that it is done once so many have come.
async fn over_tcp(bytes: &[u8], expected: usize) -> (Vec<String>, Vec<Answer>) {
    let seen = Seen::default();
    let router = router(&seen).freeze(AppContext::default()).unwrap();
    let shared = shared(router, &Metrics::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let server = tokio::spawn(connection(Way::Short, shared, server));
    client.write_all(bytes).await.unwrap();
    let mut got = Vec::new();
    while got.len() < expected && client.read_buf(&mut got).await.unwrap() > 0 {}
    // The server may have closed.
    let _ = client.shutdown().await;
    let _ = client.read_to_end(&mut got).await;
    server.await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, split(&got))
}

fn check(name: &str, bytes: &Bytes) {
    let pieces = [bytes.clone()];
    let engine = in_time(send((Way::Engine, Guarded::No), &pieces, Then::CloseLater));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let expected = engine.after.last().copied().unwrap();
    let got = runtime.block_on(async {
        let limit = Duration::from_mins(2);
        timeout(limit, over_tcp(bytes, expected)).await.unwrap()
    });
    assert_eq!(got, (engine.seen, engine.answers), "{name}");
}

#[test]
fn shapes_over_a_socket_are_those_of_the_engine() {
    for (name, bytes) in shapes::all() {
        check(name, &bytes);
    }
}

#[test]
fn answers_over_a_socket_are_those_of_the_engine() {
    for path in PATHS {
        let plain = "GET /text HTTP/1.1\r\nhost: x\r\n\r\n";
        let requests = format!("{plain}GET {path} HTTP/1.1\r\nhost: x\r\n\r\n{plain}");
        check(path, &Bytes::from(requests));
    }
}
