//! The parts that all lines have in common.

use std::fmt;

use plumego_stdx::Timestamp;
use tracing::Level;

use super::escape::push_escaped;
use super::writer::LogFormat;
use crate::trace;

/// How much text of a caller goes into one line, before escaping.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Stands where text was cut.
const CUT: &str = "…";

/// The level as lines in JSON have it.
pub(crate) fn level_json(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The level as pretty lines have it: five columns.
pub(crate) fn level_pretty(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN ",
        Level::INFO => "INFO ",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// Builds a line of the application's log: head, fields, tail, in this order.
///
/// JSON: `{"time":…,"level":…,"target":…,"msg":…,"trace_id":…,"span_id":…,"fields":{…}}`.
/// A field has no way to be mistaken for `time`, `level` or `msg`.
pub(super) struct Line<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) format: LogFormat,
    /// Bytes of text that still fit.
    left: usize,
    /// Fields in the object that is open.
    fields: usize,
    /// Spans begun.
    pub(super) spans: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, format: LogFormat) -> Self {
        Self::with_room(out, format, TEXT_BYTES_MAX)
    }

    /// A line, or a part of one, that keeps `left` bytes of text.
    pub(super) fn with_room(out: &'a mut Vec<u8>, format: LogFormat, left: usize) -> Self {
        Self {
            out,
            format,
            left,
            fields: 0,
            spans: 0,
        }
    }

    /// Everything before the message.
    pub(super) fn head(&mut self, time: Timestamp, level: Level, target: &str) {
        match self.format {
            LogFormat::Json => {
                self.literal("{\"time\":\"");
                time.write_rfc3339_millis(self.out);
                self.literal("\",\"level\":\"");
                self.literal(level_json(level));
                self.literal("\",\"target\":\"");
                self.text(target);
                self.literal("\",\"msg\":\"");
            }
            LogFormat::Pretty => {
                time.write_rfc3339_millis(self.out);
                self.literal(" ");
                self.literal(level_pretty(level));
                self.literal(" ");
                self.text(target);
                self.literal(": ");
            }
        }
    }

    /// What follows the message, up to the first field.
    pub(super) fn after_message(&mut self) {
        if self.format == LogFormat::Json {
            self.literal("\"");
        }
        if let Some(current) = trace::current() {
            let (trace_id, span_id) = (current.trace_id.to_hex(), current.span_id.to_hex());
            self.id("trace_id", trace_id.as_str());
            self.id("span_id", span_id.as_str());
        }
    }

    /// A field whose value is text.
    pub(super) fn text_field(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.field_name(name);
        self.text_value(value);
    }

    /// Text in quotes.
    pub(super) fn text_value(&mut self, value: fmt::Arguments<'_>) {
        self.literal("\"");
        self.display(value);
        self.literal("\"");
    }

    /// A field whose value is a number or a boolean.
    pub(super) fn raw_field(&mut self, name: &str, value: &str) {
        self.field_name(name);
        self.literal(value);
    }

    /// The end of the fields.
    pub(super) fn end_fields(&mut self) {
        if self.format == LogFormat::Json && self.fields > 0 {
            self.literal("}");
        }
        self.fields = 0;
    }

    /// Escapes what `value` displays, as far as there is room.
    pub(super) fn display(&mut self, value: fmt::Arguments<'_>) {
        // An error here is the caller's own `Display`; what it wrote before stays.
        let _ = fmt::Write::write_fmt(self, value);
    }

    /// Lines in JSON close with a brace.
    pub(super) fn end(&mut self) {
        if self.format == LogFormat::Json {
            self.literal(if self.spans > 0 { "]}" } else { "}" });
        }
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn id(&mut self, name: &str, value: &str) {
        match self.format {
            LogFormat::Json => {
                self.literal(",\"");
                self.literal(name);
                self.literal("\":\"");
                self.literal(value);
                self.literal("\"");
            }
            LogFormat::Pretty => {
                self.literal(" ");
                self.literal(name);
                self.literal("=");
                self.literal(value);
            }
        }
    }

    /// Everything of a field but its value.
    pub(super) fn field_name(&mut self, name: &str) {
        let name = name.strip_prefix("r#").unwrap_or(name);
        match (self.format, self.fields) {
            (LogFormat::Json, 0) => self.literal(",\"fields\":{\""),
            (LogFormat::Json, _) => self.literal(",\""),
            // A span's fields are in braces: `in request{id=7 …}`.
            (LogFormat::Pretty, 0) if self.spans > 0 => {}
            (LogFormat::Pretty, _) => self.literal(" "),
        }
        push_escaped(self.out, name.as_bytes(), self.format);
        self.literal(if self.format == LogFormat::Json {
            "\":"
        } else {
            "="
        });
        self.fields += 1;
    }

    fn text(&mut self, text: &str) {
        let fits = text.floor_char_boundary(self.left);
        let (kept, cut) = text.split_at_checked(fits).unwrap_or((text, ""));
        push_escaped(self.out, kept.as_bytes(), self.format);
        if cut.is_empty() {
            self.left -= kept.len();
        } else if self.left > 0 {
            // Once per line: afterwards nothing is left.
            self.literal(CUT);
            self.left = 0;
        }
    }
}

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}
