//! A connection beside a model of it: what is sent, answered, given up and told, in any order of
//! requests, closing, drain and cut.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use plumego_contract::{
    AppContext, Body, BoxTask, IntoResponse as _, Request, RequestContext, Response, SpawnTask,
};
use plumego_observe::metrics::Metrics;
use plumego_router::Router;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncWriteExt as _, DuplexStream, WriteHalf};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::handlers::Frames;
use super::{BEAT, Inbox, Way, connection, in_time, pass, receive, shared, split};
use crate::server::{CUT, DRAINING, Shared};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Answered at once, from memory.
    Plain,
    /// With a body in chunks: the engine's.
    Chunked,
    /// Answered by a stream: the engine's, once it is answered.
    Stream,
    /// Answered when it is released.
    Slow,
}
use Kind::{Chunked, Plain, Slow, Stream};

#[derive(Debug, Clone)]
enum Step {
    /// Requests in one piece.
    Send(Vec<Kind>),
    Release,
    Pass,
    Close,
    Drain,
    Cut,
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = vec(
        select(&[Plain, Plain, Slow, Slow, Chunked, Stream][..]),
        1..4,
    );
    prop_oneof![
        8 => kinds.prop_map(Step::Send),
        5 => Just(Step::Release),
        2 => Just(Step::Pass),
        1 => Just(Step::Close),
        1 => Just(Step::Drain),
        1 => Just(Step::Cut),
    ]
}

/// Longer than half a head may take when the server drains.
const A_WHILE: Duration = Duration::from_millis(1100);

/// What must be.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each changes by itself")]
struct Model {
    waiting: VecDeque<(usize, Kind)>,
    sent: usize,
    /// The handlers that began.
    began: Vec<usize>,
    answered: Vec<usize>,
    permits: usize,
    /// Whether a handler works.
    working: bool,
    /// How many requests have been read, and whether something came after them. All is read when
    /// nothing is left of what was.
    read: usize,
    ahead: bool,
    closing: bool,
    draining: bool,
    /// Whether the last answer was given while the server drained.
    goodbye: bool,
    /// Times that passed before the first request.
    whiles: usize,
    ended: bool,
}

impl Model {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Send(kinds) if !self.closing && !self.ended => {
                self.ahead |= self.working;
                for kind in kinds {
                    self.waiting.push_back((self.sent, *kind));
                    self.sent += 1;
                }
            }
            Step::Release => self.permits += 1,
            Step::Pass if self.sent == 0 => {
                self.whiles += 1;
                self.ended |= self.draining || self.whiles == 5;
            }
            Step::Close => {
                self.closing = true;
                // Who waits for an answer is gone, unless there is something to be read first.
                self.ended |= self.working && !self.ahead;
            }
            Step::Drain => {
                self.draining = true;
                self.ended |= !self.working && self.sent > 0;
            }
            Step::Cut => self.ended = true,
            Step::Send(_) | Step::Pass => {}
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        while let Some((number, kind)) = self.waiting.front().copied() {
            if self.ended {
                break;
            }
            if !self.working {
                self.began.push(number);
                if number >= self.read {
                    (self.read, self.ahead) = (self.sent, false);
                }
            }
            self.working = kind == Slow && self.permits == 0;
            if self.working {
                self.ended |= self.closing && !self.ahead;
                break;
            }
            self.permits -= usize::from(kind == Slow);
            self.answered.push(number);
            self.waiting.pop_front();
            self.goodbye = self.draining;
            self.ended |= self.draining;
        }
        self.ended |= self.closing && self.waiting.is_empty();
    }

    fn open(&self) -> usize {
        usize::from(self.working && !self.ended)
    }
}

/// Notes which responses have ended.
#[derive(Default)]
struct Told {
    began: Mutex<Vec<usize>>,
    ended: Mutex<Vec<usize>>,
}

struct AtOnce;

impl SpawnTask for AtOnce {
    fn spawn_task(&self, _: &'static str, task: BoxTask) -> bool {
        tokio::spawn(task);
        true
    }
}

async fn respond(
    told: Arc<Told>,
    gate: Arc<Semaphore>,
    context: RequestContext,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut words = parts.uri.path().split('/').skip(1);
    let (kind, number) = (words.next().unwrap(), words.next().unwrap());
    let number: usize = number.parse().unwrap();
    told.began.lock().unwrap().push(number);
    let ended = told.clone();
    let note = async move { ended.ended.lock().unwrap().push(number) };
    context.after_response("note", note).unwrap();
    let body = body.into_bytes(5).await.unwrap();
    assert_eq!(body, if kind == "Chunked" { "hello" } else { "" });
    if kind == "Slow" {
        gate.acquire().await.unwrap().forget();
    }
    let frames = || ["on", "e"].map(|it| Ok(Bytes::from_static(it.as_bytes())));
    let body = match kind {
        "Stream" => Body::new(Frames(frames().into())),
        _ => Body::from("one"),
    };
    ([("x-number", number.to_string())], body).into_response()
}

fn request(number: usize, kind: Kind) -> String {
    match kind {
        Chunked => format!(
            "POST /Chunked/{number} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        ),
        _ => format!("GET /{kind:?}/{number} HTTP/1.1\r\nhost: x\r\n\r\n"),
    }
}

/// A connection, and the model of it.
struct Line {
    model: Model,
    told: Arc<Told>,
    gate: Arc<Semaphore>,
    shared: Arc<Shared>,
    inbox: Arc<Mutex<Inbox>>,
    to: WriteHalf<DuplexStream>,
    server: JoinHandle<()>,
}

impl Line {
    fn open(way: Way) -> Self {
        let told = Arc::<Told>::default();
        let gate = Arc::new(Semaphore::new(0));
        let (notes, opened) = (told.clone(), gate.clone());
        let router = Router::new().fallback(move |context: RequestContext, request: Request| {
            respond(notes.clone(), opened.clone(), context, request)
        });
        let mut app = AppContext::default();
        app.tasks = Some(Arc::new(AtOnce));
        let shared = shared(router.freeze(app).unwrap(), &Metrics::default());
        let (client, server) = tokio::io::duplex(1 << 20);
        let (from, to) = tokio::io::split(client);
        let inbox = Arc::<Mutex<Inbox>>::default();
        tokio::spawn(receive(from, inbox.clone()));
        Self {
            model: Model::default(),
            server: tokio::spawn(connection(way, shared.clone(), server)),
            told,
            gate,
            shared,
            inbox,
            to,
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Send(kinds) => {
                let numbers = self.model.sent..;
                let requests = numbers
                    .zip(kinds)
                    .map(|(number, kind)| request(number, *kind));
                let requests: String = requests.collect();
                let _ = self.to.write_all(requests.as_bytes()).await;
            }
            Step::Release => self.gate.add_permits(1),
            Step::Pass => pass(A_WHILE).await,
            Step::Close => self.to.shutdown().await.unwrap_or_default(),
            Step::Drain => {
                self.shared.turns.begin(1, Duration::from_secs(10));
                self.shared.state.fetch_max(DRAINING, Ordering::AcqRel);
                self.shared.draining.cancel();
                self.shared.registry.wake_all();
            }
            Step::Cut => {
                self.shared.state.store(CUT, Ordering::Release);
                self.shared.registry.wake_all();
            }
        }
        self.model.take(step);
        pass(BEAT * 3).await;
    }

    fn check(&self) -> Result<(), String> {
        let Self { model, told, .. } = self;
        let same = |what: &str, is: &dyn std::fmt::Debug, should: &dyn std::fmt::Debug| {
            let (is, should) = (format!("{is:?}"), format!("{should:?}"));
            let wrong = || format!("{what}: {is}, not {should}\n{model:#?}");
            (is == should).then_some(()).ok_or_else(wrong)
        };
        let answers = split(&self.inbox.lock().unwrap().bytes);
        let number = |answer: &super::Answer| {
            let line = answer
                .lines
                .iter()
                .find_map(|it| it.strip_prefix("x-number: "));
            line.unwrap().parse::<usize>().unwrap()
        };
        let numbers: Vec<usize> = answers.iter().map(number).collect();
        same("answered", &numbers, &model.answered)?;
        let is_whole = |answer: &super::Answer| {
            ["one", "2\r\non\r\n1\r\ne\r\n0\r\n\r\n"].contains(&answer.rest.as_str())
        };
        same("whole", &answers.iter().all(is_whole), &true)?;
        let says_close =
            |answer: &super::Answer| answer.lines.iter().any(|it| it == "connection: close");
        let closing: Vec<bool> = answers.iter().map(says_close).collect();
        let last = model.answered.len().saturating_sub(1);
        let is_dismissed = |at| at == last && model.goodbye;
        let expected: Vec<bool> = (0..answers.len()).map(is_dismissed).collect();
        same("says that it closes", &closing, &expected)?;
        same("began", &*told.began.lock().unwrap(), &model.began)?;
        let mut over = model.began.clone();
        over.truncate(model.began.len() - model.open());
        same("told of", &*told.ended.lock().unwrap(), &over)?;
        same(
            "closed",
            &self.inbox.lock().unwrap().closed.is_some(),
            &model.ended,
        )?;
        if !model.ended {
            same("ended", &self.server.is_finished(), &false)?;
            same("listed", &self.shared.registry.len(), &1)?;
        }
        same("open", &self.shared.open_requests().len(), &model.open())
    }
}

async fn run(way: Way, steps: &[Step]) -> Result<(), String> {
    let mut line = Line::open(way);
    for (place, step) in steps.iter().enumerate() {
        line.take(step).await;
        line.check()
            .map_err(|why| format!("{way:?}, step {place}: {why}"))?;
    }
    for _ in 0..line.model.sent {
        line.take(&Step::Release).await;
    }
    line.take(&Step::Close).await;
    line.check()
        .map_err(|why| format!("{way:?}, at the end: {why}"))?;
    // Longer than a closed connection waits for a client that still sends.
    pass(A_WHILE * 2).await;
    assert!(line.server.is_finished());
    assert_eq!(line.shared.registry.len(), 0);
    Ok(())
}

proptest! {
    #[test]
    fn connection_is_as_the_model_of_it(steps in vec(step(), 1..14)) {
        for way in [Way::Short, Way::Engine] {
            if let Err(why) = in_time(run(way, &steps)) {
                prop_assert!(false, "{why}");
            }
        }
    }
}
