//! Components, runners, hooks: what starts and stops, and when.

use std::sync::{Arc, Mutex};

use plumego::component::Phase;
use plumego::observe::log::LogSink;
use plumego::prelude::*;
use plumego_testing::TestApp;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::house::house;
use crate::wire::within;

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn read(&self) -> String {
        self.0.lock().unwrap().join(", ")
    }
}

struct Part {
    name: &'static str,
    needs: &'static [&'static str],
    diary: Diary,
    fails: bool,
}

impl Component for Part {
    fn name(&self) -> &'static str {
        self.name
    }

    fn dependencies(&self) -> &[&'static str] {
        self.needs
    }

    async fn start(&self, _: StartContext) -> Result<(), Error> {
        if self.fails {
            return Err(Error::internal("no luck"));
        }
        self.diary.note(format!("start {}", self.name));
        Ok(())
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        self.diary.note(format!("stop {}", self.name));
        Ok(())
    }
}

/// A runner, and whether it fails.
struct Pump(Diary, bool);

impl Runner for Pump {
    async fn start(&self, cx: StartContext) -> Result<(), Error> {
        if self.1 {
            return Err(Error::internal("dry"));
        }
        self.0.note("start pump");
        let diary = self.0.clone();
        cx.spawn("pumping", async move |stop: StopToken| {
            stop.stopped().await;
            diary.note("task ended");
        });
        Ok(())
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        self.0.note("stop pump");
        Ok(())
    }
}

/// Components a → b → c, a runner, two hooks.
fn three(app: AppBuilder, diary: &Diary, fails: Option<&'static str>) -> AppBuilder {
    let parts: [(_, &'static [_]); 3] = [("a", &["b"]), ("b", &["c"]), ("c", &[])];
    let (first, second) = (diary.clone(), diary.clone());
    let app = app
        .runner("pump", Pump(diary.clone(), fails == Some("pump")))
        .on_shutdown("first", async move || first.note("hook 1"))
        .on_shutdown("second", async move || second.note("hook 2"));
    parts.into_iter().fold(app, |app, (name, needs)| {
        app.component(Part {
            name,
            needs,
            diary: diary.clone(),
            fails: fails == Some(name),
        })
    })
}

const STARTS: &str = "start c, start b, start a, start pump";
const STOPS: &str = "stop a, stop b, stop c, hook 2, hook 1";

// acceptance 21.1 (6, 7), 21.2 (8 to 10)
#[tokio::test]
async fn shutdown_by_handle_answers_what_is_open_and_stops_all_once_in_order() {
    let diary = Diary::default();
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits, notes) = (began.clone(), go.clone(), diary.clone());
    let held = async move || {
        says.notify_one();
        waits.notified().await;
        notes.note("answered");
        "answered"
    };
    let house = house(|app| three(app, &diary, None).routes(|r| r.get("/held", held))).await;
    assert_eq!(diary.read(), STARTS);
    let handle = house.app.handle();
    assert_eq!(handle.phase(), Phase::Ready);
    let mut client = house.connect().await;
    client.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;
    handle.shutdown();
    handle.shutdown();
    // Draining has begun when nobody is let in any more.
    within(async { while TcpStream::connect(house.app.addr()).await.is_ok() {} }).await;
    go.notify_one();
    let answer = client.answer().await;
    assert_eq!(answer.body, "answered");
    assert_eq!(answer.header("connection"), Some("close"));
    house.stop().await;
    let told = diary.read();
    let rest = told.strip_prefix(STARTS).unwrap();
    let rest = rest
        .strip_prefix(", answered, ")
        .unwrap_or_else(|| panic!("{told}"));
    // The task of the runner and the runner itself may end in any order.
    let (runner, rest) = rest.split_at(rest.find("stop a").unwrap());
    assert!(runner.contains("stop pump"), "{told}");
    let rest: Vec<_> = rest
        .split(", ")
        .filter(|step| *step != "task ended")
        .collect();
    assert_eq!(rest.join(", "), STOPS);
    assert_eq!(told.matches("task ended").count(), 1, "{told}");
    assert_eq!(handle.phase(), Phase::Stopped);
}

// acceptance 21.1 (5)
#[tokio::test]
async fn failing_start_stops_what_was_started_and_starts_nothing_more() {
    for (fails, expected) in [
        ("b", "start c, stop c, hook 2, hook 1"),
        ("c", "hook 2, hook 1"),
        (
            "pump",
            "start c, start b, start a, stop a, stop b, stop c, hook 2, hook 1",
        ),
    ] {
        let diary = Diary::default();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = port.local_addr().unwrap();
        drop(port);
        let app = three(App::builder(), &diary, Some(fails)).addr(addr.to_string());
        let error = within(app.build().unwrap().start()).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("no luck") || text.contains("dry"), "{text}");
        assert_eq!(diary.read(), expected, "{fails}");
        // The address is free again.
        std::net::TcpListener::bind(addr).unwrap();
    }
}

// acceptance 21.2 (10)
#[test]
fn cycle_and_missing_dependency_are_errors_of_the_build_that_name_them() {
    let part = |name, needs| Part {
        name,
        needs,
        diary: Diary::default(),
        fails: false,
    };
    let cycle = App::builder()
        .component(part("a", &["b"]))
        .component(part("b", &["c"]))
        .component(part("c", &["a"]));
    let text = cycle.build().unwrap_err().to_string();
    assert!(text.contains("cycle"), "{text}");
    for name in ["a", "b", "c"] {
        assert!(
            text.contains(&format!("`{name}`")) || text.contains(name),
            "{text}"
        );
    }
    let missing = App::builder().component(part("a", &["database"]));
    let text = missing.build().unwrap_err().to_string();
    assert!(text.contains("database"), "{text}");
}

/// Brings a route, a layer and a state.
struct Guestbook;

impl Component for Guestbook {
    fn name(&self) -> &'static str {
        "guestbook"
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        setup
            .state(7_u32)
            .routes(|r| {
                r.get("/guests", async |State(guests): State<u32>| {
                    guests.to_string()
                })
            })
            .layer(from_fn(async |request: Request, next: Next| {
                let mut response = next.run(request).await;
                let value = plumego::http::HeaderValue::from_static("yes");
                response.headers_mut().insert("x-guestbook", value);
                response
            }));
        Ok(())
    }
}

// acceptance 21.1 (4)
#[tokio::test]
async fn routes_layers_and_states_of_a_component_take_effect() {
    let own = async |State(guests): State<u32>| (guests + 1).to_string();
    let house = house(|app| app.component(Guestbook).routes(|r| r.get("/own", own))).await;
    for (target, body) in [("/guests", "7"), ("/own", "8")] {
        let answer = house.get(target).await;
        assert_eq!(answer.body, body);
        assert_eq!(answer.header("x-guestbook"), Some("yes"));
    }
    house.stop().await;
}

/// Tells that lines came.
#[derive(Clone)]
struct Lines(tokio::sync::mpsc::UnboundedSender<String>);

impl LogSink for Lines {
    fn write_all(&self, lines: &[u8]) -> std::io::Result<()> {
        let text = String::from_utf8_lossy(lines).into_owned();
        self.0.send(text).map_err(std::io::Error::other)
    }
}

// acceptance 21.1 (8)
#[tokio::test]
async fn log_is_driven_from_the_boot_to_the_end() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let app = App::builder()
        .log_sink(Lines(tell))
        .routes(|r| r.get("/{n}", async || ()));
    let app = TestApp::start(app).await.unwrap();
    let mut client = crate::wire::Client::connect(app.addr()).await;
    client.get("/1").await;
    // The timer writes it, nobody asks for it.
    let line = within(told.recv()).await.unwrap();
    assert!(line.contains("/1"), "{line}");
    client.get("/2").await;
    drop(client);
    assert!(app.stop().await.unwrap().is_clean());
    let last = told.try_recv().unwrap();
    assert!(last.contains("/2"), "{last}");
}
