//! HTTP/2 written and read by hand, frame by frame (RFC 9113, RFC 7541).

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::within;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const WITH_PRIORITY: u8 = 0x20;

pub const NO_ERROR: u32 = 0;
pub const PROTOCOL_ERROR: u32 = 1;
pub const FLOW_CONTROL_ERROR: u32 = 3;
pub const STREAM_CLOSED: u32 = 5;
pub const FRAME_SIZE_ERROR: u32 = 6;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;
pub const COMPRESSION_ERROR: u32 = 9;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// One frame, whatever it says.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in values {
        payload.extend(id.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

/// The preface and settings that change nothing.
pub fn hello() -> Vec<u8> {
    [PREFACE, &settings(&[])].concat()
}

fn text(bytes: &str, block: &mut Vec<u8>) {
    let mut left = bytes.len();
    if left < 127 {
        block.push(u8::try_from(left).unwrap());
    } else {
        block.push(127);
        left -= 127;
        while left >= 128 {
            block.push(u8::try_from(left % 128).unwrap() | 128);
            left /= 128;
        }
        block.push(u8::try_from(left).unwrap());
    }
    block.extend_from_slice(bytes.as_bytes());
}

/// Fields as literals that change no table.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        text(name, &mut block);
        text(value, &mut block);
    }
    block
}

/// The pseudo-header fields of a request.
pub fn pseudo<'a>(method: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [
        (":method", method),
        (":scheme", "http"),
        (":authority", "x"),
        (":path", path),
    ]
}

/// A request without a body.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    let flags = END_STREAM | END_HEADERS;
    frame(HEADERS, flags, stream, &block(&pseudo("GET", path)))
}

/// The head of a request whose body follows.
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(&pseudo("POST", path)))
}

pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub fn window_update(stream: u32, more: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &more.to_be_bytes())
}

/// A frame that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    pub fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// The code of an error, when it tells one.
    pub fn code(&self) -> Option<u32> {
        match self.kind {
            RST_STREAM => Some(self.word(0)),
            GOAWAY => Some(self.word(4)),
            _ => None,
        }
    }
}

async fn next(read: &mut (impl AsyncRead + Unpin)) -> Option<Frame> {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    read.read_exact(&mut payload).await.ok()?;
    Some(Frame {
        kind: head[3],
        flags: head[4],
        stream: u32::from_be_bytes(head[5..9].try_into().unwrap()),
        payload,
    })
}

/// Reads to the end: the code of the last GOAWAY.
pub async fn end(read: &mut (impl AsyncRead + Unpin)) -> Option<u32> {
    let mut code = None;
    while let Some(frame) = next(read).await {
        if frame.kind == GOAWAY {
            code = frame.code();
        }
    }
    code
}

/// A connection on which the test writes what it likes.
pub struct Wire(pub TcpStream);

impl Wire {
    /// Connected, with nothing sent.
    pub async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    /// Connected, with the preface and these bytes sent.
    pub async fn open(addr: SocketAddr, more: &[u8]) -> Self {
        let mut wire = Self::connect(addr).await;
        wire.send(&[&hello(), more].concat()).await;
        wire
    }

    /// Sends as much as the other end takes: it may have closed.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        within(self.0.write_all(bytes)).await.is_ok()
    }

    /// The next frame; `None` when the connection has ended, however.
    pub async fn frame(&mut self) -> Option<Frame> {
        within(next(&mut self.0)).await
    }

    /// The next frame of this kind; `None` when the connection ended before.
    pub async fn next(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.frame().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// How the connection ends: the code of the last GOAWAY, `None` when there was none.
    pub async fn end(&mut self) -> Option<u32> {
        within(end(&mut self.0)).await
    }

    /// What becomes of a stream: its status and body, or the code it was reset with.
    pub async fn answer(&mut self, stream: u32) -> Answer {
        let (mut head, mut body) = (Vec::new(), Vec::new());
        loop {
            let Some(frame) = self.frame().await else {
                return Answer::Closed(None);
            };
            if frame.kind == GOAWAY && frame.code() != Some(NO_ERROR) {
                return Answer::Closed(frame.code());
            }
            if frame.stream != stream {
                continue;
            }
            let ends = frame.ends_stream();
            match frame.kind {
                RST_STREAM => return Answer::Reset(frame.code().unwrap()),
                HEADERS => head.extend(frame.payload),
                DATA => body.extend(frame.payload),
                _ => {}
            }
            if ends {
                return Answer::Response {
                    status: status(&head),
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
            }
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Response {
        status: u16,
        body: String,
    },
    /// The stream was reset.
    Reset(u32),
    /// The connection ended, with a GOAWAY of this code.
    Closed(Option<u32>),
}

impl Answer {
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// The status, which comes first: by its index in the static table, or as a literal whose value
/// may be coded by Huffman's code; three digits need two bytes then.
fn status(block: &[u8]) -> u16 {
    match block {
        [first @ 0x88..=0x8e, ..] => {
            [200, 204, 206, 304, 400, 404, 500][usize::from(*first - 0x88)]
        }
        // A name from the table, and a value.
        [0x48 | 0x08, length, value @ ..] if length & 0x80 == 0 => {
            let digits = std::str::from_utf8(&value[..usize::from(*length)]).unwrap();
            digits.parse().unwrap()
        }
        [0x48 | 0x08, length, value @ ..] => huffman_digits(&value[..usize::from(length & 0x7f)]),
        other => panic!("not a status: {other:02x?}"),
    }
}

/// Digits by the code of RFC 7541, appendix B: 0 to 2 have five bits, the others six.
fn huffman_digits(bytes: &[u8]) -> u16 {
    let all = bytes
        .iter()
        .fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    let (mut left, mut number) = (8 * bytes.len(), 0);
    for _ in 0..3 {
        let five = all >> (left - 5) & 31;
        let (digit, length) = if five < 3 {
            (five, 5)
        } else {
            ((all >> (left - 6) & 63) - 0x19 + 3, 6)
        };
        number = number * 10 + u16::try_from(digit).unwrap();
        left -= length;
    }
    number
}
