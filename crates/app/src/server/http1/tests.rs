//! The short way beside the engine: the same bytes, in the same pieces, with the clock of the test.
//!
//! The engine is right by definition. What may differ is in [`Record::compare`].

mod answers;
mod guards;
mod handlers;
mod phases;
mod random;
mod readers;
mod shapes;
mod sockets;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use plumego_component::Tasks;
use plumego_contract::{AppContext, Connection, TrustedProxies};
use plumego_observe::metrics::Metrics;
use plumego_router::Frozen;
use plumego_stdx::Limit;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

use crate::reload::Times;
use crate::server::connection::{Ended, Guard, note};
use crate::server::io::{Protocol, TimedIo};
use crate::server::registry::Entry;
use crate::server::watch::Timeouts;
use crate::server::{ServerMetrics, Shared, StreamLimits, Tuning};

const TIMES: Timeouts = Timeouts {
    header: Some(Duration::from_secs(5)),
    read: Some(Duration::from_secs(30)),
    write: Some(Duration::from_secs(30)),
    idle: Some(Duration::from_mins(1)),
};
/// The least that may be set, so that heads reach it.
const MAX_HEAD: usize = 8 * 1024;
/// After each piece: long enough that all is quiet.
const BEAT: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As it is: the short way, and the engine for the rest.
    Short,
    /// The engine alone.
    Engine,
    /// The same, without the look at which protocol is spoken: it takes the first bytes by
    /// themselves, so that no head comes whole.
    Whole,
}

/// Whether the guards of an application are around the handlers. Some of the fields that they add
/// are left to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guarded {
    Yes,
    No,
}

/// What the client does after its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Then {
    CloseAtOnce,
    CloseLater,
    /// Until the server ends it.
    Stay,
}

/// What became of some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    /// What the handlers saw.
    seen: Vec<String>,
    /// How many bytes of answers had come after each piece.
    after: Vec<usize>,
    answers: Vec<Answer>,
    /// When the server closed.
    closed: Duration,
    /// The access log.
    records: Vec<String>,
    /// What was counted.
    metrics: Vec<String>,
}

/// An answer: the first line, the others in order of the alphabet, and what follows.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: String,
    lines: Vec<String>,
    rest: String,
}

fn shared(router: Frozen, metrics: &Metrics) -> Arc<Shared> {
    let tuning = Tuning {
        times: Arc::new(Times::with(TIMES)),
        max_header_bytes: MAX_HEAD,
        max_connections: 10,
        max_connections_per_ip: Limit::Unlimited,
        trusted_proxies: TrustedProxies::default(),
        http2: false,
        streams: StreamLimits {
            open: 250,
            header_bytes: 64 * 1024,
            resets: 200,
        },
    };
    let counters = ServerMetrics::new(metrics).unwrap();
    Arc::new(Shared::new(tuning, router, counters, &Tasks::default()))
}

/// A connection, as `connection::run` has it, which goes one of the ways.
async fn connection<T>(way: Way, shared: Arc<Shared>, io: T)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let entry = Arc::new(Entry::new(&shared, Connection::default()));
    let _listed = shared.registry.list(&entry);
    let mut io = TimedIo::new(io, entry.clone());
    let mut guard = Guard::new(&shared, &entry);
    let sniffed = match way {
        Way::Whole => Ok(Ok(Protocol::Http1)),
        _ => guard.hold(poll_fn(|cx| io.poll_sniff(cx))).await,
    };
    let ended = match sniffed {
        Err(ended) => ended,
        Ok(Err(error)) => Ended::Io(error),
        Ok(Ok(Protocol::Nothing)) => Ended::Done,
        Ok(Ok(_)) if way == Way::Short => super::serve(&shared, io, &entry, &mut guard).await,
        Ok(Ok(_)) => super::engine::serve(&shared, io, &entry, &mut guard, None).await,
    };
    note(&shared, &entry, &ended);
}

/// The end of the client: what came, and when the server closed.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    closed: Option<Instant>,
}

async fn receive(mut from: tokio::io::ReadHalf<DuplexStream>, inbox: Arc<Mutex<Inbox>>) {
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut part).await.unwrap_or(0);
        let mut inbox = inbox.lock().unwrap();
        if read == 0 {
            inbox.closed = Some(Instant::now());
            return;
        }
        inbox.bytes.extend_from_slice(&part[..read]);
    }
}

/// Sends these pieces to a connection that goes this way.
async fn send((way, guards): (Way, Guarded), pieces: &[Bytes], then: Then) -> Record {
    let seen = handlers::Seen::default();
    let records = guards::Records::default();
    let router = match guards {
        Guarded::Yes => guards::around(&records).merge(handlers::router(&seen)),
        Guarded::No => handlers::router(&seen),
    };
    let metrics = Metrics::default();
    let shared = shared(router.freeze(AppContext::default()).unwrap(), &metrics);
    // Room for all answers: who reads slowly is another test.
    let (client, server) = tokio::io::duplex(1 << 20);
    let (from, mut to) = tokio::io::split(client);
    let inbox = Arc::<Mutex<Inbox>>::default();
    let opened = Instant::now();
    let server = tokio::spawn(connection(way, shared, server));
    let reader = tokio::spawn(receive(from, inbox.clone()));
    let mut record = Record::default();
    for (place, piece) in pieces.iter().enumerate() {
        // The server may have closed.
        let _ = to.write_all(piece).await;
        if then == Then::CloseAtOnce && place + 1 == pieces.len() {
            let _ = to.shutdown().await;
        }
        pass(BEAT).await;
        record.after.push(inbox.lock().unwrap().bytes.len());
    }
    if then == Then::CloseLater {
        pass(Duration::from_secs(1)).await;
        record.after.push(inbox.lock().unwrap().bytes.len());
        let _ = to.shutdown().await;
    }
    reader.await.unwrap();
    drop(to);
    server.await.unwrap();
    let inbox = std::mem::take(&mut *inbox.lock().unwrap());
    record.closed = inbox.closed.unwrap() - opened;
    record.answers = split(&inbox.bytes);
    record.seen = std::mem::take(&mut *seen.lock().unwrap());
    record.metrics = counted(&metrics);
    record.records = std::mem::take(&mut *records.lock().unwrap());
    record
}

/// What is not 0.
fn counted(metrics: &Metrics) -> Vec<String> {
    let text = metrics.encode();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let counted = lines.filter(|line| !line.ends_with(" 0"));
    counted.map(ToOwned::to_owned).collect()
}

/// Lets time go by on the clock of the test, which is paused: nobody waits.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Splits the answers where their first lines are. No body of these handlers has such a line.
fn split(bytes: &[u8]) -> Vec<Answer> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    let is_first = |at: &usize| {
        let line = &text[*at..];
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .or(line.strip_prefix("HTTP/1.0 "));
        status.is_some_and(|status| {
            let digits = status.as_bytes().iter().take(3);
            digits.filter(|it| it.is_ascii_digit()).count() == 3
        })
    };
    let mut starts: Vec<usize> = text.match_indices("HTTP/1.").map(|(at, _)| at).collect();
    starts.retain(is_first);
    assert_eq!(starts.first().copied().unwrap_or(0), 0, "{text}");
    assert_eq!(starts.is_empty(), text.is_empty(), "{text}");
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let pieces = starts.iter().zip(ends);
    pieces.map(|(from, to)| read(&text[*from..to])).collect()
}

fn read(text: &str) -> Answer {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n").map(dateless);
    let status = lines.next().unwrap();
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    Answer {
        status,
        lines,
        rest: nameless(rest),
    }
}

/// Without the ids, others each time.
fn nameless(body: &str) -> String {
    let mut body = body.to_owned();
    for key in ["\"trace_id\":\"", "\"request_id\":\""] {
        if let Some((before, after)) = body.split_once(key) {
            let (_, after) = after.split_once('"').unwrap();
            body = format!("{before}{key}{after}");
        }
    }
    body
}

/// A date that is not of a handler is of now, and the ids and the state of the limits are others
/// each time.
fn dateless(line: &str) -> String {
    if let Some((name, _)) = line.split_once(": ")
        && ["ratelimit", "traceresponse", "x-request-id"].contains(&name)
    {
        return format!("{name}: *");
    }
    match line.strip_prefix("date: ") {
        Some(date) if date != handlers::DATE => {
            assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
            "date: now".to_owned()
        }
        _ => line.to_owned(),
    }
}

impl Record {
    /// Whether the engine ended the connection for what was sent.
    fn is_refused(&self) -> bool {
        let kinds = ["malformed", "head_too_large"];
        let line = |kind| format!("http_connection_errors_total{{kind=\"{kind}\"}} 1");
        kinds.map(line).iter().any(|it| self.metrics.contains(it))
    }

    /// What else was counted, when this time was over.
    fn ended_by(&self, phase: &str) -> Option<Vec<&String>> {
        let line = format!("http_connections_timed_out_total{{phase=\"{phase}\"}} 1");
        let others = self.metrics.iter().filter(|it| **it != line);
        self.metrics.contains(&line).then(|| others.collect())
    }

    /// Whether it is the beginning of the other. The engine ends a connection when nobody read a
    /// body of which something is still to come, and what has come depends on where it was cut.
    fn is_cut_off(&self, other: &Self) -> bool {
        let Some((last, before)) = self.answers.split_last() else {
            return false;
        };
        let lines = |answer: &Answer| {
            let lines = answer.lines.iter().filter(|it| *it != "connection: close");
            (
                answer.status.clone(),
                lines.cloned().collect::<Vec<_>>(),
                answer.rest.clone(),
            )
        };
        let as_last = other.answers.get(before.len());
        self.closed <= other.closed
            && other.seen.starts_with(&self.seen)
            && other.answers.starts_with(before)
            && as_last.is_some_and(|it| lines(it) == lines(last))
    }

    /// Whether both refuse the same request: one that is too long and malformed may be either.
    fn refuses_too(&self, other: &Self) -> bool {
        let before = |record: &Self| record.answers.len().saturating_sub(1);
        self.is_refused()
            && other.is_refused()
            && self.seen == other.seen
            && self.answers.get(..before(self)) == other.answers.get(..before(other))
    }

    /// Everything is the same, but for two things that may come earlier.
    ///
    /// The engine looks at a head that came in pieces when its end is there. So it refuses late,
    /// or not at all when the end does not come, what it refuses at once had it come whole; what
    /// became of `whole` is right as well, when that was refused.
    ///
    /// And half a head that came with the request before has the time of a head from then on, not
    /// from its next byte on.
    fn compare(&self, engine: &Self, whole: &Self) -> Result<(), String> {
        let heard = |it: &Self| (it.seen.clone(), it.records.clone());
        let is_same = |other: &Self| heard(self) == heard(other) && self.answers == other.answers;
        if self == engine {
            return Ok(());
        }
        let is_early = self.is_refused() && engine.answers.len() <= self.answers.len();
        if is_early && is_same(whole) && self.metrics == whole.metrics {
            return Ok(());
        }
        let late = ["header", "idle"].map(|phase| engine.ended_by(phase));
        let is_half = late.contains(&self.ended_by("header")) && self.ended_by("header").is_some();
        if is_half && is_same(engine) && self.after == engine.after && self.closed < engine.closed {
            return Ok(());
        }
        Err(format!(
            "the short way\n{self:#?}\n\nis not the engine's\n{engine:#?}"
        ))
    }
}

fn in_time<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// More than is read at once: the engine reads 24 bytes more ahead, those of the first look.
const LONG: usize = 8000;

/// Sends the pieces both ways, and compares.
fn differ(guards: Guarded, pieces: &[Bytes], then: Then) -> Result<Record, String> {
    let short = in_time(send((Way::Short, guards), pieces, then));
    let engine = in_time(send((Way::Engine, guards), pieces, then));
    if short == engine {
        return Ok(short);
    }
    let whole = Bytes::from(pieces.concat());
    let fits = short.is_cut_off(&engine) || engine.is_cut_off(&short) || short.refuses_too(&engine);
    if whole.len() > LONG && fits {
        return Ok(short);
    }
    let whole = in_time(send((Way::Whole, guards), &[whole], then));
    short.compare(&engine, &whole).map(|()| short)
}
