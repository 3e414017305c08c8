//! The events of `tracing` as lines.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use plumego_stdx::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, Layered, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::escape::push_escaped;
use super::filter::LogFilter;
use super::line::Line;
use super::live::LiveFilter;
use super::writer::{LogFormat, LogWriter};
use crate::trace::{SpanLayer, Tracer};

/// The field that is the text of an event.
const MESSAGE: &str = "message";
/// More text of a span's field is cut.
const SPAN_VALUE_BYTES_MAX: usize = 1024;
/// At most so many spans are named in a line, the outermost first.
const SPANS_MAX: usize = 16;
/// At most so many causes of an error are told.
const CAUSES_MAX: usize = 16;
/// A larger buffer is not kept for the next line.
const SCRATCH_BYTES_MAX: usize = 16 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A subscriber that writes the events `filter` allows to `writer`.
///
/// A line has time, level, target and message, the ids of the current trace, the event's fields,
/// and the spans it happened in with their fields. An error in a field is told with its causes.
/// In JSON the fields are in an object of their own (`fields`), so none can pass for the time,
/// the level or the message. A line holds at most 16 KiB of an event's text, 16 spans, and 1 KiB of
/// each field of a span.
///
/// ```
/// use plumego_observe::log::{self, CaptureSink, LogConfig, LogFilter, LogWriter};
///
/// let sink = CaptureSink::default();
/// let writer = LogWriter::new(sink.clone(), &LogConfig::default());
/// let subscriber = log::subscriber(writer.clone(), LogFilter::default());
/// tracing::subscriber::with_default(subscriber, || tracing::info!(items = 3, "cart saved"));
/// writer.flush()?;
/// assert!(sink.text().ends_with(" cart saved items=3\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn subscriber(
    writer: LogWriter,
    filter: impl Into<LiveFilter>,
) -> impl Subscriber + Send + Sync + for<'a> LookupSpan<'a> {
    let filter = filter.into();
    filter.take_into_use();
    lines(writer, filter)
}

/// [`subscriber`] that hands the spans that `filter` allows to `tracer`, too; see [`SpanLayer`].
pub fn traced_subscriber(
    writer: LogWriter,
    filter: impl Into<LiveFilter>,
    tracer: Arc<dyn Tracer>,
) -> impl Subscriber + Send + Sync + for<'a> LookupSpan<'a> {
    subscriber(writer, filter).with(SpanLayer::new(tracer))
}

/// Makes [`subscriber`] the process's default, or [`traced_subscriber`] when there is a tracer,
/// unless there is a default already. Says whether it did.
pub fn install(
    writer: LogWriter,
    filter: impl Into<LiveFilter>,
    tracer: Option<Arc<dyn Tracer>>,
) -> bool {
    let filter = filter.into();
    let lines = lines(writer, filter.clone());
    let installed = match tracer {
        Some(tracer) => set_global_default(lines.with(SpanLayer::new(tracer))),
        None => set_global_default(lines),
    };
    if installed.is_ok() {
        filter.take_into_use();
    }
    installed.is_ok()
}

fn lines(writer: LogWriter, filter: LiveFilter) -> Layered<LineLayer, Registry> {
    Registry::default().with(LineLayer { writer, filter })
}

impl LiveFilter {
    fn take_into_use(&self) {
        self.0.in_use.store(true, Ordering::Relaxed);
    }

    fn allows(&self, metadata: &Metadata<'_>) -> bool {
        self.with(|filter| filter.allows_metadata(metadata))
    }

    fn max_level(&self) -> LevelFilter {
        self.with(LogFilter::max_level)
    }
}

struct LineLayer {
    writer: LogWriter,
    filter: LiveFilter,
}

/// The fields of a span, each with its value as it will stand in a line. As many as the span
/// declares; recording one again replaces it.
#[derive(Default)]
struct SpanFields {
    fields: Vec<(&'static str, Vec<u8>)>,
}

impl<S> Layer<S> for LineLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.filter.allows(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.filter.allows(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter.max_level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut recorder = SpanRecorder::new(self.writer.format());
        attributes.record(&mut FieldVisitor {
            output: &mut recorder,
        });
        span.extensions_mut().insert(recorder.recorded);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Recorded first: the span is locked below, and a value's `Debug` may log.
        let mut recorder = SpanRecorder::new(self.writer.format());
        values.record(&mut FieldVisitor {
            output: &mut recorder,
        });
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            for (name, value) in recorder.recorded.fields {
                fields.set(name, value);
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // Formatting runs code of the caller, which may log itself: it must not happen while a
        // buffer of the writer is locked.
        let mut text = SCRATCH.try_with(Cell::take).unwrap_or_default();
        text.clear();
        write_event(Line::new(&mut text, self.writer.format()), event, &context);
        self.writer.append_text(&text, *event.metadata().level());
        if text.capacity() <= SCRATCH_BYTES_MAX {
            // While the thread ends there is nothing to keep it for.
            let _ = SCRATCH.try_with(|scratch| scratch.set(text));
        }
    }
}

fn write_event<S>(mut line: Line<'_>, event: &Event<'_>, context: &Context<'_, S>)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let metadata = event.metadata();
    line.head(Timestamp::now(), *metadata.level(), metadata.target());
    event.record(&mut MessageVisitor { line: &mut line });
    line.after_message();
    event.record(&mut FieldVisitor { output: &mut line });
    line.end_fields();
    if let Some(scope) = context.event_scope(event) {
        for span in scope.from_root().take(SPANS_MAX) {
            line.begin_span(span.name());
            if let Some(recorded) = span.extensions().get::<SpanFields>() {
                for (name, value) in &recorded.fields {
                    line.finished_field(name, value);
                }
            }
            line.end_span();
        }
    }
    line.end();
}

/// The part of a line that only spans need.
impl Line<'_> {
    /// The start of a span: its name. Its fields follow.
    fn begin_span(&mut self, name: &str) {
        match (self.format, self.spans) {
            (LogFormat::Json, 0) => self.literal(",\"spans\":[{\"name\":\""),
            (LogFormat::Json, _) => self.literal(",{\"name\":\""),
            (LogFormat::Pretty, _) => self.literal(" in "),
        }
        push_escaped(self.out, name.as_bytes(), self.format);
        self.literal(if self.format == LogFormat::Json {
            "\""
        } else {
            "{"
        });
        self.spans += 1;
    }

    /// A field whose value is written already.
    fn finished_field(&mut self, name: &str, value: &[u8]) {
        self.field_name(name);
        self.out.extend_from_slice(value);
    }

    /// The end of a span.
    fn end_span(&mut self) {
        self.end_fields();
        self.literal("}");
    }
}

impl SpanFields {
    fn set(&mut self, name: &'static str, value: Vec<u8>) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
    }
}

/// Where a visited field goes.
trait FieldOutput {
    fn text(&mut self, name: &'static str, value: fmt::Arguments<'_>);
    fn raw(&mut self, name: &'static str, value: &str);
}

impl FieldOutput for Line<'_> {
    fn text(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        // The message has its place already.
        if name != MESSAGE {
            self.text_field(name, value);
        }
    }

    fn raw(&mut self, name: &'static str, value: &str) {
        if name != MESSAGE {
            self.raw_field(name, value);
        }
    }
}

/// Keeps fields for the lines of a span.
struct SpanRecorder {
    format: LogFormat,
    recorded: SpanFields,
}

impl SpanRecorder {
    fn new(format: LogFormat) -> Self {
        Self {
            format,
            recorded: SpanFields::default(),
        }
    }
}

impl FieldOutput for SpanRecorder {
    fn text(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        let mut text = Vec::new();
        Line::with_room(&mut text, self.format, SPAN_VALUE_BYTES_MAX).text_value(value);
        self.recorded.set(name, text);
    }

    fn raw(&mut self, name: &'static str, value: &str) {
        self.recorded.set(name, value.into());
    }
}

struct MessageVisitor<'a, 'b> {
    line: &'a mut Line<'b>,
}

impl Visit for MessageVisitor<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            self.line.display(format_args!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MESSAGE {
            self.line.display(format_args!("{value}"));
        }
    }
}

struct FieldVisitor<'a, O> {
    output: &'a mut O,
}

impl<O: FieldOutput> Visit for FieldVisitor<'_, O> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.output.text(field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.output.text(field.name(), format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.output.text(
            field.name(),
            format_args!("{}", WithCauses { error: value }),
        );
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.output
            .raw(field.name(), if value { "true" } else { "false" });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.output
            .raw(field.name(), itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.output
            .raw(field.name(), itoa::Buffer::new().format(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.output.raw(field.name(), &value.to_string());
        } else {
            // JSON has no such number.
            self.output.text(field.name(), format_args!("{value}"));
        }
    }
}

/// `outer: inner: innermost`.
struct WithCauses<'a> {
    error: &'a (dyn Error + 'static),
}

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error, f)?;
        let causes = std::iter::successors(self.error.source(), |error| (*error).source());
        causes
            .take(CAUSES_MAX)
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}
