//! Whether a client of HTTP/2 is still there.

use std::future::pending;

use plumego_contract::Response;
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;

use super::{Line, pass};
use crate::server::io::PREFACE;

/// A frame of HTTP/2 on stream 0 or 1.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = [0, 0, length, kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// Waits for the question whether the client is there.
async fn ping(line: &mut Line) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        line.client.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[2])];
        line.client.read_exact(&mut payload).await.unwrap();
        if (head[3], head[4]) == (6, 0) {
            return payload;
        }
    }
}

/// The question waits behind an answer on a slow line, and so does what comes back.
#[tokio::test(start_paused = true)]
async fn client_of_http2_has_a_minute_to_say_that_it_is_there() {
    let mut line = Line::open(1 << 16, async || pending::<Response>().await);
    // GET http://x/
    let request = frame(1, 5, 1, &[0x82, 0x84, 0x86, 0x41, 1, b'x']);
    line.send(PREFACE).await;
    line.send(&frame(4, 0, 0, &[])).await;
    line.send(&request).await;
    for turn in 1..4 {
        let asked = ping(&mut line).await;
        assert_eq!(line.opened.elapsed().as_secs(), 79 * turn - 59);
        pass(59).await;
        line.send(&frame(6, 1, 0, &asked)).await;
    }
    ping(&mut line).await;
    let asked = Instant::now();
    line.age_at_end().await;
    assert_eq!(asked.elapsed().as_secs(), 60);
}
