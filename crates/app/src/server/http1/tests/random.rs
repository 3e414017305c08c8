//! Pipelines of requests made of pieces, most of them plain, cut at any place.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::handlers::{PATHS, REFUSED};
use super::{Guarded, LONG, Then, differ};

const METHODS: &[&str] = &[
    "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW",
];
const ODD_METHODS: &[&str] = &["CONNECT", "get", "", "G T", "\u{e9}", "PRI", "TRACE", "!~"];
const ODD_TARGETS: &[&str] = &[
    "*",
    "http://y/text",
    "y:80",
    "text",
    "",
    "/a b",
    "/%zz",
    "/\u{e9}",
    "/a\0",
    "//text",
    "/text/",
    "/../text",
    "/text?a=b#c",
    "/text;a",
    "http:///text",
    "/{x}",
];
const VERSIONS: &[&str] = &[" HTTP/1.1"];
const ODD_VERSIONS: &[&str] = &[
    " HTTP/1.0",
    " HTTP/1.0",
    " HTTP/2.0",
    " HTTP/1.2",
    " HTTP/0.9",
    " http/1.1",
    "",
    " ",
    "  HTTP/1.1",
    " HTTP/1.1 ",
    "\tHTTP/1.1",
    " HTTP/1",
    " HTTP/11",
];
const ENDS: &[&str] = &["\r\n"];
const ODD_ENDS: &[&str] = &[
    "\n", "\n", "\r", "\r\r\n", "\n\r", " \r\n", "\r\n ", "\r\n\t", "\0\r\n",
];
const FIELDS: &[&str] = &[
    "host: x",
    "x-a: b",
    "X-A:c",
    "x-empty:",
    "x-spaces: \t a b \t ",
    "x!#$%&'*+-.^_`|~: 1",
    "x-obs: caf\u{e9}\u{ff}",
    "connection: keep-alive",
    "Connection: Keep-Alive",
    "te: trailers",
    "accept: */*",
    "origin: https://shop.example",
    "cookie: a=1",
    "cookie: b=2",
    "keep-alive: timeout=5",
    "content-type: text/plain",
];
const ODD_FIELDS: &[&str] = &[
    "host: y",
    "Host:",
    "connection: close",
    "connection: keep-alive, close",
    "connection: x-a",
    "connection: upgrade",
    "connection:",
    "upgrade: websocket",
    "upgrade: h2c",
    "expect: x",
    "expect: 100-continue",
    "transfer-encoding: chunked",
    "transfer-encoding: xchunked",
    "transfer-encoding: chunked, identity",
    "transfer-encoding:\tchunked ",
    "transfer-encoding:",
    "Transfer-Encoding: CHUNKED",
    "transfer-encoding: gzip, chunked",
    "transfer-encoding : chunked",
    "content-length: 5",
    "content-length: 0",
    "content-length: +5",
    "content-length: 05",
    "content-length: 5, 5",
    "content-length: -1",
    "content-length:",
    "content-length: 99999",
    "content-length: 0x5",
    "content-length : 5",
    "Content-Length:5",
    "content-length: 4294967301",
    "content-length: 18446744073709551621",
    "x-a : b",
    " x-a: b",
    "x-a",
    ": b",
    "x\0: b",
    "x-a: b\0",
    "x-a: b\rcontent-length: 5",
    "x-a: b\x7f",
    "x(: b",
    "\u{e9}: b",
    "trailer: x-a",
    "proxy-connection: close",
    "http2-settings: AA",
    "content-encoding: gzip",
];
const BEFORE: &[&str] = &[""];
const ODD_BEFORE: &[&str] = &["\r\n", "\n", "\r\n\r\n", "\r", " ", "\0", "x", "0\r\n\r\n"];

/// How a request says how long its body is.
#[derive(Debug, Clone)]
enum Frame {
    None,
    /// Right, and so many bytes.
    Length(usize),
    /// The number and the bytes have nothing to do with each other.
    Wrong(usize, usize),
    Chunked(usize),
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        16 => Just(Frame::None),
        16 => (0_usize..200).prop_map(Frame::Length),
        1 => (7_900_usize..8_300).prop_map(Frame::Length),
        1 => (8_300_usize..40_000).prop_map(Frame::Length),
        2 => (0_usize..20, 0_usize..20).prop_map(|(said, sent)| Frame::Wrong(said, sent)),
        2 => (1_usize..300).prop_map(Frame::Chunked),
    ]
}

impl Frame {
    fn line(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Length(said) | Self::Wrong(said, _) => format!("content-length: {said}\r\n"),
            Self::Chunked(_) => "transfer-encoding: chunked\r\n".to_owned(),
        }
    }

    fn body(&self) -> String {
        let letters = |count| "GET /text HTTP/1.1\r\n\r\n".chars().cycle().take(count);
        match self {
            Self::None => String::new(),
            Self::Length(sent) | Self::Wrong(_, sent) => letters(*sent).collect(),
            Self::Chunked(sent) => {
                let body: String = letters(*sent).collect();
                format!("{sent:x}\r\n{body}\r\n0\r\n\r\n")
            }
        }
    }
}

/// One field more, so that the head comes near the bound, or goes beyond it.
fn filler() -> impl Strategy<Value = String> {
    let line = |count| format!("x-long: {}\r\n", "y".repeat(count));
    prop_oneof![
        60 => Just(String::new()),
        1 => (7_900_usize..8_300).prop_map(line),
        1 => (0_usize..120).prop_map(|count| "x-a: b\r\n".repeat(count)),
    ]
}

fn target() -> impl Strategy<Value = String> {
    let query = |path: &str| format!("{path}?a=b&c");
    prop_oneof![
        16 => select(&PATHS[..]).prop_map(ToOwned::to_owned),
        2 => select(&PATHS[..]).prop_map(query),
        2 => Just("/get".to_owned()),
        1 => select(&REFUSED[..]).prop_map(ToOwned::to_owned),
        1 => select(ODD_TARGETS).prop_map(ToOwned::to_owned),
    ]
}

fn fields() -> impl Strategy<Value = String> {
    let odd =
        prop_oneof![5 => Just(None), 1 => (select(ODD_FIELDS), any::<Index>()).prop_map(Some)];
    let end = prop_oneof![19 => Just("\r\n"), 1 => select(ODD_ENDS)];
    (vec(select(FIELDS), 0..6), odd, end).prop_map(|(mut fields, odd, end)| {
        fields.insert(0, "host: z");
        fields.retain(|it| *it != "host: x");
        if let Some((odd, place)) = odd {
            fields.insert(place.index(fields.len() + 1), odd);
        }
        let place = fields.len() / 2;
        let lines = fields.iter().enumerate();
        let line = |(at, field)| format!("{field}{}", if at == place { end } else { "\r\n" });
        lines.map(line).collect()
    })
}

prop_compose! {
    fn request()(
        before in prop_oneof![19 => select(BEFORE), 1 => select(ODD_BEFORE)],
        method in prop_oneof![29 => select(METHODS), 1 => select(ODD_METHODS)],
        target in target(),
        version in prop_oneof![29 => select(VERSIONS), 1 => select(ODD_VERSIONS)],
        end in prop_oneof![29 => select(ENDS), 1 => select(ODD_ENDS)],
        fields in fields(),
        filler in filler(),
        frame in frame(),
        last in prop_oneof![29 => select(ENDS), 1 => select(ODD_ENDS)],
    ) -> String {
        let (line, body) = (frame.line(), frame.body());
        format!("{before}{method} {target}{version}{end}{fields}{filler}{line}{last}{body}")
    }
}

/// What comes after the last request.
fn rest() -> impl Strategy<Value = String> {
    let odd = [
        "GET",
        "GET /text HT",
        "\r\n",
        "garbage\r\n\r\n",
        "\0",
        "GET /text HTTP/1.1\r\nhost",
    ];
    prop_oneof![4 => Just(""), 1 => select(odd.to_vec())].prop_map(ToOwned::to_owned)
}

fn pipeline() -> impl Strategy<Value = Vec<u8>> {
    let all = (vec(request(), 1..=6), rest(), 0_u8..12, any::<Index>());
    all.prop_map(|(requests, rest, cut, place)| {
        let text = requests.concat() + &rest;
        let mut bytes: Vec<u8> = text.chars().map(|it| u8::try_from(it).unwrap()).collect();
        if cut == 0 {
            bytes.truncate(place.index(bytes.len() + 1));
        }
        bytes
    })
}

fn cut(bytes: &[u8], places: &[Index]) -> Vec<Bytes> {
    let bytes = Bytes::copy_from_slice(bytes);
    let mut places: Vec<usize> = places.iter().map(|it| it.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.dedup();
    let pieces = places.windows(2).map(|it| bytes.slice(it[0]..it[1]));
    pieces.collect()
}

fn then() -> impl Strategy<Value = Then> {
    select(&[Then::CloseAtOnce, Then::CloseLater, Then::Stay][..])
}

proptest! {
    #[test]
    fn pipelines_are_answered_as_by_the_engine(
        bytes in pipeline(),
        places in vec(any::<Index>(), 0..6),
        then in then(),
        guards in select(&[Guarded::No, Guarded::Yes][..]),
    ) {
        // Who closes while it waits is gone, once all it sent has been read; and the engine reads
        // 24 bytes more ahead.
        let then = if bytes.len() > LONG { then.max(Then::CloseLater) } else { then };
        if let Err(why) = differ(guards, &cut(&bytes, &places), then) {
            prop_assert!(false, "{}\n{why}", bytes.escape_ascii());
        }
    }
}
