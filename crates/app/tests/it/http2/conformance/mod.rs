//! The rules of RFC 9113 that a server must hold its clients to, by section. Every case is a
//! connection of its own, spoken by hand.

mod frames;
mod messages;
mod streams;

use crate::client::{app_with, start, stop};

use super::wire::{
    self, Answer, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, NO_ERROR, PING, PROTOCOL_ERROR,
    RST_STREAM, SETTINGS, Wire, block, frame, get, post, pseudo, settings, window_update,
};

/// What must become of it.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// The request on this stream is answered so.
    Status(u32, u16),
    /// An error of the stream, or of the connection: RFC 9113, section 5.4, lets a server choose
    /// the wider one.
    Stream(u32, &'static [u32]),
    /// An error of the connection.
    Connection(&'static [u32]),
    /// A status of 400, or an error as above: section 8.1.1 allows both.
    Malformed(u32),
}

use Expected::{Connection, Malformed, Status, Stream};

/// A case: the section, what it is about, what the client sends after its preface and settings,
/// and what must become of it.
type Case = (&'static str, &'static str, Vec<u8>, Expected);

fn head(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, flags, stream, &block(fields))
}

/// A request with other fields, complete.
fn asks(fields: &[(&str, &str)]) -> Vec<u8> {
    head(1, END_STREAM | END_HEADERS, fields)
}

/// A GET with these fields more.
fn with(more: &[(&'static str, &'static str)]) -> Vec<u8> {
    let mut fields = pseudo("GET", "/").to_vec();
    fields.extend_from_slice(more);
    asks(&fields)
}

/// A POST whose head says how long its body is, and the body.
fn with_length(length: &str, body: &str) -> Vec<u8> {
    let mut fields = pseudo("POST", "/").to_vec();
    fields.push(("content-length", length));
    let body = frame(DATA, END_STREAM, 1, body.as_bytes());
    [head(1, END_HEADERS, &fields), body].concat()
}

fn holds(expected: Expected, answer: &Answer) -> bool {
    // A generic code can always be used in place of a more specific one (section 5.4).
    let is = |codes: &[u32], code: u32| codes.contains(&code) || code == PROTOCOL_ERROR;
    let connection = |codes: &[u32]| match answer {
        // The end may overtake the word.
        Answer::Closed(code) => code.is_none_or(|code| is(codes, code)),
        _ => false,
    };
    match expected {
        Status(_, status) => answer.status() == Some(status),
        Connection(codes) => connection(codes),
        Stream(_, codes) => {
            connection(codes) || matches!(answer, Answer::Reset(code) if is(codes, *code))
        }
        Malformed(_) => {
            connection(&[PROTOCOL_ERROR])
                || *answer == Answer::Reset(PROTOCOL_ERROR)
                || answer.status() == Some(400)
        }
    }
}

async fn check(cases: Vec<Case>) {
    let app = app_with(|config| config.abuse_guard_enabled = false).routes(|r| {
        r.get("/", async || "here")
            .get("/held", async || {
                std::future::pending::<&'static str>().await
            })
            .post("/", async |body: plumego_contract::Body| {
                body.into_bytes(100_000).await
            })
            .post("/unread", async |body: plumego_contract::Body| {
                let _body = body;
                std::future::pending::<&'static str>().await
            })
    });
    let (running, addr) = start(app).await;
    let mut wrong = Vec::new();
    for (section, what, bytes, expected) in cases {
        let mut wire = Wire::open(addr, &bytes).await;
        let stream = match expected {
            Status(stream, _) | Stream(stream, _) | Malformed(stream) => stream,
            Connection(_) => u32::MAX,
        };
        let answer = wire.answer(stream).await;
        if !holds(expected, &answer) {
            wrong.push(format!("{section}, {what}: {answer:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stop(running).await;
}

#[tokio::test]
async fn sections_4_and_6_frames() {
    check(frames::frames()).await;
}

#[tokio::test]
async fn sections_5_and_6_streams_settings_and_windows() {
    check(streams::streams()).await;
}

#[tokio::test]
async fn section_8_messages() {
    check(messages::messages()).await;
}

// Section 3.4
#[tokio::test]
async fn preface_that_is_wrong_ends_the_connection() {
    let (running, addr) = start(app_with(|_| {}).routes(|r| r.get("/", async || "here"))).await;
    let broken = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX"[..], &settings(&[])].concat();
    let mut wire = Wire::connect(addr).await;
    wire.send(&broken).await;
    assert_ne!(wire.end().await, Some(NO_ERROR));
    stop(running).await;
}

// Section 6.5.2
#[tokio::test]
async fn settings_of_the_server_are_its_limits() {
    let app = app_with(|config| {
        config.http2_max_streams = 17;
        config.http2_max_header_bytes = 9_999;
    });
    let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
    let mut wire = Wire::open(addr, &[]).await;
    let told = wire.next(SETTINGS).await.unwrap();
    let told: Vec<(u16, u32)> = told
        .payload
        .chunks(6)
        .map(|one| {
            let (id, value) = one.split_at(2);
            let id = u16::from_be_bytes(id.try_into().unwrap());
            (id, u32::from_be_bytes(value.try_into().unwrap()))
        })
        .collect();
    assert!(told.contains(&(3, 17)), "{told:?}");
    assert!(told.contains(&(4, 1 << 20)), "{told:?}");
    assert!(told.contains(&(6, 9_999)), "{told:?}");
    // What is not served is not announced: push, and the CONNECT of RFC 8441.
    assert!(!told.iter().any(|(id, value)| *id == 8 && *value != 0));
    let acknowledged = wire.next(SETTINGS).await.unwrap();
    assert_eq!(acknowledged.flags, wire::ACK);
    drop(wire);
    stop(running).await;
}

// Section 6.7
#[tokio::test]
async fn ping_is_answered_with_what_it_brought() {
    let (running, addr) = start(app_with(|_| {}).routes(|r| r.get("/", async || "here"))).await;
    let mut wire = Wire::open(addr, &frame(PING, 0, 0, b"12345678")).await;
    let answer = wire.next(PING).await.unwrap();
    assert_eq!(
        (answer.flags, answer.payload.as_slice()),
        (wire::ACK, &b"12345678"[..])
    );
    drop(wire);
    stop(running).await;
}

// Section 6.8
#[tokio::test]
async fn client_that_says_goodbye_has_its_answers() {
    let (running, addr) = start(app_with(|_| {}).routes(|r| r.get("/", async || "here"))).await;
    let bye = frame(GOAWAY, 0, 0, &[0; 8]);
    let mut wire = Wire::open(addr, &[get(1, "/"), bye].concat()).await;
    assert_eq!(wire.answer(1).await.status(), Some(200));
    stop(running).await;
}

// Section 6.9: the window holds for the server too.
#[tokio::test]
async fn answer_keeps_to_the_window_of_its_client() {
    let app = app_with(|_| {}).routes(|r| r.get("/", async || "x".repeat(100)));
    let (running, addr) = start(app).await;
    let mut wire = Wire::connect(addr).await;
    wire.send(&[wire::PREFACE, &settings(&[(4, 30)]), &get(1, "/")].concat())
        .await;
    let mut body = 0;
    for room in [30, 20, 50] {
        let mut now = 0;
        while now < room {
            let data = wire.next(DATA).await.unwrap();
            now += data.payload.len();
        }
        assert_eq!(now, room);
        body += now;
        let more = if body == 30 { 20 } else { 50 };
        wire.send(&window_update(1, more)).await;
    }
    assert_eq!(body, 100);
    drop(wire);
    stop(running).await;
}

// Section 8.1: an answer before the end of the request is complete, and then the rest is declined.
#[tokio::test]
async fn early_413_is_whole_and_the_rest_of_the_body_is_declined_without_an_error() {
    let app = app_with(|config| config.max_body_bytes = plumego_stdx::Limit::At(1000));
    let app = app.routes(|r| {
        r.post("/", async |body: plumego_contract::Body| {
            body.into_bytes(u64::MAX).await
        })
        .get("/", async || "here")
    });
    let (running, addr) = start(app).await;
    let mut wire = Wire::open(addr, &post(1, "/")).await;
    wire.send(&frame(DATA, 0, 1, &[b'x'; 4000])).await;
    let mut seen = Vec::new();
    let declined = loop {
        let frame = wire.frame().await.unwrap();
        if frame.stream == 1 {
            seen.push((frame.kind, frame.ends_stream()));
        }
        if frame.kind == RST_STREAM {
            break frame;
        }
    };
    assert_eq!(declined.code(), Some(NO_ERROR));
    assert_eq!(seen.first(), Some(&(HEADERS, false)), "{seen:?}");
    let whole = seen.iter().position(|(_, ends)| *ends);
    assert_eq!(whole, Some(seen.len() - 2), "{seen:?}");
    // What was on its way harms nobody.
    wire.send(&frame(DATA, 0, 1, &[b'x'; 4000])).await;
    wire.send(&[frame(DATA, END_STREAM, 1, b"x"), get(3, "/")].concat())
        .await;
    assert_eq!(wire.answer(3).await.status(), Some(200));
    drop(wire);
    stop(running).await;
}
