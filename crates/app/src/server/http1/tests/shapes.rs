//! Every shape by which requests are known to be smuggled, or that is odd in another way, by name.

use bytes::Bytes;

use super::{Guarded, Record, Then, differ};
use crate::server::http1::head::find;

/// What is to become of a shape, with a plain request after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Both are answered, the first the short way.
    Plain,
    /// Both are answered, the first by the engine.
    Engine,
    /// The first is answered by the engine, which closes then.
    Last,
    /// Neither is seen by a handler.
    Refused,
}
use Fate::{Engine, Last, Plain, Refused};

/// The lines after the first and `host: x`, which is there when there is another.
const FIELDS: &[(&str, &str, Fate)] = &[
    ("no host", "", Plain),
    ("two hosts", "host: y\r\n", Plain),
    ("two hosts, the same", "Host: x\r\n", Plain),
    ("empty host", "Host:\r\n", Plain),
    ("names in capitals", "X-A: b\r\n", Plain),
    ("one name twice", "x-a: b\r\nx-c: d\r\nX-A: b\r\n", Plain),
    ("odd token characters", "x!#$%&'*+-.^_`|~9: 1\r\n", Plain),
    ("empty value", "x-a:\r\nx-b: \r\n", Plain),
    ("value with spaces around", "x-a: \t b c \t \r\n", Plain),
    ("obs-text", "x-a: caf\u{e9}\r\n", Plain),
    ("keep-alive", "connection: keep-alive\r\n", Plain),
    ("Keep-Alive", "connection: Keep-Alive\r\n", Plain),
    ("trailers", "te: trailers\r\n", Plain),
    ("length zero", "content-length: 0\r\n", Plain),
    ("length 000", "content-length: 000\r\n", Plain),
    (
        "keep-alive, close",
        "connection: keep-alive, close\r\n",
        Last,
    ),
    ("close", "connection: close\r\n", Last),
    ("Close in capitals", "connection: CLOSE\r\n", Last),
    (
        "close of two lines",
        "connection: keep-alive\r\nconnection: close\r\n",
        Last,
    ),
    (
        "close before keep-alive",
        "connection: close\r\nconnection: keep-alive\r\n",
        Last,
    ),
    ("connection without sense", "connection: x-a, ,\r\n", Engine),
    ("empty connection", "connection:\r\n", Engine),
    (
        "connection: upgrade alone",
        "connection: upgrade\r\n",
        Engine,
    ),
    (
        "upgrade",
        "connection: upgrade\r\nupgrade: websocket\r\n",
        Engine,
    ),
    ("upgrade without connection", "upgrade: h2c\r\n", Engine),
    ("expect without a body", "expect: 100-continue\r\n", Engine),
    (
        "expect of something else",
        "expect: the-spanish-inquisition\r\n",
        Engine,
    ),
    ("space before the colon", "host : x\r\n", Refused),
    ("tab before the colon", "x-a\t: b\r\n", Refused),
    ("space before the name", " x-a: b\r\n", Refused),
    ("obs-fold", "x-a: b\r\n c\r\n", Refused),
    ("obs-fold by a tab", "x-a: b\r\n\tc\r\n", Refused),
    ("line without a colon", "x-a\r\n", Refused),
    ("empty name", ": b\r\n", Refused),
    ("name with a bracket", "x(a): b\r\n", Refused),
    ("name with a NUL", "x\0a: b\r\n", Refused),
    ("name of obs-text", "x\u{e9}: b\r\n", Refused),
    ("NUL in a value", "x-a: b\0c\r\n", Refused),
    ("DEL in a value", "x-a: b\x7fc\r\n", Refused),
    ("bare CR in a value", "x-a: b\rc\r\n", Refused),
    (
        "bare CR hides a length",
        "x-a: b\rcontent-length: 5\r\n",
        Refused,
    ),
    ("bare LF as the end of a line", "x-a: b\nx-c: d\r\n", Plain),
    (
        "bare LF hides a length",
        "x-a: b\ncontent-length: 0\r\n",
        Plain,
    ),
    ("CR CR LF", "x-a: b\r\r\n", Refused),
];

/// The lines that say how long the body is, the body, and what is to become of it.
const FRAMES: &[(&str, &str, &str, Fate)] = &[
    ("length", "content-length: 5\r\n", "hello", Plain),
    (
        "length in capitals",
        "CONTENT-LENGTH: 5\r\n",
        "hello",
        Plain,
    ),
    (
        "length with spaces around",
        "content-length: \t5 \r\n",
        "hello",
        Plain,
    ),
    (
        "length with zeros",
        "content-length: 00005\r\n",
        "hello",
        Plain,
    ),
    (
        "length with many zeros",
        "content-length: 0000000000005\r\n",
        "hello",
        Engine,
    ),
    (
        "a request as the body",
        "content-length: 22\r\n",
        "GET /text HTTP/1.1\r\n\r\n",
        Plain,
    ),
    (
        "two lengths, the same",
        "content-length: 5\r\ncontent-length: 5\r\n",
        "hello",
        Engine,
    ),
    (
        "two lengths, 5 and 05",
        "content-length: 5\r\ncontent-length: 05\r\n",
        "hello",
        Engine,
    ),
    (
        "two lengths",
        "content-length: 5\r\ncontent-length: 0\r\n",
        "hello",
        Refused,
    ),
    (
        "two lengths, zero first",
        "content-length: 0\r\ncontent-length: 5\r\n",
        "hello",
        Refused,
    ),
    (
        "list of lengths",
        "content-length: 5, 5\r\n",
        "hello",
        Refused,
    ),
    ("length +5", "content-length: +5\r\n", "hello", Refused),
    ("length -5", "content-length: -5\r\n", "hello", Refused),
    ("length -0", "content-length: -0\r\n", "", Refused),
    ("length 0x5", "content-length: 0x5\r\n", "hello", Refused),
    ("length 5 5", "content-length: 5 5\r\n", "hello", Refused),
    ("length 5_0", "content-length: 0_5\r\n", "hello", Refused),
    ("length 5.0", "content-length: 5.0\r\n", "hello", Refused),
    ("length 5e0", "content-length: 5e0\r\n", "hello", Refused),
    (
        "length in quotes",
        "content-length: \"5\"\r\n",
        "hello",
        Refused,
    ),
    (
        "length of letters",
        "content-length: five\r\n",
        "hello",
        Refused,
    ),
    (
        "length of obs-text",
        "content-length: \u{b2}\r\n",
        "hello",
        Refused,
    ),
    ("empty length", "content-length:\r\n", "", Refused),
    (
        "length 2^64",
        "content-length: 18446744073709551616\r\n",
        "hello",
        Refused,
    ),
    (
        "length 2^64 + 5",
        "content-length: 18446744073709551621\r\n",
        "hello",
        Refused,
    ),
    (
        "length 2^64 - 1",
        "content-length: 18446744073709551615\r\n",
        "hello",
        Refused,
    ),
    (
        "length 2^32 + 5",
        "content-length: 4294967301\r\n",
        "hello",
        Last,
    ),
    (
        "length longer than what comes",
        "content-length: 99999\r\n",
        "hello",
        Last,
    ),
    (
        "length with NUL",
        "content-length: 5\0\r\n",
        "hello",
        Refused,
    ),
    (
        "length with a space in its name",
        "content-length : 5\r\n",
        "hello",
        Refused,
    ),
    (
        "length with an underscore",
        "content_length: 5\r\n",
        "",
        Plain,
    ),
    (
        "length in obs-fold",
        "content-length:\r\n 5\r\n",
        "hello",
        Refused,
    ),
    (
        "expect with a body",
        "expect: 100-continue\r\ncontent-length: 5\r\n",
        "hello",
        Engine,
    ),
    ("chunked", "transfer-encoding: chunked\r\n", CHUNKS, Engine),
    (
        "chunked in capitals",
        "Transfer-Encoding: CHUNKED\r\n",
        CHUNKS,
        Engine,
    ),
    (
        "chunked with a space",
        "transfer-encoding: chunked \r\n",
        CHUNKS,
        Engine,
    ),
    (
        "chunked after a tab",
        "transfer-encoding:\tchunked\r\n",
        CHUNKS,
        Engine,
    ),
    (
        "gzip, chunked",
        "transfer-encoding: gzip, chunked\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunked of two lines",
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunked twice",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunked, identity",
        "transfer-encoding: chunked, identity\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "identity after chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        CHUNKS,
        Refused,
    ),
    ("identity", "transfer-encoding: identity\r\n", "", Refused),
    (
        "identity and a length",
        "transfer-encoding: identity\r\ncontent-length: 5\r\n",
        "hello",
        Refused,
    ),
    (
        "xchunked",
        "transfer-encoding: xchunked\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunkedx",
        "transfer-encoding: chunkedx\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked;x",
        "transfer-encoding: chunked;x\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked in quotes",
        "transfer-encoding: \"chunked\"\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked and obs-text",
        "transfer-encoding: chunked\u{ff}\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked after a vertical tab",
        "transfer-encoding: \x0bchunked\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked and a NUL",
        "transfer-encoding: chunked\0\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "chunked in obs-fold",
        "transfer-encoding:\r\n chunked\r\n",
        CHUNKS,
        Refused,
    ),
    ("empty encoding", "transfer-encoding:\r\n", "", Refused),
    (
        "encoding with a space in its name",
        "transfer-encoding : chunked\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "encoding with an underscore",
        "transfer_encoding: chunked\r\n",
        "",
        Plain,
    ),
    (
        "encoding behind a bare CR",
        "x-a: b\rtransfer-encoding: chunked\r\n",
        CHUNKS,
        Refused,
    ),
    (
        "encoding behind a bare LF",
        "x-a: b\ntransfer-encoding: chunked\r\n",
        CHUNKS,
        Engine,
    ),
    (
        "length and chunked",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunked and length",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunked and wrong length",
        "transfer-encoding: chunked\r\ncontent-length: +5\r\n",
        CHUNKS,
        Last,
    ),
    (
        "chunks in pieces",
        "transfer-encoding: chunked\r\n",
        "1\r\nh\r\n4;x=y\r\nello\r\n0\r\nx-a: b\r\n\r\n",
        Engine,
    ),
    (
        "chunk of a bad size",
        "transfer-encoding: chunked\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        Last,
    ),
    (
        "chunk without an end",
        "transfer-encoding: chunked\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        Last,
    ),
];
const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";

/// First lines, with what comes before them.
const STARTS: &[(&str, &str, Fate)] = &[
    ("plain", "GET /text HTTP/1.1\r\n", Plain),
    ("query", "GET /text?a=b&c=%20 HTTP/1.1\r\n", Plain),
    ("HEAD", "HEAD /text HTTP/1.1\r\n", Plain),
    ("HEAD of a GET", "HEAD /get HTTP/1.1\r\n", Plain),
    ("OPTIONS", "OPTIONS /text HTTP/1.1\r\n", Plain),
    ("TRACE", "TRACE /text HTTP/1.1\r\n", Plain),
    ("method in small letters", "get /text HTTP/1.1\r\n", Plain),
    ("unknown method", "BREW /text HTTP/1.1\r\n", Plain),
    (
        "method of odd characters",
        "!#$%&'*+-.^_`|~ /text HTTP/1.1\r\n",
        Plain,
    ),
    (
        "empty lines before",
        "\r\n\r\nGET /text HTTP/1.1\r\n",
        Plain,
    ),
    ("bare LF before", "\nGET /text HTTP/1.1\r\n", Plain),
    ("bare LF as the end", "GET /text HTTP/1.1\n", Plain),
    ("fragment", "GET /text#top HTTP/1.1\r\n", Plain),
    ("two slashes", "GET //text HTTP/1.1\r\n", Plain),
    ("UTF-8 in the path", "GET /\u{c3}\u{a9} HTTP/1.1\r\n", Plain),
    ("quote in the path", "GET /\"text\" HTTP/1.1\r\n", Plain),
    ("absolute form", "GET http://y/text HTTP/1.1\r\n", Engine),
    (
        "absolute form without a path",
        "GET http://y HTTP/1.1\r\n",
        Engine,
    ),
    ("asterisk", "OPTIONS * HTTP/1.1\r\n", Engine),
    ("asterisk of GET", "GET * HTTP/1.1\r\n", Engine),
    ("authority form", "GET y:80 HTTP/1.1\r\n", Engine),
    ("CONNECT", "CONNECT y:80 HTTP/1.1\r\n", Engine),
    ("CONNECT of a path", "CONNECT /text HTTP/1.1\r\n", Last),
    ("HTTP/1.0", "GET /text HTTP/1.0\r\n", Last),
    ("space before", " GET /text HTTP/1.1\r\n", Refused),
    ("bare CR before", "\rGET /text HTTP/1.1\r\n", Refused),
    ("HTTP/0.9", "GET /text\r\n", Refused),
    ("HTTP/1.2", "GET /text HTTP/1.2\r\n", Refused),
    ("HTTP/2.0", "GET /text HTTP/2.0\r\n", Refused),
    ("HTTP/1.10", "GET /text HTTP/1.10\r\n", Refused),
    ("HTTP/01.1", "GET /text HTTP/01.1\r\n", Refused),
    ("http/1.1", "GET /text http/1.1\r\n", Refused),
    ("HTTP/1,1", "GET /text HTTP/1,1\r\n", Refused),
    (
        "space after the version",
        "GET /text HTTP/1.1 \r\n",
        Refused,
    ),
    ("two spaces", "GET  /text HTTP/1.1\r\n", Refused),
    (
        "two spaces before the version",
        "GET /text  HTTP/1.1\r\n",
        Refused,
    ),
    ("tab", "GET\t/text HTTP/1.1\r\n", Refused),
    ("no method", "/text HTTP/1.1\r\n", Refused),
    ("method with a bracket", "G(T /text HTTP/1.1\r\n", Refused),
    ("obs-text in the path", "GET /\u{e9} HTTP/1.1\r\n", Refused),
    ("NUL in the path", "GET /te\0xt HTTP/1.1\r\n", Refused),
    ("CR as the end", "GET /text HTTP/1.1\rhost: x\r\n", Refused),
    (
        "hello of TLS",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n",
        Refused,
    ),
];

const NEXT: &str = "GET /get?next HTTP/1.1\r\nhost: next\r\n\r\n";

/// Characters up to U+00FF are bytes.
fn bytes(text: &str) -> Bytes {
    text.chars().map(|it| u8::try_from(it).unwrap()).collect()
}

/// Goes both ways, in pieces of all kinds.
fn check(name: &str, request: &str, expected: Fate) -> Result<(), String> {
    let length = bytes(request).len();
    let found = find(&bytes(request), super::MAX_HEAD);
    let is_plain = found.is_ok_and(|(_, it)| it == length);
    if is_plain != (expected == Plain) {
        return Err(format!("{name}: {expected:?}, but plain is {is_plain}"));
    }
    let all = bytes(&format!("{request}{NEXT}{NEXT}"));
    let half = length / 2;
    let cuts = [
        vec![all.clone()],
        vec![all.slice(..half), all.slice(half..)],
        vec![bytes(request), bytes(NEXT), bytes(NEXT)],
        all.chunks(1).map(Bytes::copy_from_slice).collect(),
    ];
    for pieces in &cuts {
        for then in [Then::CloseAtOnce, Then::CloseLater, Then::Stay] {
            let told = format!("{name}, {} pieces, {then:?}", pieces.len());
            let record =
                differ(Guarded::No, pieces, then).map_err(|why| format!("{told}: {why}"))?;
            if !is_fate(&record, expected) {
                return Err(format!("{told}: {expected:?}, but {record:#?}"));
            }
        }
    }
    Ok(())
}

/// Whether it is the fate of the shape, too: two that agree may both be wrong.
fn is_fate(record: &Record, expected: Fate) -> bool {
    let is_next = |seen: &&String| seen.contains("?next");
    let nexts = record.seen.iter().filter(is_next).count();
    let others = record.seen.len() - nexts;
    match expected {
        Plain | Engine => nexts == 2 && others <= 1,
        Last => nexts == 0 && others <= 1,
        Refused => record.seen.is_empty() && record.is_refused(),
    }
}

type Shape = (&'static str, String, Fate);

fn first_lines() -> impl Iterator<Item = Shape> {
    let shape = |start| format!("{start}host: x\r\n\r\n");
    let shapes = STARTS.iter();
    shapes.map(move |(name, start, fate)| (*name, shape(start), *fate))
}

fn fields() -> impl Iterator<Item = Shape> {
    let shape = |fields: &str| {
        let host = if fields.is_empty() { "" } else { "host: x\r\n" };
        format!("GET /text HTTP/1.1\r\n{host}{fields}\r\n")
    };
    let shapes = FIELDS.iter();
    shapes.map(move |(name, fields, fate)| (*name, shape(fields), *fate))
}

fn lengths() -> impl Iterator<Item = Shape> {
    let shape = |fields, body| format!("POST /text HTTP/1.1\r\nhost: x\r\n{fields}\r\n{body}");
    let shapes = FRAMES.iter();
    shapes.map(move |(name, fields, body, fate)| (*name, shape(fields, body), *fate))
}

/// Every shape, with plain requests after it.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Bytes)> {
    let all = first_lines().chain(fields()).chain(lengths());
    all.map(|(name, request, _)| (name, bytes(&format!("{request}{NEXT}{NEXT}"))))
}

/// Says all that is wrong at once.
fn check_all(shapes: impl Iterator<Item = Shape>) {
    let checked = shapes.map(|(name, request, fate)| check(name, &request, fate));
    let wrong: Vec<String> = checked.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn first_lines_are_those_of_the_engine() {
    check_all(first_lines());
}

#[test]
fn fields_are_those_of_the_engine() {
    check_all(fields());
}

#[test]
fn lengths_are_those_of_the_engine() {
    check_all(lengths());
}
