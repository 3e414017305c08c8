//! The goodbye of HTTP/2, byte by byte (RFC 9113, section 6.8).

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::client::{app, app_with, start, stop, within};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
/// End of stream and of headers.
const WHOLE: u8 = 5;
/// `GET / http`, authority `x`, without compression.
const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 0x01, b'x'];

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

async fn send(io: &mut TcpStream, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    io.write_all(&frame).await.unwrap();
}

/// The next frame; `None` at the end of the connection.
async fn next(io: &mut TcpStream) -> Option<Frame> {
    let mut head = [0; 9];
    within(io.read_exact(&mut head)).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    within(io.read_exact(&mut payload)).await.unwrap();
    Some(Frame {
        kind: head[3],
        flags: head[4],
        stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
        payload,
    })
}

#[tokio::test]
async fn drain_warns_first_then_names_the_last_stream_and_answers_it() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (began.clone(), go.clone());
    let held = async move || {
        says.notify_one();
        waits.notified().await;
        "answered"
    };
    let (running, addr) = start(app().routes(|r| r.get("/", held))).await;
    let mut io = TcpStream::connect(addr).await.unwrap();
    io.write_all(PREFACE).await.unwrap();
    send(&mut io, SETTINGS, 0, 0, &[]).await;
    send(&mut io, HEADERS, WHOLE, 1, GET).await;
    within(began.notified()).await;
    running.handle().shutdown();
    let (mut goodbyes, mut answers) = (Vec::new(), Vec::new());
    while let Some(frame) = next(&mut io).await {
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => send(&mut io, SETTINGS, ACK, 0, &[]).await,
            GOAWAY => {
                let last: [u8; 4] = frame.payload[..4].try_into().unwrap();
                let code = frame.payload[4..8].to_vec();
                assert_eq!(code, [0; 4], "no error");
                goodbyes.push(u32::from_be_bytes(last));
                if goodbyes.len() == 1 {
                    // It was on its way while the warning came: it counts.
                    send(&mut io, HEADERS, WHOLE, 3, GET).await;
                    within(began.notified()).await;
                } else {
                    go.notify_one();
                    go.notify_one();
                    go.notify_waiters();
                }
            }
            PING if frame.flags & ACK == 0 => {
                send(&mut io, PING, ACK, 0, &frame.payload).await;
            }
            HEADERS => answers.push(frame.stream),
            _ => {}
        }
        if goodbyes.len() == 2 {
            go.notify_one();
        }
    }
    assert_eq!(
        goodbyes,
        [0x7FFF_FFFF, 3],
        "a warning, then the last stream"
    );
    answers.sort_unstable();
    assert_eq!(answers, [1, 3]);
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// A client that is connected and has not asked yet must know whether what it sends now counts.
#[tokio::test]
async fn a_connection_without_a_stream_is_let_go_with_a_goodbye() {
    let drained = {
        let (running, addr) = start(app().routes(|r| r.get("/", async || "ok"))).await;
        let mut io = silent(addr).await;
        running.handle().shutdown();
        let goodbyes = goodbyes(&mut io).await;
        assert!(within(running.wait()).await.unwrap().is_clean());
        goodbyes
    };
    let waited = {
        let short = std::time::Duration::from_millis(200);
        let app = app_with(|config| config.read_header_timeout = short);
        let app = app.build().unwrap();
        let metrics = app.metrics().clone();
        let running = app.start().await.unwrap();
        let addr = running.addrs()[0];
        let goodbyes = goodbyes(&mut silent(addr).await).await;
        stop(running).await;
        let counted = "http_connections_timed_out_total{phase=\"header\"} 1\n";
        let text = metrics.encode();
        assert!(text.contains(counted), "{text}");
        goodbyes
    };
    assert_eq!(drained, [0x7FFF_FFFF, 0], "a warning, then the last stream");
    assert_eq!(waited, drained);
}

/// Connected, and the server has answered the settings.
async fn silent(addr: std::net::SocketAddr) -> TcpStream {
    let mut io = TcpStream::connect(addr).await.unwrap();
    io.write_all(PREFACE).await.unwrap();
    send(&mut io, SETTINGS, 0, 0, &[]).await;
    loop {
        let frame = next(&mut io).await.unwrap();
        if frame.kind == SETTINGS && frame.flags & ACK != 0 {
            return io;
        }
    }
}

/// Takes part in the goodbye: the streams that are named, to the end of the connection.
async fn goodbyes(io: &mut TcpStream) -> Vec<u32> {
    let mut goodbyes = Vec::new();
    while let Some(frame) = next(io).await {
        match frame.kind {
            GOAWAY => {
                let last: [u8; 4] = frame.payload[..4].try_into().unwrap();
                goodbyes.push(u32::from_be_bytes(last));
            }
            PING => send(io, PING, ACK, 0, &frame.payload).await,
            _ => {}
        }
    }
    goodbyes
}
