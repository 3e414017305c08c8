//! What the log learns and the client does not.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use plumego_contract::{Error, ErrorFormat, IntoResponse, Json, codes};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{TRACE_ID, Unencodable, context, context_of, request, text};

const DSN: &str = "postgres://admin:hunter2@10.0.0.7/orders";

/// Keeps every event as its level and the text of its fields.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<(Level, String)>>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        use std::fmt::Write as _;
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("plumego")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = String::new();
        event.record(&mut Text(&mut text));
        self.0
            .lock()
            .unwrap()
            .push((*event.metadata().level(), text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn logged(work: impl FnOnce()) -> Vec<(Level, String)> {
    let capture = Capture::default();
    tracing::subscriber::with_default(capture.clone(), work);
    capture.0.lock().unwrap().clone()
}

// acceptance 21.2 (24)
#[test]
fn the_source_is_in_the_log_and_never_in_the_answer() {
    for format in [ErrorFormat::Problem, ErrorFormat::Envelope] {
        let cx = context_of(request("/orders"), format);
        let lines = logged(|| {
            let error = Error::internal(std::io::Error::other(DSN));
            let response = error.respond(&cx);
            let headers = format!("{:?}", response.headers());
            let body = text(response);
            assert!(
                !body.contains("hunter2") && !headers.contains("hunter2"),
                "{body} {headers}"
            );
            assert!(body.contains(TRACE_ID), "{body}");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        let (level, line) = &lines[0];
        assert_eq!(*level, Level::ERROR);
        for part in [DSN, TRACE_ID, "status=500", "code=\"internal\"", "log.rs"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert_eq!(cx.error_code(), Some("internal"));
    }
}

// acceptance 21.2 (24)
#[test]
fn an_error_of_the_server_that_is_boxed_or_unencodable_leaks_nothing() {
    let lines = logged(|| {
        let cx = context("/");
        let unavailable = Error::unavailable(DSN).respond(&cx);
        let boxed = Error::from_boxed(DSN.into()).respond(&cx);
        let io = Error::from(std::io::Error::other(DSN)).respond(&cx);
        let json = Json(Unencodable).respond(&cx);
        for response in [unavailable, boxed, io, json] {
            assert!(response.status().is_server_error());
            assert!(!text(response).contains("hunter2"));
        }
    });
    assert_eq!(lines.len(), 4);
    assert!(
        lines
            .iter()
            .all(|(level, line)| *level == Level::ERROR && line.contains("hunter2"))
    );
}

#[test]
fn a_refusal_is_logged_only_when_it_has_a_source_and_quietly() {
    let cx = context("/");
    let lines = logged(|| {
        drop(
            Error::new(codes::INVALID_JSON)
                .with_source("eof")
                .respond(&cx),
        );
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].0, Level::DEBUG);
    assert!(lines[0].1.contains("eof"), "{lines:?}");
    let lines = logged(|| drop(Error::new(codes::NOT_FOUND).respond(&context("/"))));
    assert_eq!(lines, []);
}

#[test]
fn the_whole_chain_of_sources_is_logged() {
    let inner = Error::custom(http::StatusCode::BAD_GATEWAY, "upstream").with_source(DSN);
    let lines = logged(|| drop(Error::internal(inner).respond(&context("/"))));
    assert!(
        lines[0].1.contains("upstream") && lines[0].1.contains(DSN),
        "{lines:?}"
    );
}
