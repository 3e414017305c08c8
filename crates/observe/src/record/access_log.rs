//! The record as a line of the log. Written by hand: the most frequent line there is.

use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use tracing::Level;

use super::{Outcome, RequestRecord, RequestSink};
use crate::log::{LogFormat, LogWriter, level_json, level_pretty, push_bare, push_escaped};

const METHOD_BYTES_MAX: usize = 32;
const PATH_BYTES_MAX: usize = 2048;
const TEXT_BYTES_MAX: usize = 256;
const MESSAGE_BYTES_MAX: usize = 1024;
/// What a line in JSON takes as a rule.
const LINE_BYTES: usize = 512;

/// Writes one line for each request to a [`LogWriter`], in its format.
///
/// JSON is one flat object: `time level msg method path status bytes duration_ms outcome`, and
/// where known `route route_name host request_bytes client_ip user_agent request_id trace_id
/// span_id error_code error protocol`. `msg` is `request`; `level` is `error` for a status from
/// 500 on, a panic or a failed body, else `info`; `duration_ms` has three decimals.
///
/// Bounds: 2,048 bytes of the path, 1,024 of the error, 32 of the method, 256 of every other
/// text; the rest is cut. The query is never logged. A line with level `error` asks for a flush.
#[derive(Clone, Debug)]
pub struct AccessLog {
    writer: LogWriter,
}

impl AccessLog {
    /// Writes to `writer`.
    pub const fn new(writer: LogWriter) -> Self {
        Self { writer }
    }
}

impl RequestSink for AccessLog {
    fn record(&self, record: &RequestRecord<'_>) {
        let level = level(record);
        match self.writer.format() {
            LogFormat::Json => self.writer.append_one_line(|out| json(out, record, level)),
            LogFormat::Pretty => self
                .writer
                .append_one_line(|out| pretty(out, record, level)),
        };
        if level == Level::ERROR {
            self.writer.request_flush();
        }
    }
}

fn level(record: &RequestRecord<'_>) -> Level {
    let failed = matches!(record.outcome, Outcome::Panicked | Outcome::Failed);
    if record.status >= 500 || failed {
        Level::ERROR
    } else {
        Level::INFO
    }
}

fn json(out: &mut Vec<u8>, record: &RequestRecord<'_>, level: Level) {
    out.reserve(LINE_BYTES);
    out.extend_from_slice(b"{\"time\":\"");
    record.start.write_rfc3339_millis(out);
    out.extend_from_slice(b"\",\"level\":\"");
    out.extend_from_slice(level_json(level).as_bytes());
    out.extend_from_slice(b"\",\"msg\":\"request\",\"method\":\"");
    json_text(out, record.method.as_bytes(), METHOD_BYTES_MAX);
    out.extend_from_slice(b"\",\"path\":\"");
    json_text(out, record.path.as_bytes(), PATH_BYTES_MAX);
    out.push(b'"');
    json_field(out, b",\"route\":\"", record.route);
    json_field(out, b",\"route_name\":\"", record.route_name);
    json_field(out, b",\"host\":\"", record.host);
    out.extend_from_slice(b",\"status\":");
    number(out, u64::from(record.status));
    out.extend_from_slice(b",\"bytes\":");
    number(out, record.response_bytes);
    if record.request_bytes > 0 {
        out.extend_from_slice(b",\"request_bytes\":");
        number(out, record.request_bytes);
    }
    out.extend_from_slice(b",\"duration_ms\":");
    millis(out, record.duration);
    if let Some(ip) = record.client_ip {
        out.extend_from_slice(b",\"client_ip\":\"");
        address(out, ip);
        out.push(b'"');
    }
    json_field(out, b",\"user_agent\":\"", record.user_agent);
    json_field(out, b",\"request_id\":\"", record.request_id);
    if let Some(trace) = record.trace {
        out.extend_from_slice(b",\"trace_id\":\"");
        out.extend_from_slice(trace.trace_id().to_hex().as_bytes());
        out.extend_from_slice(b"\",\"span_id\":\"");
        out.extend_from_slice(trace.span_id().to_hex().as_bytes());
        out.push(b'"');
    }
    json_field(out, b",\"error_code\":\"", record.error_code);
    if let Some(message) = record.error_message {
        out.extend_from_slice(b",\"error\":\"");
        json_text(out, message.as_bytes(), MESSAGE_BYTES_MAX);
        out.push(b'"');
    }
    json_field(out, b",\"protocol\":\"", record.protocol);
    out.extend_from_slice(b",\"outcome\":\"");
    out.extend_from_slice(record.outcome.as_str().as_bytes());
    out.extend_from_slice(b"\"}");
}

/// `head` is everything before the text, its opening quote included.
fn json_field<T: AsRef<[u8]>>(out: &mut Vec<u8>, head: &[u8], text: Option<T>) {
    if let Some(text) = text {
        out.extend_from_slice(head);
        json_text(out, text.as_ref(), TEXT_BYTES_MAX);
        out.push(b'"');
    }
}

fn json_text(out: &mut Vec<u8>, text: &[u8], max: usize) {
    push_escaped(out, cut(text, max), LogFormat::Json);
}

fn pretty(out: &mut Vec<u8>, record: &RequestRecord<'_>, level: Level) {
    record.start.write_rfc3339_millis(out);
    out.push(b' ');
    out.extend_from_slice(level_pretty(level).as_bytes());
    out.extend_from_slice(b" request ");
    push_bare(out, cut(record.method.as_bytes(), METHOD_BYTES_MAX));
    out.push(b' ');
    push_bare(out, cut(record.path.as_bytes(), PATH_BYTES_MAX));
    out.push(b' ');
    number(out, u64::from(record.status));
    out.push(b' ');
    millis(out, record.duration);
    out.extend_from_slice(b"ms ");
    number(out, record.response_bytes);
    out.push(b'B');
    pretty_field(out, b" route=", record.route, TEXT_BYTES_MAX);
    pretty_field(out, b" host=", record.host, TEXT_BYTES_MAX);
    if let Some(ip) = record.client_ip {
        out.extend_from_slice(b" client_ip=");
        address(out, ip);
    }
    pretty_field(out, b" user_agent=", record.user_agent, TEXT_BYTES_MAX);
    pretty_field(out, b" request_id=", record.request_id, TEXT_BYTES_MAX);
    if let Some(trace) = record.trace {
        out.extend_from_slice(b" trace_id=");
        out.extend_from_slice(trace.trace_id().to_hex().as_bytes());
    }
    pretty_field(out, b" error_code=", record.error_code, TEXT_BYTES_MAX);
    pretty_field(out, b" error=", record.error_message, MESSAGE_BYTES_MAX);
    if record.outcome != Outcome::Completed {
        pretty_field(
            out,
            b" outcome=",
            Some(record.outcome.as_str()),
            TEXT_BYTES_MAX,
        );
    }
}

fn pretty_field<T: AsRef<[u8]>>(out: &mut Vec<u8>, head: &[u8], text: Option<T>, max: usize) {
    if let Some(text) = text {
        out.extend_from_slice(head);
        push_bare(out, cut(text.as_ref(), max));
    }
}

fn cut(text: &[u8], max: usize) -> &[u8] {
    text.get(..max).unwrap_or(text)
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Milliseconds with three decimals.
fn millis(out: &mut Vec<u8>, duration: Duration) {
    let millis = duration.as_secs().saturating_mul(1000);
    number(out, millis.saturating_add(duration.subsec_millis().into()));
    let fraction = duration.subsec_micros() % 1000;
    let digit = |value: u32| b'0' + u8::try_from(value % 10).unwrap_or_default();
    let [first, second, third] = [fraction / 100, fraction / 10, fraction].map(digit);
    out.extend_from_slice(&[b'.', first, second, third]);
}

fn address(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => {
            // On the stack first: the line is asked for room once.
            let mut text = [0; 16];
            let mut end = 0;
            let mut put = |byte| {
                if let Some(place) = text.get_mut(end) {
                    *place = byte;
                    end += 1;
                }
            };
            for octet in v4.octets() {
                if octet > 99 {
                    put(b'0' + octet / 100);
                }
                if octet > 9 {
                    put(b'0' + octet / 10 % 10);
                }
                put(b'0' + octet % 10);
                put(b'.');
            }
            // Without the last dot.
            out.extend_from_slice(text.get(..end - 1).unwrap_or_default());
        }
        // Writing to a vector does not fail.
        IpAddr::V6(v6) => drop(write!(out, "{v6}")),
    }
}
