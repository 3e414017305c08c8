//! Server-sent events on the wire.

use std::io;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use plumego::app::Listener;
use plumego::contract::Connection;
use plumego::observe::log::CaptureSink;
use plumego::prelude::*;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::house::house;
use crate::wire::Client;

/// Connections in memory, so that the clock can be paused.
struct Pipes(UnboundedReceiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;

    fn poll_accept(&mut self, cx: &mut Poller<'_>) -> Poll<io::Result<(DuplexStream, Connection)>> {
        self.0.poll_recv(cx).map(|pipe| {
            let pipe = pipe.ok_or(io::ErrorKind::NotConnected)?;
            Ok((pipe, Connection::default()))
        })
    }
}

async fn slow_events() -> Sse {
    Sse::produce(async |events| {
        let period = Duration::from_secs(40);
        let mut every = tokio::time::interval_at(Instant::now() + period, period);
        for n in 0..5 {
            every.tick().await;
            events.send(Event::new().data(n.to_string())).await?;
        }
        Ok(())
    })
}

// acceptance 21.2 (29)
#[tokio::test(start_paused = true)]
async fn event_stream_survives_longer_than_every_deadline_under_the_defaults() {
    let (connect, accept) = unbounded_channel();
    let app = App::builder()
        .log_sink(CaptureSink::default())
        .listener(Pipes(accept))
        .routes(|r| r.get("/events", slow_events));
    let running = app.build().unwrap().start().await.unwrap();
    let (near, far) = tokio::io::duplex(4096);
    connect.send(far).unwrap();
    let began = Instant::now();
    let mut client = Client(near);
    client.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let head = client.read_until("\r\n\r\n").await;
    assert!(head.contains("text/event-stream"), "{head}");
    let all = client.read_until("0\r\n\r\n").await;
    assert!(
        began.elapsed() >= Duration::from_secs(200),
        "{:?}",
        began.elapsed()
    );
    for n in 0..5 {
        assert!(all.contains(&format!("data: {n}\n\n")), "{all}");
    }
    // Silence is filled, so that no proxy in between gives up.
    assert!(all.matches(": keep-alive\n\n").count() >= 10, "{all}");
    drop(client);
    running.handle().shutdown();
    assert!(running.wait().await.unwrap().is_clean());
}

// acceptance 21.1 (26), 21.2 (29)
#[tokio::test]
async fn no_line_end_in_any_field_injects_another_and_lines_of_data_arrive() {
    let events = async || {
        Sse::produce(async |events| {
            for end in ["\n", "\r", "\r\n", "\r\r", "\n\r"] {
                let attack = format!("x{end}event: evil{end}data: evil{end}retry: 1{end}{end}");
                events.send(Event::new().data(attack.clone())).await?;
                events.send(Event::new().id(&attack).data("d")).await?;
                events.send(Event::new().event(&attack).data("d")).await?;
                events.send(Event::new().comment(attack).data("d")).await?;
            }
            events
                .send(Event::new().data("one\rtwo\nthree\r\nfour"))
                .await?;
            Ok(())
        })
    };
    let house = house(|app| app.routes(|r| r.get("/", events))).await;
    let body = house.get("/").await.body;
    // A browser ends a line at each of the three: none begins with what was smuggled in.
    let lines: Vec<_> = body.split(['\n', '\r']).collect();
    for line in &lines {
        for smuggled in ["event: evil", "data: evil", "id: evil", "retry"] {
            assert!(!line.starts_with(smuggled), "{body:?}");
        }
    }
    assert!(!body.contains('\r'), "{body:?}");
    assert!(
        body.ends_with("data: one\ndata: two\ndata: three\ndata: four\n\n"),
        "{body:?}"
    );
    let events = body.split("\n\n").filter(|event| !event.is_empty()).count();
    assert_eq!(events, 21, "{body:?}");
    house.stop().await;
}
