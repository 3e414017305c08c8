//! The spans of `tracing` as spans of a trace.

use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumego_stdx::Timestamp;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes as Given, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::context::TraceContext;
use super::current::Previous;
use super::span::{
    AttributeValue, Attributes, FinishedSpan, SPAN_EVENTS_MAX, SPAN_TEXT_BYTES_MAX, SpanEvent,
    SpanKind,
};
use super::tracer::Tracer;

/// More entered spans of one thread are not told from the one they are in.
const ENTERED_MAX: usize = 1024;

thread_local! {
    /// What was current before each span that is entered on this thread.
    static ENTERED: RefCell<Vec<(Id, Previous)>> = const { RefCell::new(Vec::new()) };
}

/// Makes spans of `tracing` parts of the trace they happen in, and hands them to a [`Tracer`].
///
/// A span made while a request is worked on becomes a child of the request's span, or of the span
/// of `tracing` around it; one outside of requests begins a trace of its own, when the tracer
/// samples it. While a span is entered, log lines carry its id, and
/// [`TraceContext::current`] is it. Of a trace that is not recorded nothing is kept.
///
/// [`App::run`] installs it beside the log when the application has a tracer. For a program that
/// composes its own subscriber:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use plumego_observe::record::RequestRecord;
/// use plumego_observe::trace::{FinishedSpan, SpanLayer, TraceContext, Tracer};
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// #[derive(Default)]
/// struct Names(Mutex<Vec<String>>);
///
/// impl Tracer for Names {
///     fn request(&self, _: &RequestRecord<'_>) {}
///     fn span(&self, span: FinishedSpan) {
///         self.0.lock().unwrap().push(span.name.into_owned());
///     }
/// }
///
/// let tracer = Arc::new(Names::default());
/// let subscriber = tracing_subscriber::registry().with(SpanLayer::new(tracer.clone()));
/// tracing::subscriber::with_default(subscriber, || {
///     let _request = TraceContext::new_root().enter();
///     tracing::info_span!("load the cart").in_scope(|| {});
/// });
/// assert_eq!(*tracer.0.lock().unwrap(), ["load the cart"]);
/// ```
///
/// [`App::run`]: https://docs.rs/plumego/latest/plumego/app/struct.App.html#method.run
pub struct SpanLayer {
    tracer: Arc<dyn Tracer>,
}

impl SpanLayer {
    /// Hands finished spans to `tracer`.
    pub fn new(tracer: Arc<dyn Tracer>) -> Self {
        Self { tracer }
    }

    /// The place of a new span: below the span around it, below the request, or on its own.
    fn place<S>(&self, given: &Given<'_>, context: &Context<'_, S>) -> TraceContext
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let around = match given.parent() {
            Some(parent) => context.span(parent),
            None if given.is_contextual() => context.lookup_current(),
            None => None,
        };
        let known = around.and_then(|span| span.extensions().get::<Open>().map(Open::child));
        let inherited = || TraceContext::current().filter(|_| given.is_contextual());
        known
            .or_else(|| inherited().map(|trace| trace.child()))
            .unwrap_or_else(|| {
                let root = TraceContext::new_root();
                let sampled = self.tracer.sample(&root);
                root.with_sampled(sampled)
            })
    }
}

/// A span that is open: its place, and what is gathered when its trace is recorded.
struct Open {
    trace: TraceContext,
    gathered: Option<Box<Gathered>>,
}

struct Gathered {
    started: Instant,
    span: FinishedSpan,
    failed: bool,
}

impl Open {
    fn child(&self) -> TraceContext {
        self.trace.child()
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, given: &Given<'_>, id: &Id, context: Context<'_, S>) {
        let trace = self.place(given, &context);
        let gathered = trace.is_sampled().then(|| {
            let mut gathered = Box::new(Gathered::new(given, trace.clone()));
            gathered.read(|visitor| given.record(visitor));
            gathered
        });
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Open { trace, gathered });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Read first: the span is locked below, and a value's `Debug` may log.
        let mut read = Reader::default();
        values.record(&mut read);
        if let Some(open) = span.extensions_mut().get_mut::<Open>()
            && let Some(gathered) = &mut open.gathered
        {
            gathered.take(read);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        let is_recorded = |open: &Open| open.gathered.as_ref().is_some_and(|it| !it.is_full(event));
        if !span.extensions().get::<Open>().is_some_and(is_recorded) {
            return;
        }
        let mut read = Reader::default();
        event.record(&mut read);
        if let Some(open) = span.extensions_mut().get_mut::<Open>()
            && let Some(gathered) = &mut open.gathered
        {
            gathered.event(event, read);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extensions = span.extensions();
        let Some(open) = extensions.get::<Open>() else {
            return;
        };
        let _ = ENTERED.try_with(|entered| {
            if let Ok(mut entered) = entered.try_borrow_mut()
                && entered.len() < ENTERED_MAX
            {
                entered.push((id.clone(), open.trace.replace_current()));
            }
        });
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let _ = ENTERED.try_with(|entered| {
            let Ok(mut entered) = entered.try_borrow_mut() else {
                return;
            };
            let Some(place) = entered.iter().rposition(|(entered, _)| entered == id) else {
                return;
            };
            let (_, mut previous) = entered.remove(place);
            match entered.get_mut(place) {
                // Left out of turn: the one above it goes back to where this one would have.
                Some((_, above)) => *above = previous,
                None => previous.restore(),
            }
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(gathered) = open.and_then(|open| open.gathered) {
            // Spans are closed where they are dropped, also while a thread unwinds.
            let _ = catch_unwind(AssertUnwindSafe(|| self.tracer.span(gathered.finish())));
        }
    }
}

impl Gathered {
    fn new(given: &Given<'_>, trace: TraceContext) -> Self {
        let metadata = given.metadata();
        Self {
            started: Instant::now(),
            failed: false,
            span: FinishedSpan {
                trace,
                name: Cow::Borrowed(metadata.name()),
                target: metadata.target(),
                level: *metadata.level(),
                kind: SpanKind::Internal,
                start: Timestamp::now(),
                duration: Duration::ZERO,
                attributes: Attributes::default(),
                events: Vec::new(),
                dropped_events: 0,
                error: None,
            },
        }
    }

    fn read(&mut self, record: impl FnOnce(&mut Reader)) {
        let mut read = Reader::default();
        record(&mut read);
        self.take(read);
    }

    /// Whether an event would only be counted: an error is looked at all the same.
    fn is_full(&self, event: &Event<'_>) -> bool {
        self.span.dropped_events > 0 && *event.metadata().level() != Level::ERROR
    }

    /// The fields of the span; those that begin with `otel.` say something about it.
    fn take(&mut self, read: Reader) {
        let span = &mut self.span;
        for (name, value) in read.fields.kept {
            match (name, value) {
                ("otel.name", AttributeValue::Text(name)) => {
                    span.name = Cow::Owned(name.into_string());
                }
                ("otel.kind", AttributeValue::Text(kind)) => {
                    span.kind = read_kind(&kind);
                }
                ("otel.status_code", AttributeValue::Text(status)) => {
                    self.failed = status.eq_ignore_ascii_case("error");
                }
                ("otel.status_description", AttributeValue::Text(text)) => {
                    span.error = Some(text);
                }
                (name, value) => span.attributes.set(name, value),
            }
        }
        if let Some(message) = read.message {
            span.attributes
                .set("message", AttributeValue::Text(message.into()));
        }
    }

    fn event(&mut self, event: &Event<'_>, read: Reader) {
        let metadata = event.metadata();
        let name = read
            .message
            .map_or(Cow::Borrowed(metadata.name()), Cow::Owned);
        let span = &mut self.span;
        if *metadata.level() == Level::ERROR {
            self.failed = true;
            span.error = Some(name.as_ref().into());
        }
        if span.events.len() >= SPAN_EVENTS_MAX {
            span.dropped_events = span.dropped_events.saturating_add(1);
            return;
        }
        span.events.push(SpanEvent {
            name,
            time: Timestamp::now(),
            level: *metadata.level(),
            target: metadata.target(),
            attributes: read.fields,
        });
    }

    fn finish(self) -> FinishedSpan {
        let mut span = self.span;
        span.duration = self.started.elapsed();
        if self.failed {
            span.error.get_or_insert_default();
        } else {
            span.error = None;
        }
        span
    }
}

/// `internal`, `client`, `server`, `producer` or `consumer`, in any case.
fn read_kind(text: &str) -> SpanKind {
    let kinds = [
        ("client", SpanKind::Client),
        ("server", SpanKind::Server),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let found = kinds
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map_or(SpanKind::Internal, |(_, kind)| *kind)
}

/// Reads fields into attributes.
#[derive(Default)]
struct Reader {
    fields: Attributes,
    message: Option<String>,
}

impl Reader {
    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let mut text = Cut::default();
        // An error here is the value's own `Display`; what it wrote before stays.
        let _ = text.write_fmt(value);
        if field.name() == "message" {
            self.message = Some(text.0);
        } else {
            let value = AttributeValue::Text(text.0.into());
            self.fields.set(field.name(), value);
        }
    }
}

impl Visit for Reader {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.set(field.name(), AttributeValue::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.set(field.name(), AttributeValue::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.text(field, format_args!("{value}")),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.set(field.name(), AttributeValue::Float(value));
    }
}

/// Text up to the bound; writing stops there.
#[derive(Default)]
struct Cut(String);

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = SPAN_TEXT_BYTES_MAX.saturating_sub(self.0.len());
        let fits = text.floor_char_boundary(room);
        self.0.push_str(text.get(..fits).unwrap_or(text));
        if fits < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

impl fmt::Debug for SpanLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanLayer").finish_non_exhaustive()
    }
}
