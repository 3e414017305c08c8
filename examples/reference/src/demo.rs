//! Slow, failing, streaming and large answers.

use std::time::Duration;

use plumego::prelude::*;
use serde::{Deserialize, Serialize};

const MAX_WAIT_MS: u64 = 60_000;
const MAX_EVENTS: u64 = 100_000;
const MAX_LARGE_BYTES: u64 = 100_000_000;

/// The query of `GET /api/slow`.
#[derive(Deserialize)]
pub(crate) struct Wait {
    #[serde(default)]
    ms: u64,
}

/// How long `GET /api/slow` took.
#[derive(Serialize)]
pub(crate) struct Waited {
    ms: u64,
}

/// `GET /api/slow?ms=`: answers after a while; a client that leaves cancels it.
pub(crate) async fn slow(Query(wait): Query<Wait>) -> Result<impl IntoResponse, Error> {
    at_most("ms", wait.ms, MAX_WAIT_MS)?;
    tokio::time::sleep(Duration::from_millis(wait.ms)).await;
    Ok(reply(Waited { ms: wait.ms }))
}

/// `GET /api/panic`: the client gets a 500 and a trace id, the log gets the panic.
#[expect(clippy::panic, reason = "this route shows what a panic does")]
pub(crate) async fn panic() -> &'static str {
    panic!("the reference application was asked to panic")
}

/// The query of `GET /api/events`.
#[derive(Deserialize)]
pub(crate) struct Ticks {
    #[serde(default = "ten")]
    count: u64,
    #[serde(default = "second")]
    interval_ms: u64,
}

fn ten() -> u64 {
    10
}

fn second() -> u64 {
    1_000
}

/// `GET /api/events?count=&interval_ms=`: server-sent events.
pub(crate) async fn events(Query(ticks): Query<Ticks>) -> Result<impl IntoResponse, Error> {
    at_most("count", ticks.count, MAX_EVENTS)?;
    at_most("interval_ms", ticks.interval_ms, MAX_WAIT_MS)?;
    Ok(Sse::produce(async move |events| {
        for n in 1..=ticks.count {
            if n > 1 {
                tokio::time::sleep(Duration::from_millis(ticks.interval_ms)).await;
            }
            events
                .send(
                    Event::new()
                        .id(n.to_string())
                        .event("tick")
                        .data(n.to_string()),
                )
                .await?;
        }
        Ok(())
    }))
}

/// The query of `GET /api/large`.
#[derive(Deserialize)]
pub(crate) struct Size {
    #[serde(default)]
    bytes: u64,
}

/// `GET /api/large?bytes=`: text made as it is sent, at most 100 MB.
pub(crate) async fn large(Query(size): Query<Size>) -> Result<impl IntoResponse, Error> {
    at_most("bytes", size.bytes, MAX_LARGE_BYTES)?;
    let line = "The quick brown fox jumps over the lazy dog, again and again and again.\n";
    let chunk = line.repeat(1_000);
    Ok(Stream::produce(
        "text/plain; charset=utf-8",
        async move |body| {
            let mut left = size.bytes;
            while left > 0 {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                body.send(chunk.get(..take).unwrap_or_default().to_owned())
                    .await?;
                left -= take as u64;
            }
            Ok(())
        },
    ))
}

fn at_most(name: &'static str, value: u64, max: u64) -> Result<(), Error> {
    if value <= max {
        return Ok(());
    }
    Err(Error::bad_request(
        "out_of_range",
        format!("{name} is {value}; at most {max} is allowed"),
    ))
}
