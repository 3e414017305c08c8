//! Sections 4, 6.1 to 6.4 and 6.10: frames, one by one.

use super::{Case, Connection, Status, Stream};
use crate::http2::wire::{
    COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_SIZE_ERROR, HEADERS,
    PADDED, PING, PRIORITY, PROTOCOL_ERROR, RST_STREAM, WITH_PRIORITY, block, frame, get, post,
    pseudo, reset,
};

pub(super) fn frames() -> Vec<Case> {
    [layout(), data_and_heads(), continued_and_reset()].concat()
}

fn layout() -> Vec<Case> {
    vec![
        (
            "4.1",
            "a frame of no known kind is ignored",
            [frame(0xfa, 0xff, 0, b"???"), get(1, "/")].concat(),
            Status(1, 200),
        ),
        (
            "4.1",
            "flags of no meaning are ignored",
            frame(
                HEADERS,
                0xc0 | END_STREAM | END_HEADERS,
                1,
                &block(&pseudo("GET", "/")),
            ),
            Status(1, 200),
        ),
        (
            "4.1",
            "the reserved bit is ignored",
            frame(
                HEADERS,
                END_STREAM | END_HEADERS,
                0x8000_0001,
                &block(&pseudo("GET", "/")),
            ),
            Status(1, 200),
        ),
        (
            "4.2",
            "a frame beyond the size",
            [post(1, "/"), frame(DATA, END_STREAM, 1, &[b'x'; 16_385])].concat(),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "4.2",
            "a head beyond the size of a frame",
            frame(HEADERS, END_STREAM | END_HEADERS, 1, &[b'x'; 16_385]),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "4.3",
            "fields that do not decode",
            frame(
                HEADERS,
                END_STREAM | END_HEADERS,
                1,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            Connection(&[COMPRESSION_ERROR]),
        ),
        (
            "4.3",
            "an index beyond the tables",
            frame(HEADERS, END_STREAM | END_HEADERS, 1, &[0xfe]),
            Connection(&[COMPRESSION_ERROR]),
        ),
    ]
}

fn data_and_heads() -> Vec<Case> {
    vec![
        (
            "6.1",
            "data on stream 0",
            frame(DATA, 0, 0, b"x"),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.1",
            "more padding than there is",
            [
                post(1, "/"),
                frame(DATA, END_STREAM | PADDED, 1, &[9, 1, 2]),
            ]
            .concat(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2",
            "a head on stream 0",
            frame(
                HEADERS,
                END_STREAM | END_HEADERS,
                0,
                &block(&pseudo("GET", "/")),
            ),
            Connection(&[PROTOCOL_ERROR]),
        ),
        ("6.2", "a padded head", padded(), Status(1, 200)),
        (
            "6.2",
            "more padding than head",
            frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, &[200, 0x82]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2",
            "another frame inside of a head",
            [split().0, frame(PING, 0, 0, &[0; 8])].concat(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2",
            "another stream inside of a head",
            [split().0, get(3, "/")].concat(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10",
            "a head in two parts",
            [split().0, split().1].concat(),
            Status(1, 200),
        ),
        (
            "6.10",
            "a continuation of nothing",
            split().1,
            Connection(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn continued_and_reset() -> Vec<Case> {
    vec![
        (
            "6.10",
            "a continuation on another stream",
            [split().0, frame(CONTINUATION, END_HEADERS, 3, &[])].concat(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.3",
            "a priority of the wrong size",
            [frame(PRIORITY, 0, 1, &[0; 4]), get(1, "/")].concat(),
            Stream(1, &[FRAME_SIZE_ERROR]),
        ),
        (
            "6.3",
            "a priority on stream 0",
            frame(PRIORITY, 0, 0, &[0; 5]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "5.3.1",
            "a stream that depends on itself is not an error any more, or still one",
            itself(),
            Stream(1, &[PROTOCOL_ERROR]),
        ),
        (
            "6.4",
            "a reset of the wrong size",
            [post(1, "/"), frame(RST_STREAM, 0, 1, &[0; 3])].concat(),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.4",
            "a reset on stream 0",
            reset(0, 0),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.4",
            "a reset of a stream that is idle",
            reset(1, 0),
            Connection(&[PROTOCOL_ERROR]),
        ),
    ]
}

/// A head, and the rest of it.
fn split() -> (Vec<u8>, Vec<u8>) {
    let (first, second) = (block(&pseudo("GET", "/")), block(&[("x-more", "y")]));
    let head = frame(HEADERS, END_STREAM, 1, &first);
    (head, frame(CONTINUATION, END_HEADERS, 1, &second))
}

fn padded() -> Vec<u8> {
    let mut payload = vec![5];
    payload.extend(block(&pseudo("GET", "/")));
    payload.extend([0; 5]);
    frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, &payload)
}

/// A stream that depends on itself.
fn itself() -> Vec<u8> {
    let mut payload = vec![0, 0, 0, 1, 16];
    payload.extend(block(&pseudo("GET", "/")));
    let flags = END_STREAM | END_HEADERS | WITH_PRIORITY;
    frame(HEADERS, flags, 1, &payload)
}
