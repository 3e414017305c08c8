//! Spans of `tracing` as parts of a trace.

use std::sync::{Arc, Mutex};

use plumego_observe::log::{self, LogFilter, LogFormat};
use plumego_observe::record::RequestRecord;
use plumego_observe::trace::{
    AttributeValue, FinishedSpan, SPAN_ATTRIBUTES_MAX, SPAN_EVENTS_MAX, SPAN_TEXT_BYTES_MAX,
    SpanKind, TraceContext, Tracer, current,
};
use tracing::{debug_span, error, field, info, info_span};

use crate::log::{capture, objects};

const INCOMING: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[derive(Default)]
struct Kept {
    spans: Mutex<Vec<FinishedSpan>>,
    refuses: bool,
}

impl Tracer for Kept {
    fn sample(&self, trace: &TraceContext) -> bool {
        trace.is_sampled() && !self.refuses
    }

    fn request(&self, _: &RequestRecord<'_>) {}

    fn span(&self, span: FinishedSpan) {
        self.spans.lock().unwrap().push(span);
    }
}

/// What `body` leaves behind, the innermost span first, and the lines of the log.
fn run(tracer: Kept, body: impl FnOnce()) -> (Vec<FinishedSpan>, Vec<serde_json::Value>) {
    let (writer, sink) = capture(LogFormat::Json);
    let tracer = Arc::new(tracer);
    let filter = LogFilter::default();
    let subscriber = log::traced_subscriber(writer.clone(), filter, tracer.clone());
    tracing::subscriber::with_default(subscriber, body);
    let spans = std::mem::take(&mut *tracer.spans.lock().unwrap());
    (spans, objects(&writer, &sink))
}

fn spans_of(body: impl FnOnce()) -> Vec<FinishedSpan> {
    run(Kept::default(), body).0
}

fn text(span: &FinishedSpan, name: &str) -> String {
    match span.attributes.get(name) {
        Some(AttributeValue::Text(text)) => text.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn spans_are_children_of_the_request_and_of_each_other() {
    let request = TraceContext::from_header_values(Some(INCOMING), Some("vendor=1"));
    let (spans, lines) = run(Kept::default(), || {
        let _request = request.enter();
        let _outer = info_span!("load the cart", cart = 7).entered();
        info!("in the outer one");
        info_span!("ask the database").in_scope(|| info!("in the inner one"));
    });
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["ask the database", "load the cart"]);
    let [inner, outer] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    assert_eq!(outer.trace.parent(), Some(request.span_id()));
    assert_eq!(inner.trace.parent(), Some(outer.trace.span_id()));
    assert_eq!(inner.trace.trace_id(), request.trace_id());
    assert_eq!(outer.attributes.get("cart"), Some(&AttributeValue::Int(7)));
    assert_eq!(outer.events[0].name, "in the outer one");
    // Lines of the log carry the ids of the span they are written in.
    assert_eq!(lines[0]["span_id"], outer.trace.span_id().to_string());
    assert_eq!(lines[1]["span_id"], inner.trace.span_id().to_string());
    assert_eq!(lines[1]["trace_id"], request.trace_id().to_string());
}

#[test]
fn what_is_sent_from_within_a_span_names_it_and_keeps_the_state() {
    let request = TraceContext::from_header_values(Some(INCOMING), Some("vendor=1"));
    let mut sent = None;
    let spans = spans_of(|| {
        let _request = request.enter();
        info_span!("call").in_scope(|| sent = TraceContext::current());
        assert_eq!(current().unwrap().span_id, request.span_id());
    });
    let sent = sent.unwrap();
    assert_eq!(sent.span_id(), spans[0].trace.span_id());
    assert_eq!(sent.tracestate(), Some("vendor=1"));
    assert!(sent.traceparent().as_str().ends_with("-01"));
    assert_eq!(current(), None);
}

#[test]
fn a_span_outside_of_requests_is_a_trace_of_its_own_when_it_is_sampled() {
    let job = || info_span!("job").in_scope(|| info_span!("step").in_scope(|| {}));
    let spans = spans_of(job);
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[1].trace.parent(), None);
    assert_eq!(spans[0].trace.trace_id(), spans[1].trace.trace_id());
    let refusing = Kept {
        refuses: true,
        ..Kept::default()
    };
    assert!(run(refusing, job).0.is_empty());
}

#[test]
fn of_a_trace_that_is_not_recorded_nothing_is_kept() {
    let request = TraceContext::new_root().with_sampled(false);
    let (spans, lines) = run(Kept::default(), || {
        let _request = request.enter();
        info_span!("quiet", value = 1).in_scope(|| info!("still logged"));
    });
    assert!(spans.is_empty());
    assert_eq!(lines[0]["trace_id"], request.trace_id().to_string());
}

#[test]
fn fields_events_and_errors_are_kept_within_their_bounds() {
    let long = "ä".repeat(SPAN_TEXT_BYTES_MAX);
    let spans = spans_of(|| {
        let span = info_span!(
            "plain",
            otel.name = "GET cache",
            otel.kind = "client",
            long = %long,
            big = u64::MAX,
            late = field::Empty
        );
        let _entered = span.enter();
        span.record("late", true);
        for number in 0..SPAN_EVENTS_MAX + 5 {
            info!(number, "one of many");
        }
        error!(reason = "disk full", "cannot save");
    });
    let span = &spans[0];
    assert_eq!(span.name, "GET cache");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(text(span, "long").len(), SPAN_TEXT_BYTES_MAX);
    assert_eq!(text(span, "big"), u64::MAX.to_string());
    let late = span.attributes.get("late");
    assert_eq!(late, Some(&AttributeValue::Bool(true)));
    assert_eq!(span.events.len(), SPAN_EVENTS_MAX);
    // The first one that is too many closes the door; only errors are looked at after it.
    assert_eq!(span.dropped_events, 2);
    assert_eq!(span.error.as_deref(), Some("cannot save"));
    assert!(span.attributes.iter().count() <= SPAN_ATTRIBUTES_MAX);
}

#[test]
fn the_filter_of_the_log_says_which_spans_there_are() {
    let spans = spans_of(|| {
        let _outer = info_span!("kept").entered();
        debug_span!("left out").in_scope(|| info_span!("child").in_scope(|| {}));
    });
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["child", "kept"]);
    assert_eq!(spans[0].trace.parent(), Some(spans[1].trace.span_id()));
}

#[test]
fn spans_left_out_of_turn_leave_nothing_behind() {
    let spans = spans_of(|| {
        let (one, two) = (info_span!("one"), info_span!("two"));
        let entered_one = one.enter();
        let entered_two = two.enter();
        let second = current().unwrap().span_id;
        drop(entered_one);
        assert_eq!(current().unwrap().span_id, second);
        drop(entered_two);
        assert_eq!(current(), None);
    });
    assert_eq!(spans.len(), 2);
}

#[test]
fn a_tracer_that_panics_harms_nobody() {
    struct Panicky;
    impl Tracer for Panicky {
        fn request(&self, _: &RequestRecord<'_>) {}
        fn span(&self, _: FinishedSpan) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    let (writer, sink) = capture(LogFormat::Json);
    let filter = LogFilter::default();
    let subscriber = log::traced_subscriber(writer.clone(), filter, Arc::new(Panicky));
    tracing::subscriber::with_default(subscriber, || {
        info_span!("span").in_scope(|| {});
        info!("still here");
    });
    assert_eq!(objects(&writer, &sink)[0]["msg"], "still here");
}
