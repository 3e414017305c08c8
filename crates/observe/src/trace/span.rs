//! A span of the program's own work.

use std::borrow::Cow;
use std::time::Duration;

use plumego_stdx::Timestamp;
use tracing::Level;

use super::context::TraceContext;

/// The most attributes of one span, and of one event in it.
pub const SPAN_ATTRIBUTES_MAX: usize = 64;
/// The most events of one span.
pub const SPAN_EVENTS_MAX: usize = 64;
/// The most bytes of one text in a span; longer ones are cut.
pub const SPAN_TEXT_BYTES_MAX: usize = 1024;

/// What is known of a span of `tracing` when it is over.
///
/// Bounds: 64 attributes, 64 events of as many attributes each, 1,024 bytes of each text. What is
/// beyond is counted, not kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinishedSpan {
    /// Its ids, and the span it belongs into.
    pub trace: TraceContext,
    /// Its name: the one it has in the program, or its field `otel.name`.
    pub name: Cow<'static, str>,
    /// The module it is from.
    pub target: &'static str,
    /// Its level.
    pub level: Level,
    /// What it does, from its field `otel.kind`: `client`, `server`, `producer`, `consumer`, else
    /// `internal`.
    pub kind: SpanKind,
    /// When it was made.
    pub start: Timestamp,
    /// From then until it was closed.
    pub duration: Duration,
    /// Its fields.
    pub attributes: Attributes,
    /// The events that happened in it, those that the log filter allows.
    pub events: Vec<SpanEvent>,
    /// Events that were too many.
    pub dropped_events: u32,
    /// Why it failed: the text of the last event of level error in it, or of its field
    /// `otel.status_description`.
    pub error: Option<Box<str>>,
}

/// What a span does, as OpenTelemetry tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpanKind {
    /// Work inside of the program.
    #[default]
    Internal,
    /// It asks somebody else.
    Client,
    /// It answers somebody else.
    Server,
    /// It leaves work for later.
    Producer,
    /// It does work that was left.
    Consumer,
}

/// An event that happened within a span.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanEvent {
    /// Its message, or its name in the program when it has none.
    pub name: Cow<'static, str>,
    /// When it happened.
    pub time: Timestamp,
    /// Its level.
    pub level: Level,
    /// The module it is from.
    pub target: &'static str,
    /// Its fields.
    pub attributes: Attributes,
}

/// Fields of a span or an event.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    pub(super) kept: Vec<(&'static str, AttributeValue)>,
    dropped: u32,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// Text: also what a value's `Display` or `Debug` says.
    Text(Box<str>),
}

impl Attributes {
    /// Adds one, or replaces the one of that name. Beyond the bound it is counted.
    pub fn set(&mut self, name: &'static str, value: AttributeValue) {
        if let Some((_, old)) = self.kept.iter_mut().find(|(known, _)| *known == name) {
            *old = value;
        } else if self.kept.len() < SPAN_ATTRIBUTES_MAX {
            self.kept.push((name, value));
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        let found = self.kept.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    /// All of them, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &AttributeValue)> {
        self.kept.iter().map(|(name, value)| (*name, value))
    }

    /// How many were too many.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}
