//! Reading and writing `traceparent`, W3C Trace Context section 3.2.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use plumego_stdx::hex;

use super::current::CurrentTrace;
use super::id::{SpanId, TraceId, random_ids};
use super::state;

/// `version "-" trace-id "-" parent-id "-" trace-flags`.
const TRACEPARENT_LENGTH: usize = 55;
const SAMPLED: u8 = 0b01;
const RANDOM: u8 = 0b10;

/// The place of one request in a trace.
///
/// Either continues the caller's trace (then there is a [`parent`](Self::parent)) or starts one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    parent: Option<SpanId>,
    sampled: bool,
    random: bool,
    state: Option<Arc<str>>,
}

impl TraceContext {
    /// Starts a trace, sampled.
    pub fn new_root() -> Self {
        let (trace_id, span_id) = random_ids();
        Self {
            trace_id,
            span_id,
            parent: None,
            sampled: true,
            random: true,
            state: None,
        }
    }

    /// A context put together from what is known of one.
    pub(super) const fn from_parts(
        current: CurrentTrace,
        parent: Option<SpanId>,
        state: Option<Arc<str>>,
    ) -> Self {
        Self {
            trace_id: current.trace_id,
            span_id: current.span_id,
            parent,
            sampled: current.flags & SAMPLED != 0,
            random: current.flags & RANDOM != 0,
            state,
        }
    }

    /// The ids that log lines carry while this is the current one.
    pub(super) const fn to_current(&self) -> CurrentTrace {
        CurrentTrace {
            trace_id: self.trace_id,
            span_id: self.span_id,
            flags: self.flags(),
            has_state: self.state.is_some(),
        }
    }

    pub(super) const fn state(&self) -> Option<&Arc<str>> {
        self.state.as_ref()
    }

    /// Reads all values of the headers `traceparent` and `tracestate`.
    ///
    /// A valid `traceparent` continues its trace with a fresh span id. None, more than one, or a
    /// malformed one starts a new trace, and then `tracestate` is ignored. A malformed
    /// `tracestate` alone is dropped. Never fails and never panics, whatever the bytes are.
    ///
    /// An `Option<&str>` will do for either; `http` users hand in
    /// `headers.get_all("traceparent")`.
    pub fn from_header_values<P, S>(traceparent: P, tracestate: S) -> Self
    where
        P: IntoIterator<Item: AsRef<[u8]>>,
        S: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut values = traceparent.into_iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Self::new_root();
        };
        let Some(incoming) = Incoming::parse(value.as_ref()) else {
            return Self::new_root();
        };
        Self {
            trace_id: incoming.trace_id,
            span_id: SpanId::random(),
            parent: Some(incoming.parent),
            sampled: incoming.flags & SAMPLED != 0,
            random: incoming.flags & RANDOM != 0,
            state: state::parse(tracestate),
        }
    }

    /// A span of its own below this one, in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: SpanId::random(),
            parent: Some(self.span_id),
            ..self.clone()
        }
    }

    /// The same context with the sampling decision of this service.
    #[must_use]
    pub fn with_sampled(self, sampled: bool) -> Self {
        Self { sampled, ..self }
    }

    /// The trace: the caller's when it sent a valid one.
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The id of this server's own part, fresh for every request.
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The caller's span, when the trace is a continued one.
    pub const fn parent(&self) -> Option<SpanId> {
        self.parent
    }

    /// Whether the trace is recorded: what the [tracer](super::Tracer) of the application decided;
    /// without one the caller's word, and `true` for a new trace.
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The `tracestate` to hand on, unchanged from the caller apart from what the limits cut.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The `traceparent` to hand on; this server's span is the parent in it.
    pub fn traceparent(&self) -> Traceparent {
        Traceparent::new(self.trace_id, self.span_id, self.flags())
    }

    pub(super) const fn flags(&self) -> u8 {
        let sampled = if self.sampled { SAMPLED } else { 0 };
        let random = if self.random { RANDOM } else { 0 };
        sampled | random
    }
}

fn put(text: &mut [u8; TRACEPARENT_LENGTH], place: Range<usize>, part: &[u8]) {
    if let Some(to) = text.get_mut(place)
        && to.len() == part.len()
    {
        to.copy_from_slice(part);
    }
}

/// The text of a `traceparent` header: 55 ASCII bytes on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    text: [u8; TRACEPARENT_LENGTH],
}

impl Traceparent {
    pub(super) fn new(trace_id: TraceId, span_id: SpanId, flags: u8) -> Self {
        let (trace_id, span_id) = (trace_id.to_hex(), span_id.to_hex());
        let mut text = [b'-'; TRACEPARENT_LENGTH];
        // Every request pays for this: whole pieces are copied, never byte by byte.
        put(&mut text, 0..2, b"00");
        put(&mut text, 3..35, trace_id.as_bytes());
        put(&mut text, 36..52, span_id.as_bytes());
        put(&mut text, 53..55, &[b'0', b'0' + flags]);
        Self { text }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The text as bytes.
    pub const fn as_bytes(&self) -> &[u8; 55] {
        &self.text
    }
}

impl AsRef<[u8]> for Traceparent {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a valid `traceparent` says.
struct Incoming {
    trace_id: TraceId,
    parent: SpanId,
    flags: u8,
}

impl Incoming {
    fn parse(value: &[u8]) -> Option<Self> {
        let (head, rest) = value.split_at_checked(TRACEPARENT_LENGTH)?;
        let field = |range: Range<usize>| head.get(range);
        let dashes = [2, 35, 52].iter().all(|at| head.get(*at) == Some(&b'-'));
        let [version] = hex::decode(field(0..2)?)?;
        let trace_id = hex::decode(field(3..35)?).and_then(TraceId::from_bytes)?;
        let parent = hex::decode(field(36..52)?).and_then(SpanId::from_bytes)?;
        let [flags] = hex::decode(field(53..55)?)?;
        let known = match version {
            0 => rest.is_empty(),
            0xff => false,
            // A later version may only add fields at the end (section 4.3).
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        (known && dashes).then_some(Self {
            trace_id,
            parent,
            flags,
        })
    }
}
