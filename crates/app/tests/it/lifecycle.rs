use std::sync::{Arc, Mutex};

use plumego_app::AppBuilder;
use plumego_component::{Component, Phase, Runner, StartContext, StopContext};
use plumego_contract::Error;
use tokio::sync::Notify;

use crate::client::{Client, app, start, within};

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

struct Pump(Diary);

impl Runner for Pump {
    async fn start(&self, _: StartContext) -> Result<(), Error> {
        self.0.note("start pump");
        Ok(())
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        self.0.note("stop pump");
        Ok(())
    }
}

fn three(diary: &Diary, fails: Option<&'static str>) -> AppBuilder {
    let parts: [(_, &'static [_]); 3] = [("a", &["b"]), ("b", &["c"]), ("c", &[])];
    let (first, second) = (diary.clone(), diary.clone());
    let app = app()
        .runner("pump", Pump(diary.clone()))
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
const STOPS: &str = "stop pump, stop a, stop b, stop c, hook 2, hook 1";

// acceptance 21.1 (6, 7), 21.2 (8 to 10)
#[tokio::test]
async fn open_request_is_answered_then_runners_components_and_hooks_stop_in_order() {
    let diary = Diary::default();
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits, notes) = (began.clone(), go.clone(), diary.clone());
    let app = three(&diary, None).routes(|r| {
        r.get("/held", async move || {
            says.notify_one();
            waits.notified().await;
            notes.note("answered");
            "answered"
        })
    });
    let (running, addr) = start(app).await;
    assert_eq!(diary.read(), STARTS);
    let mut client = Client::connect(addr).await;
    client.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;
    running.handle().shutdown();
    running.handle().shutdown();
    go.notify_one();
    assert_eq!(client.answer().await.body, "answered");
    let handle = running.handle();
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(diary.read(), format!("{STARTS}, answered, {STOPS}"));
    assert_eq!(handle.phase(), Phase::Stopped);
}

// acceptance 21.1 (5)
#[tokio::test]
async fn failing_start_stops_what_was_started_and_frees_the_port() {
    let diary = Diary::default();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = port.local_addr().unwrap();
    drop(port);
    let app = three(&diary, Some("b"))
        .addr(addr.to_string())
        .build()
        .unwrap();
    let error = within(app.start()).await.unwrap_err();
    assert_eq!(error.status(), 500);
    assert!(format!("{error:?}").contains("no luck"), "{error:?}");
    assert_eq!(diary.read(), "start c, stop c, hook 2, hook 1");
    std::net::TcpListener::bind(addr).unwrap();
}

#[tokio::test]
async fn address_in_use_starts_nothing() {
    let diary = Diary::default();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let app = three(&diary, None).addr(taken.local_addr().unwrap().to_string());
    app.build().unwrap().start().await.unwrap_err();
    assert!(!diary.read().contains("start"), "{}", diary.read());
}

#[tokio::test]
async fn nothing_is_answered_before_everything_has_started() {
    struct Late(Arc<Notify>, Arc<Notify>);
    impl Component for Late {
        fn name(&self) -> &'static str {
            "late"
        }
        async fn start(&self, _: StartContext) -> Result<(), Error> {
            self.0.notify_one();
            self.1.notified().await;
            Ok(())
        }
    }
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = port.local_addr().unwrap();
    let app = app()
        .listener(port)
        .component(Late(began.clone(), go.clone()))
        .routes(|r| r.get("/", async || "here"))
        .build()
        .unwrap();
    let handle = app.handle();
    let running = tokio::spawn(app.start());
    within(began.notified()).await;
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(handle.phase(), Phase::Starting);
    assert!(client.0.try_read(&mut [0]).is_err());
    go.notify_one();
    assert_eq!(client.answer().await.body, "here");
    assert_eq!(handle.phase(), Phase::Ready);
    drop(client);
    crate::client::stop(running.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn told_to_stop_before_the_start_it_stops_at_once() {
    let diary = Diary::default();
    let app = three(&diary, None).build().unwrap();
    app.handle().shutdown();
    let error = within(app.start()).await.unwrap_err();
    assert_eq!(error.code(), "start_interrupted");
    assert!(!diary.read().contains("start"), "{}", diary.read());
}

#[tokio::test]
async fn application_as_a_service_starts_nothing() {
    use tower_service::Service;
    let diary = Diary::default();
    let mut app = three(&diary, None)
        .routes(|r| r.get("/", async || "here"))
        .build()
        .unwrap();
    let request = || {
        let request = http::Request::get("/").header("host", "x");
        request.body(plumego_contract::Body::empty()).unwrap()
    };
    assert_eq!(app.call(request()).await.unwrap().status(), 200);
    let mut service = app.into_service();
    let response = service.clone().call(request()).await.unwrap();
    assert_eq!(response.into_body().into_bytes(100).await.unwrap(), "here");
    service.call(request()).await.unwrap();
    assert_eq!(diary.read(), "");
}
