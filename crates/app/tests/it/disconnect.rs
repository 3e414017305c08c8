use std::sync::{Arc, Mutex};

use plumego_contract::{OnDisconnect, RequestContext};
use plumego_router::Router;
use tokio::sync::{Notify, mpsc};

use crate::client::{Client, app, start, stop, within};

/// What the handlers of a test tell.
#[derive(Clone)]
struct Told(mpsc::UnboundedSender<&'static str>);

/// Tells when it is dropped.
struct Guard(Told, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.0.send(self.1);
    }
}

/// Routes whose handlers tell that they began, wait, and tell whether they came to their end.
fn waiting(told: Told, go: Arc<Notify>) -> impl Fn(Router) -> Router {
    move |r| {
        let handler = {
            let (told, go) = (told.clone(), go.clone());
            async move || {
                let mut guard = Guard(told.clone(), "dropped");
                let _ = told.0.send("began");
                go.notified().await;
                guard.1 = "finished";
                "done"
            }
        };
        r.get("/", handler.clone())
            .post("/", handler.clone())
            .get("/kept", handler.clone())
            .on_disconnect(OnDisconnect::Finish)
            .post("/cancelled", handler)
            .on_disconnect(OnDisconnect::Cancel)
    }
}

async fn check(method: &str, path: &str, expected: &'static str) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let (running, addr) = start(app().routes(waiting(Told(tell), go.clone()))).await;
    let mut client = Client::connect(addr).await;
    client
        .send(format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
        .await;
    assert_eq!(within(told.recv()).await, Some("began"));
    drop(client);
    if expected == "finished" {
        // Nothing has been told yet: the handler waits.
        within(async {
            while running.connections() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(told.try_recv().is_err());
        go.notify_one();
    }
    assert_eq!(within(told.recv()).await, Some(expected), "{method} {path}");
    stop(running).await;
}

#[tokio::test]
async fn safe_method_is_cancelled_when_its_client_goes() {
    check("GET", "/", "dropped").await;
    check("HEAD", "/", "dropped").await;
}

#[tokio::test]
async fn unsafe_method_runs_to_its_end() {
    check("POST", "/", "finished").await;
}

#[tokio::test]
async fn route_says_otherwise() {
    check("GET", "/kept", "finished").await;
    check("POST", "/cancelled", "dropped").await;
}

#[tokio::test]
async fn shutdown_waits_for_a_handler_whose_client_has_gone() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let (running, addr) = start(app().routes(waiting(Told(tell), go.clone()))).await;
    let mut client = Client::connect(addr).await;
    client.send("POST / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(within(told.recv()).await, Some("began"));
    drop(client);
    running.handle().shutdown();
    let ended = Arc::new(Mutex::new(false));
    let end = ended.clone();
    let wait = tokio::spawn(async move {
        let report = running.wait().await.unwrap();
        *end.lock().unwrap() = true;
        report
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!*ended.lock().unwrap());
    go.notify_one();
    assert_eq!(within(told.recv()).await, Some("finished"));
    let report = within(wait).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn task_after_the_response_runs_once_it_is_out_or_given_up() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let told_by = Told(tell);
    let handler = async move |request: plumego_contract::Request| {
        let cx = plumego_contract::RequestContext::get(request.extensions())
            .unwrap()
            .clone();
        let told = told_by.clone();
        let task = async move {
            let _ = told.0.send("after");
        };
        cx.after_response("tell", task).unwrap();
        "x".repeat(100)
    };
    let (running, addr) = start(app().routes(|r| r.get("/", handler))).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.body.len(), 100);
    assert_eq!(within(told.recv()).await, Some("after"));
    drop(client);
    stop(running).await;
}

/// A task that outlives its request may still leave something to do.
#[tokio::test]
async fn a_task_registered_after_the_response_starts_at_once() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (go, gone) = tokio::sync::watch::channel(false);
    let handler = async move |cx: RequestContext| {
        let (tell, mut gone) = (tell.clone(), gone.clone());
        tokio::spawn(async move {
            gone.wait_for(|gone| *gone).await.unwrap();
            let late = async move {
                let _ = tell.send("late");
            };
            cx.after_response("late", late).unwrap();
        });
        "answered"
    };
    let (running, addr) = start(app().routes(|r| r.get("/", handler))).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.body, "answered");
    go.send(true).unwrap();
    assert_eq!(within(told.recv()).await, Some("late"));
    drop(client);
    stop(running).await;
}
