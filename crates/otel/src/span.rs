//! Requests and the program's spans, as OTLP has them.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind as Kind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use plumego_observe::record::{Outcome, RequestRecord};
use plumego_observe::trace::{AttributeValue, Attributes, FinishedSpan, SpanKind, TraceContext};
use plumego_stdx::Timestamp;

use crate::resource::{attribute, number, text};

const PATH_BYTES_MAX: usize = 2048;
const TEXT_BYTES_MAX: usize = 1024;
/// The methods that have a name in the conventions; others are `_OTHER`.
pub(crate) const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];
const SAMPLED: u32 = 0x001;
/// Whether the parent is of another process is known…
const HAS_IS_REMOTE: u32 = 0x100;
/// … and it is.
const IS_REMOTE: u32 = 0x200;

/// The span of a request: kind server, named by method and route.
pub(crate) fn of_request(record: &RequestRecord<'_>, trace: &TraceContext) -> Span {
    let known = METHODS.contains(&record.method);
    let method = if known { record.method } else { "HTTP" };
    let name = match record.route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    let remote = if trace.parent().is_some() {
        IS_REMOTE
    } else {
        0
    };
    Span {
        kind: Kind::Server.into(),
        flags: SAMPLED | HAS_IS_REMOTE | remote,
        attributes: request_attributes(record, known),
        status: request_status(record),
        ..placed(trace, name, record.start, record.duration)
    }
}

/// HTTP server spans, semantic conventions 1.30.
fn request_attributes(record: &RequestRecord<'_>, known_method: bool) -> Vec<KeyValue> {
    let mut list = Vec::with_capacity(20);
    if known_method {
        list.push(text("http.request.method", record.method));
    } else {
        list.push(text("http.request.method", "_OTHER"));
        let sent = cut(record.method, TEXT_BYTES_MAX);
        list.push(text("http.request.method_original", sent));
    }
    list.push(text("url.path", cut(record.path, PATH_BYTES_MAX)));
    list.push(text("url.scheme", record.scheme.unwrap_or("http")));
    list.extend(record.route.map(|route| text("http.route", route)));
    if let Some((host, port)) = record.authority.map(split_authority) {
        list.push(text("server.address", cut(host, TEXT_BYTES_MAX)));
        list.extend(port.map(|port| number("server.port", port)));
    }
    let client = record
        .client_ip
        .map(|ip| text("client.address", ip.to_string()));
    list.extend(client);
    if let Some(peer) = record.peer {
        list.push(text("network.peer.address", peer.ip().to_string()));
        list.push(number("network.peer.port", peer.port()));
    }
    let version = record.protocol.and_then(|it| it.strip_prefix("HTTP/"));
    list.extend(version.map(|version| text("network.protocol.version", version)));
    if let Some(agent) = record.user_agent {
        let agent = String::from_utf8_lossy(agent);
        list.push(text("user_agent.original", cut(&agent, TEXT_BYTES_MAX)));
    }
    if is_sent(record) {
        list.push(number("http.response.status_code", record.status));
    }
    list.push(number("http.request.body.size", record.request_bytes));
    list.push(number("http.response.body.size", record.response_bytes));
    list.extend(error_type(record).map(|kind| text("error.type", kind)));
    let id = record.request_id.map(|id| cut(id, TEXT_BYTES_MAX));
    list.extend(id.map(|id| text("plumego.request_id", id)));
    list.extend(
        record
            .route_name
            .map(|name| text("plumego.route_name", name)),
    );
    list
}

/// Nothing was sent to a client that left before.
fn is_sent(record: &RequestRecord<'_>) -> bool {
    record.outcome != Outcome::Cancelled
}

/// Of few values: the code of the error, the status, or how it ended.
fn error_type(record: &RequestRecord<'_>) -> Option<String> {
    match record.outcome {
        Outcome::Completed if record.status < 500 => None,
        Outcome::Completed => {
            let code = record.error_code.map(|code| cut(code, TEXT_BYTES_MAX));
            Some(code.map_or_else(|| record.status.to_string(), str::to_owned))
        }
        outcome => Some(outcome.as_str().to_owned()),
    }
}

/// An error is what is the server's fault; of a refusal, or a client that left, the status says
/// nothing.
fn request_status(record: &RequestRecord<'_>) -> Option<Status> {
    let broken = matches!(record.outcome, Outcome::Panicked | Outcome::Failed);
    let failed = is_sent(record) && record.status >= 500;
    let message = record.error_message.unwrap_or_default();
    (broken || failed).then(|| error(cut(message, TEXT_BYTES_MAX)))
}

fn error(message: &str) -> Status {
    Status {
        message: message.to_owned(),
        code: StatusCode::Error.into(),
    }
}

/// A span of the program's own work.
pub(crate) fn of_program(span: FinishedSpan) -> Span {
    let mut attributes = attributes(&span.attributes);
    attributes.push(text("code.namespace", span.target));
    let kind = match span.kind {
        SpanKind::Client => Kind::Client,
        SpanKind::Server => Kind::Server,
        SpanKind::Producer => Kind::Producer,
        SpanKind::Consumer => Kind::Consumer,
        _ => Kind::Internal,
    };
    Span {
        kind: kind.into(),
        flags: SAMPLED | HAS_IS_REMOTE,
        attributes,
        dropped_attributes_count: span.attributes.dropped(),
        dropped_events_count: span.dropped_events,
        status: span.error.as_deref().map(error),
        events: span
            .events
            .into_iter()
            .map(|event| Event {
                time_unix_nano: nanos(event.time),
                attributes: {
                    let mut list = self::attributes(&event.attributes);
                    list.push(text("level", event.level.as_str().to_ascii_lowercase()));
                    list
                },
                dropped_attributes_count: event.attributes.dropped(),
                name: event.name.into_owned(),
            })
            .collect(),
        ..placed(
            &span.trace,
            span.name.into_owned(),
            span.start,
            span.duration,
        )
    }
}

fn attributes(from: &Attributes) -> Vec<KeyValue> {
    let value = |value: &AttributeValue| match value {
        AttributeValue::Bool(value) => Value::BoolValue(*value),
        AttributeValue::Int(value) => Value::IntValue(*value),
        AttributeValue::Float(value) => Value::DoubleValue(*value),
        AttributeValue::Text(value) => Value::StringValue(value.to_string()),
        other => Value::StringValue(format!("{other:?}")),
    };
    from.iter()
        .map(|(name, given)| attribute(name, value(given)))
        .collect()
}

/// A span with its ids and times.
fn placed(
    trace: &TraceContext,
    name: String,
    start: Timestamp,
    duration: std::time::Duration,
) -> Span {
    Span {
        trace_id: trace.trace_id().to_bytes().to_vec(),
        span_id: trace.span_id().to_bytes().to_vec(),
        parent_span_id: trace
            .parent()
            .map(|parent| parent.to_bytes().to_vec())
            .unwrap_or_default(),
        trace_state: trace.tracestate().unwrap_or_default().to_owned(),
        name,
        start_time_unix_nano: nanos(start),
        end_time_unix_nano: nanos(start.saturating_add(duration)),
        ..Span::default()
    }
}

pub(crate) fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.unix_nanos()).unwrap_or_default()
}

/// Host and port of `host:port`, `[::1]:port`, or of a host alone.
fn split_authority(authority: &str) -> (&str, Option<u16>) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    (host, port.and_then(|port| port.parse().ok()))
}

fn cut(text: &str, max: usize) -> &str {
    let end = text.floor_char_boundary(max);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_taken_apart() {
        for (authority, expected) in [
            ("shop.example", ("shop.example", None)),
            ("shop.example:8080", ("shop.example", Some(8080))),
            ("[::1]:80", ("::1", Some(80))),
            ("[::1]", ("::1", None)),
            ("::1", ("::1", None)),
            ("x:y", ("x", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split_authority(authority), expected, "{authority}");
        }
    }
}
