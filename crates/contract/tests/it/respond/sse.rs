//! Server-sent events, read as the HTML standard reads them.

use std::time::Duration;

use http_body_util::BodyExt as _;
use plumego_contract::respond::sse::KEEP_ALIVE;
use plumego_contract::{BoxError, Error, Event, IntoResponse, Sse};
use proptest::prelude::*;

use crate::support::{Unencodable, context, frames, header, items};

/// An event as a browser dispatches it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Dispatched {
    kind: String,
    data: String,
    last_id: String,
}

/// What a browser makes of a stream: HTML Living Standard, section 9.2.6.
#[derive(Debug, Default)]
struct Browser {
    events: Vec<Dispatched>,
    last_id: String,
    retry: Option<u64>,
    data: String,
    kind: String,
}

impl Browser {
    fn read(stream: &str) -> Self {
        let mut browser = Self::default();
        let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = stream.split('\n').collect();
        // What is not ended by a line break is an event that never came to its end.
        lines.pop();
        for line in lines {
            match line.split_once(':') {
                _ if line.is_empty() => browser.dispatch(),
                Some(("", _)) => {}
                Some((field, value)) => {
                    browser.field(field, value.strip_prefix(' ').unwrap_or(value));
                }
                None => browser.field(line, ""),
            }
        }
        browser
    }

    fn field(&mut self, name: &str, value: &str) {
        match name {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.last_id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok();
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let kind = std::mem::take(&mut self.kind);
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_some() {
            let last_id = self.last_id.clone();
            self.events.push(Dispatched {
                kind,
                data,
                last_id,
            });
        }
    }
}

/// What a browser makes of this event alone.
fn browser(event: &Event) -> Browser {
    Browser::read(&event.to_string())
}

#[test]
fn an_event_arrives_as_it_was_made() {
    let event = Event::new()
        .comment("hello")
        .id("7")
        .event("tick")
        .retry(Duration::from_millis(2500))
        .data("one");
    let browser = browser(&event);
    let expected = Dispatched {
        kind: "tick".into(),
        data: "one".into(),
        last_id: "7".into(),
    };
    assert_eq!(browser.events, [expected]);
    assert_eq!(browser.retry, Some(2500));
}

// acceptance 21.1 (26)
#[test]
fn data_is_split_at_every_kind_of_line_end() {
    for (data, expected) in [
        ("one\ntwo", "one\ntwo"),
        ("one\rtwo", "one\ntwo"),
        ("one\r\ntwo", "one\ntwo"),
        ("one\n\rtwo", "one\n\ntwo"),
        ("one\r\r\n\ntwo", "one\n\n\ntwo"),
        ("", ""),
        ("\n", "\n"),
        ("\r\n", "\n"),
        ("end\n", "end\n"),
        (" leading", " leading"),
        ("a: b", "a: b"),
        (":", ":"),
        ("\u{feff}bom", "\u{feff}bom"),
        ("nul\0", "nul\0"),
    ] {
        let browser = browser(&Event::new().data(data));
        assert_eq!(browser.events.len(), 1, "{data:?}");
        assert_eq!(browser.events[0].data, expected, "{data:?}");
    }
}

// acceptance 21.2 (29)
#[test]
fn no_line_end_in_any_field_injects_another() {
    for end in ["\n", "\r", "\r\n", "\n\n", "\r\r", "\n\r\n\r", "\r\n\r\n"] {
        let attack =
            format!("x{end}event: evil{end}data: evil{end}id: evil{end}retry: 1{end}{end}");
        for event in [
            Event::new().data(attack.clone()),
            Event::new().id(&attack).data("d"),
            Event::new().event(&attack).data("d"),
            Event::new().comment(attack.clone()).data("d"),
        ] {
            let browser = browser(&event);
            assert_eq!(browser.events.len(), 1, "{event:?}");
            let seen = &browser.events[0];
            assert_ne!(seen.kind, "evil", "{event:?}");
            assert_ne!(seen.data, "evil", "{event:?}");
            assert_ne!(browser.last_id, "evil", "{event:?}");
            assert_eq!(browser.retry, None, "{event:?}");
        }
    }
}

#[test]
fn line_ends_in_id_and_type_are_taken_out() {
    let browser = browser(&Event::new().id("a\rb\nc").event("d\r\ne").data("x"));
    assert_eq!(
        (browser.events[0].kind.as_str(), browser.last_id.as_str()),
        ("de", "abc")
    );
}

#[test]
fn an_id_with_a_nul_is_left_out() {
    let event = Event::new().id("a\0b").data("x");
    assert_eq!(event.to_string(), "data: x\n\n");
}

#[test]
fn an_event_without_data_is_not_dispatched() {
    for event in [
        Event::new(),
        Event::new().id("1").event("a"),
        Event::new().comment("c"),
    ] {
        assert_eq!(browser(&event).events, []);
    }
    assert_eq!(browser(&Event::new().id("1")).last_id, "1");
}

#[test]
fn json_goes_as_data_or_is_refused() {
    let event = Event::new().json(&["a\nb"]).unwrap();
    assert_eq!(browser(&event).events[0].data, "[\"a\\nb\"]");
    let error = Event::new().json(&Unencodable).unwrap_err();
    assert_eq!(error.status(), 500);
}

#[tokio::test]
async fn a_stream_has_its_headers_and_a_frame_for_each_event() {
    let events = items([Event::new().data("a"), Event::new().data("b")]);
    let response = Sse::infallible(events).respond(&context("/"));
    assert_eq!(header(&response, "content-type"), Some("text/event-stream"));
    assert_eq!(header(&response, "cache-control"), Some("no-cache"));
    assert_eq!(header(&response, "x-accel-buffering"), Some("no"));
    assert_eq!(header(&response, "content-length"), None);
    let (events, result) = frames(response.into_body()).await;
    assert_eq!(events, ["data: a\n\n", "data: b\n\n"]);
    assert!(result.is_ok());
}

#[tokio::test]
async fn an_error_ends_the_stream_after_what_was_sent() {
    let stream = items([Ok(Event::new().data("a")), Err(Error::conflict("c", "c"))]);
    let produced = Sse::produce(async |events| {
        events.send(Event::new().data("a")).await?;
        Err::<(), BoxError>("gone".into())
    });
    for sse in [Sse::new(stream), produced] {
        let (events, result) = frames(sse.into_response().into_body()).await;
        assert_eq!(events, ["data: a\n\n"]);
        assert!(result.is_err());
    }
}

// acceptance 21.2 (29)
#[tokio::test(start_paused = true)]
async fn a_comment_goes_out_for_every_span_of_silence() {
    let start = tokio::time::Instant::now();
    let sse = Sse::produce(async move |events| {
        tokio::time::sleep_until(start + Duration::from_secs(20)).await;
        events.send(Event::new().data("a")).await.unwrap();
        tokio::time::sleep_until(start + Duration::from_secs(70)).await;
        events.send(Event::new().data("b")).await.unwrap();
        Ok(())
    });
    let mut body = sse.into_response().into_body();
    let mut seen = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        seen.push((start.elapsed().as_secs(), text));
    }
    let comment = ": keep-alive\n\n";
    let expected = [
        (15, comment),
        (20, "data: a\n\n"),
        (35, comment),
        (50, comment),
        (65, comment),
        (70, "data: b\n\n"),
    ];
    assert_eq!(seen, expected.map(|(at, text)| (at, text.to_owned())));
    assert_eq!(KEEP_ALIVE.as_secs(), 15);
    let stream: String = seen.into_iter().map(|(_, text)| text).collect();
    assert_eq!(Browser::read(&stream).events.len(), 2);
}

/// How long until the first comment.
async fn first_comment(sse: Sse) -> Option<Duration> {
    let start = tokio::time::Instant::now();
    let mut body = sse.into_response().into_body();
    let frame = tokio::time::timeout(Duration::from_hours(1), body.frame())
        .await
        .ok()?;
    assert_eq!(
        frame.unwrap().unwrap().into_data().unwrap(),
        ": keep-alive\n\n"
    );
    Some(start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_keep_alive_is_a_choice() {
    let silent = || Sse::produce(async |_events| std::future::pending().await);
    for (sse, expected) in [
        (silent(), Some(15)),
        (silent().keep_alive(Duration::from_secs(3)), Some(3)),
        (silent().keep_alive(Duration::ZERO), Some(1)),
        (silent().keep_alive(Duration::MAX), None),
        (silent().without_keep_alive(), None),
    ] {
        let took = first_comment(sse).await;
        assert_eq!(took.map(|took| took.as_secs()), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_arrives_or_is_neutralised(
        data in "[\r\n\0 :\u{feff}a-c]{0,24}|(\r|\n|data: x|id: x|event: x){0,8}",
        id in "[\r\n\0 :a-c]{0,12}|\\PC{0,8}",
        kind in "[\r\n\0 :a-c]{0,12}|\\PC{0,8}",
        comment in "[\r\n\0 :a-c]{0,12}|(\r|\n|data: x){0,8}",
    ) {
        let event = Event::new().comment(comment).id(&id).event(&kind).data(data.clone());
        let next = Event::new().data("next");
        let browser = Browser::read(&format!("{event}{next}"));
        let one_line = id.replace(['\r', '\n'], "");
        let expected_id = if id.contains('\0') { String::new() } else { one_line };
        prop_assert_eq!(browser.events.len(), 2);
        prop_assert_eq!(&browser.events[0].data, &data.replace("\r\n", "\n").replace('\r', "\n"));
        prop_assert_eq!(&browser.events[0].kind, &kind.replace(['\r', '\n'], ""));
        prop_assert_eq!(&browser.events[0].last_id, &expected_id);
        prop_assert_eq!(browser.events[1].data.as_str(), "next");
        prop_assert_eq!(browser.retry, None);
    }
}
