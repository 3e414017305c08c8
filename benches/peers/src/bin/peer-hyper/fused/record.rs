//! What is known of a request when it is over, in the log and in the metrics.

use std::net::IpAddr;

use hyper::body::Body;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::http::request::Parts;

use super::Stack;
use crate::answer::Answer;
use crate::clock::push_time;
use crate::limiter::Decision;
use crate::log::{push_number, push_text};
use crate::random;

/// The most bytes of a text in a line.
const TEXT_BYTES_MAX: usize = 256;
const PATH_BYTES_MAX: usize = 2048;

/// The id that came along, when it is 1 to 128 visible ASCII characters, else a new one.
pub(super) fn request_id(parts: &Parts) -> Option<HeaderValue> {
    let came = parts
        .headers
        .get("x-request-id")
        .filter(|id| matches!(id.len(), 1..=128) && id.as_bytes().iter().all(u8::is_ascii_graphic));
    match came {
        Some(id) => Some(id.clone()),
        None => HeaderValue::from_bytes(&random::id()?).ok(),
    }
}

/// What is left of a quota, as `RateLimit` has it.
pub(super) fn quota(quota: Decision) -> HeaderValue {
    let mut text = Vec::with_capacity(48);
    text.extend_from_slice(b"\"default\";r=");
    push_number(&mut text, quota.remaining);
    text.extend_from_slice(b";t=");
    push_number(&mut text, quota.seconds);
    // Digits and punctuation are always a value.
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

/// A request that is being worked on. Told also when it never ends, because its client went away.
pub(super) struct Record<'a> {
    stack: &'a Stack,
    parts: &'a Parts,
    client: IpAddr,
    route: Option<usize>,
    id: Option<&'a HeaderValue>,
    start: u64,
    /// Status and bytes of the answer.
    answer: Option<(u16, u64)>,
}

impl<'a> Record<'a> {
    pub(super) fn begin(
        stack: &'a Stack,
        parts: &'a Parts,
        client: IpAddr,
        route: Option<usize>,
        id: Option<&'a HeaderValue>,
        start: u64,
    ) -> Self {
        if let Some(metrics) = &stack.metrics {
            metrics.begin();
        }
        Self {
            stack,
            parts,
            client,
            route,
            id,
            start,
            answer: None,
        }
    }

    pub(super) fn end(mut self, answer: &Answer) {
        let bytes = answer.body().size_hint().exact().unwrap_or(0);
        self.answer = Some((answer.status().as_u16(), bytes));
    }

    fn write(&self, out: &mut Vec<u8>, nanos: u64) {
        let (status, bytes) = self.answer.unwrap_or((0, 0));
        let level = if status >= 500 { "error" } else { "info" };
        out.extend_from_slice(b"{\"time\":\"");
        push_time(out, self.stack.clock.unix_millis(self.start));
        out.extend_from_slice(b"\",\"level\":\"");
        out.extend_from_slice(level.as_bytes());
        out.extend_from_slice(b"\",\"msg\":\"request");
        text(
            out,
            b"\",\"method\":\"",
            self.parts.method.as_str().as_bytes(),
            32,
        );
        let path = self.parts.uri.path().as_bytes();
        text(out, b"\",\"path\":\"", path, PATH_BYTES_MAX);
        if let Some(pattern) = self.route.and_then(|at| self.stack.routes.pattern(at)) {
            text(out, b"\",\"route\":\"", pattern.as_bytes(), PATH_BYTES_MAX);
        }
        if let Some(agent) = self.parts.headers.get(USER_AGENT) {
            text(
                out,
                b"\",\"user_agent\":\"",
                agent.as_bytes(),
                TEXT_BYTES_MAX,
            );
        }
        if let Some(id) = self.id {
            text(out, b"\",\"request_id\":\"", id.as_bytes(), TEXT_BYTES_MAX);
        }
        out.extend_from_slice(b"\",\"client_ip\":\"");
        address(out, self.client);
        let ended: &[u8] = if self.answer.is_some() {
            b"\",\"outcome\":\"completed\",\"protocol\":\"HTTP/1.1\",\"status\":"
        } else {
            b"\",\"outcome\":\"cancelled\",\"protocol\":\"HTTP/1.1\",\"status\":"
        };
        out.extend_from_slice(ended);
        push_number(out, u64::from(status));
        out.extend_from_slice(b",\"bytes\":");
        push_number(out, bytes);
        out.extend_from_slice(b",\"duration_ms\":");
        push_number(out, nanos / 1_000_000);
        out.push(b'.');
        let micros = nanos / 1000 % 1000;
        for digit in [micros / 100, micros / 10 % 10, micros % 10] {
            out.push(b'0' + u8::try_from(digit).unwrap_or_default());
        }
        out.push(b'}');
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let nanos = self.stack.clock.now().saturating_sub(self.start);
        if let Some(metrics) = &self.stack.metrics {
            let (status, written) = self.answer.unwrap_or((499, 0));
            let read = u64::try_from(super::announced(self.parts)).unwrap_or(u64::MAX);
            metrics.end(self.route, status, nanos, [read, written]);
        }
        if let Some(log) = &self.stack.log {
            log.line(|out| self.write(out, nanos));
        }
    }
}

fn text(out: &mut Vec<u8>, before: &[u8], text: &[u8], most: usize) {
    out.extend_from_slice(before);
    push_text(out, &text[..text.len().min(most)]);
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            push_number(out, u64::from(a));
            for part in [b, c, d] {
                out.push(b'.');
                push_number(out, u64::from(part));
            }
        }
        IpAddr::V6(address) => out.extend_from_slice(address.to_string().as_bytes()),
    }
}
