//! Section 8: what makes a request malformed.

use super::{Case, Malformed, Status, asks, head, with, with_length};
use crate::http2::wire::{DATA, END_HEADERS, END_STREAM, frame, post, pseudo};

pub(super) fn messages() -> Vec<Case> {
    [
        bodies(),
        fields(),
        of_a_connection(),
        pseudo_fields(),
        connects(),
    ]
    .concat()
}

fn bodies() -> Vec<Case> {
    let [method, _, _, _] = pseudo("GET", "/");
    vec![
        (
            "8.1",
            "a body and trailers",
            trailers(&[("x-check", "y")], END_STREAM | END_HEADERS),
            Status(1, 200),
        ),
        (
            "8.1",
            "trailers that do not end the stream",
            trailers(&[("x-check", "y")], END_HEADERS),
            Malformed(1),
        ),
        (
            "8.1",
            "pseudo-header fields in trailers",
            trailers(&[("x-check", "y"), method], END_STREAM | END_HEADERS),
            Malformed(1),
        ),
        (
            "8.1.1",
            "a shorter body than was told",
            with_length("9", "body"),
            Malformed(1),
        ),
        (
            "8.1.1",
            "a longer body than was told",
            with_length("2", "body"),
            Malformed(1),
        ),
        (
            "8.1.1",
            "a length that is none",
            with_length("4x", "body"),
            Malformed(1),
        ),
        (
            "8.1.1",
            "the length that was told",
            with_length("4", "body"),
            Status(1, 200),
        ),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        (
            "8.1.1",
            "two lengths",
            [
                head(
                    1,
                    END_HEADERS,
                    &[
                        &pseudo("POST", "/")[..],
                        &[("content-length", "4"), ("content-length", "5")],
                    ]
                    .concat(),
                ),
                frame(DATA, END_STREAM, 1, b"body"),
            ]
            .concat(),
            Malformed(1),
        ),
        (
            "8.2.1",
            "a name in capitals",
            with(&[("X-Loud", "y")]),
            Malformed(1),
        ),
        (
            "8.2.1",
            "a name with a space",
            with(&[("x y", "z")]),
            Malformed(1),
        ),
        ("8.2.1", "an empty name", with(&[("", "z")]), Malformed(1)),
        (
            "8.2.1",
            "a value with a line feed",
            with(&[("x", "y\nz")]),
            Malformed(1),
        ),
        (
            "8.2.1",
            "a value with a carriage return",
            with(&[("x", "y\rz")]),
            Malformed(1),
        ),
        (
            "8.2.1",
            "a value with a zero",
            with(&[("x", "y\0z")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "connection",
            with(&[("connection", "close")]),
            Malformed(1),
        ),
    ]
}

fn of_a_connection() -> Vec<Case> {
    let [method, scheme, authority, path] = pseudo("GET", "/");
    vec![
        (
            "8.2.2",
            "keep-alive",
            with(&[("keep-alive", "timeout=5")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "proxy-connection",
            with(&[("proxy-connection", "close")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "transfer-encoding",
            with(&[("transfer-encoding", "chunked")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "upgrade",
            with(&[("upgrade", "websocket")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "te that is not trailers",
            with(&[("te", "gzip")]),
            Malformed(1),
        ),
        (
            "8.2.2",
            "te that is trailers",
            with(&[("te", "trailers")]),
            Status(1, 200),
        ),
        (
            "8.2.3",
            "cookies in parts",
            with(&[("cookie", "a=1"), ("cookie", "b=2")]),
            Status(1, 200),
        ),
        (
            "8.3",
            "a pseudo-header field after another field",
            asks(&[method, scheme, authority, ("x", "y"), path]),
            Malformed(1),
        ),
        (
            "8.3",
            "a pseudo-header field of no known name",
            asks(&[method, scheme, authority, path, (":x", "y")]),
            Malformed(1),
        ),
    ]
}

fn pseudo_fields() -> Vec<Case> {
    let [method, scheme, authority, path] = pseudo("GET", "/");
    vec![
        (
            "8.3",
            "a pseudo-header field of an answer",
            asks(&[method, scheme, authority, path, (":status", "200")]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "without a method",
            asks(&[scheme, authority, path]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "without a scheme",
            asks(&[method, authority, path]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "without a path",
            asks(&[method, scheme, authority]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "with an empty path",
            asks(&[method, scheme, authority, (":path", "")]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "with two methods",
            asks(&[method, method, scheme, authority, path]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "with two schemes",
            asks(&[method, scheme, scheme, authority, path]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "with two paths",
            asks(&[method, scheme, authority, path, path]),
            Malformed(1),
        ),
        (
            "8.3.1",
            "with two authorities",
            asks(&[method, scheme, authority, authority, path]),
            Malformed(1),
        ),
    ]
}

fn connects() -> Vec<Case> {
    let [_, scheme, authority, path] = pseudo("GET", "/");
    vec![
        (
            "8.3.1",
            "a method that is none",
            asks(&[(":method", "G ET"), scheme, authority, path]),
            Malformed(1),
        ),
        (
            "8.5",
            "CONNECT with a path",
            asks(&[(":method", "CONNECT"), scheme, authority, path]),
            Malformed(1),
        ),
        (
            "RFC 8441, 3",
            "the extended CONNECT, which is not announced",
            asks(&[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                scheme,
                authority,
                path,
            ]),
            Malformed(1),
        ),
    ]
}

/// A body, and these fields after it.
fn trailers(fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
    let body = frame(DATA, 0, 1, b"body");
    [post(1, "/"), body, head(1, flags, fields)].concat()
}
