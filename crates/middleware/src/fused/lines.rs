use http::{HeaderMap, HeaderName};
use plumego_observe::trace::TraceContext;

use super::FusedLayer;
use super::headers::{Part, Said};
use crate::AbuseGuardLayer;

const TRACE_BYTES: usize = 55;
const SPAN_BYTES: usize = 16;

/// Complete headers as text, without the content type.
///
/// It is copied whole, up to the first value that has no length of its own; what has one is filled
/// in there. So most of an answer's head is one copy.
#[derive(Debug)]
pub(super) struct Lines {
    text: Box<[u8]>,
    trace: Option<usize>,
    span: Option<usize>,
    /// The other values in turn, each with the text that follows it.
    values: Box<[(Part, Box<[u8]>)]>,
}

impl Lines {
    /// The lines of these headers; `parts` tells what the first of them are.
    pub(super) fn new(headers: &HeaderMap, parts: &[Part]) -> Self {
        let mut lines = Self {
            text: Box::default(),
            trace: None,
            span: None,
            values: Box::default(),
        };
        let mut text = Vec::new();
        let mut later = Vec::new();
        let parts = parts.iter().copied().map(Some);
        let parts = parts.chain(std::iter::repeat(None));
        for ((name, value), part) in headers.iter().zip(parts) {
            match part {
                Some(Part::ContentType) => {}
                Some(Part::Trace) => lines.trace = Some(hole(&mut text, name, TRACE_BYTES)),
                Some(Part::Span) => lines.span = Some(hole(&mut text, name, SPAN_BYTES)),
                Some(part) => later.push((part, name)),
                None => {
                    begin(&mut text, name);
                    text.extend_from_slice(value.as_bytes());
                    text.extend_from_slice(b"\r\n");
                }
            }
        }
        let mut values = Vec::new();
        for (part, name) in later {
            begin(values.last_mut().map_or(&mut text, |(_, text)| text), name);
            values.push((part, b"\r\n".to_vec()));
        }
        lines.text = text.into();
        lines.values = values
            .into_iter()
            .map(|(part, text)| (part, text.into()))
            .collect();
        lines
    }

    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        layers: &FusedLayer,
        said: &Said,
        trace: &TraceContext,
    ) {
        let start = out.len();
        out.extend_from_slice(&self.text);
        let text = out.get_mut(start..).unwrap_or_default();
        if let Some(place) = self.trace {
            fill(text, place, Some(trace.traceparent().as_bytes()));
        }
        if let Some(place) = self.span {
            let span = trace.span_id().to_hex();
            fill(text, place, span.as_bytes().first_chunk::<SPAN_BYTES>());
        }
        for (part, then) in &self.values {
            write_value(out, *part, layers, said);
            out.extend_from_slice(then);
        }
    }
}

fn begin(text: &mut Vec<u8>, name: &HeaderName) {
    text.extend_from_slice(name.as_str().as_bytes());
    text.extend_from_slice(b": ");
}

/// A line whose value is filled in for each answer. Tells where.
fn hole(text: &mut Vec<u8>, name: &HeaderName, length: usize) -> usize {
    begin(text, name);
    let place = text.len();
    text.extend(std::iter::repeat_n(b'-', length));
    text.extend_from_slice(b"\r\n");
    place
}

fn fill<const LENGTH: usize>(text: &mut [u8], place: usize, value: Option<&[u8; LENGTH]>) {
    let rest = text.get_mut(place..).unwrap_or_default();
    if let (Some(hole), Some(value)) = (rest.first_chunk_mut(), value) {
        *hole = *value;
    }
}

fn write_value(out: &mut Vec<u8>, part: Part, layers: &FusedLayer, said: &Said) {
    let guard = layers.abuse_guard.as_ref().map(AbuseGuardLayer::shared);
    match (part, guard) {
        (Part::Origin, _) => {
            let origin = said.origin.as_ref();
            out.extend_from_slice(origin.map_or(b"", |origin| origin.as_bytes()));
        }
        (Part::Id, _) => {
            let id = said.id.as_ref();
            out.extend_from_slice(id.map_or(b"", |id| id.as_bytes()));
        }
        (Part::RatePolicy, Some(guard)) => guard.put_policy(|text| out.extend_from_slice(text)),
        (Part::RateLimit, Some(guard)) => {
            if let Some(decision) = &said.decision {
                guard.put_limit(decision, |text| out.extend_from_slice(text));
            }
        }
        _ => {}
    }
}
