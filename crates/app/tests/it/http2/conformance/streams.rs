//! Sections 5 and 6.5 to 6.9: streams, settings and windows.

use super::{Case, Connection, Status, Stream};
use crate::http2::wire::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY,
    PING, PROTOCOL_ERROR, PUSH_PROMISE, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, frame, get, post,
    settings, window_update,
};

pub(super) fn streams() -> Vec<Case> {
    [
        states(),
        of_the_connection(),
        pings_and_windows(),
        windows_of_streams(),
    ]
    .concat()
}

fn of_the_connection() -> Vec<Case> {
    vec![
        (
            "6.5",
            "settings on a stream",
            frame(SETTINGS, 0, 1, &[]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5",
            "settings of the wrong size",
            frame(SETTINGS, 0, 0, &[0; 5]),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.5",
            "an acknowledgement that says more",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.5.2",
            "a setting of no known kind is ignored",
            [settings(&[(0xfff, 7)]), get(1, "/")].concat(),
            Status(1, 200),
        ),
        (
            "6.5.2",
            "a push that is neither on nor off",
            settings(&[(2, 2)]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5.2",
            "a window beyond the largest",
            settings(&[(4, 0x8000_0000)]),
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.5.2",
            "a frame size below the least",
            settings(&[(5, 16_383)]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5.2",
            "a frame size beyond the largest",
            settings(&[(5, 16_777_216)]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.6",
            "a client that pushes",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]),
            Connection(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn pings_and_windows() -> Vec<Case> {
    vec![
        (
            "6.7",
            "a ping of the wrong size",
            frame(PING, 0, 0, &[0; 6]),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.7",
            "a ping on a stream",
            frame(PING, 0, 1, &[0; 8]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.8",
            "a goodbye on a stream",
            frame(GOAWAY, 0, 1, &[0; 8]),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9",
            "a window of the wrong size",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            Connection(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.9",
            "a window that opens by nothing",
            window_update(0, 0),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9",
            "a window of a stream that opens by nothing",
            [post(1, "/"), window_update(1, 0)].concat(),
            Stream(1, &[PROTOCOL_ERROR]),
        ),
        (
            "6.9.1",
            "a window that overflows",
            [window_update(0, 0x7fff_ffff), window_update(0, 1)].concat(),
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.9.1",
            "a window of a stream that overflows",
            [post(1, "/"), window_update(1, 0x7fff_ffff)].concat(),
            Stream(1, &[FLOW_CONTROL_ERROR]),
        ),
    ]
}

fn windows_of_streams() -> Vec<Case> {
    vec![
        (
            "6.9.2",
            "a first window that overflows those of streams",
            [
                post(1, "/"),
                window_update(1, 0x7000_0000),
                settings(&[(4, 0x7fff_ffff)]),
            ]
            .concat(),
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.9",
            "data beyond the window",
            [
                post(1, "/unread"),
                frame(DATA, 0, 1, &[b'x'; 16_384]).repeat(65),
            ]
            .concat(),
            Stream(1, &[FLOW_CONTROL_ERROR]),
        ),
    ]
}

fn states() -> Vec<Case> {
    vec![
        (
            "5.1",
            "data on a stream that is idle",
            late(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1",
            "a window of a stream that is idle",
            window_update(1, 9),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1",
            "data after the end of the stream",
            [get(1, "/held"), late()].concat(),
            Stream(1, &[STREAM_CLOSED]),
        ),
        (
            "5.1",
            "a head after the end of the stream",
            [get(1, "/held"), get(1, "/held")].concat(),
            Stream(1, &[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        (
            "5.1",
            "a continuation after the end of the head",
            [get(1, "/held"), frame(CONTINUATION, END_HEADERS, 1, &[])].concat(),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1",
            "a window of a stream that is half closed",
            [get(1, "/"), window_update(1, 9)].concat(),
            Status(1, 200),
        ),
        (
            "5.1.1",
            "a stream with an even number",
            get(2, "/"),
            Connection(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1.1",
            "a stream with a lower number than another",
            [get(5, "/held"), get(3, "/")].concat(),
            Connection(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        (
            "5.1.1",
            "streams may be left out",
            [get(7, "/")].concat(),
            Status(7, 200),
        ),
    ]
}

fn late() -> Vec<u8> {
    frame(DATA, END_STREAM, 1, b"late")
}
