mod headers;
mod limits;
mod mistakes;
mod uploads;

use plumego_app::{App, Guards};
use plumego_observe::log::CaptureSink;
use plumego_router::Router;

use crate::client::{Client, app, start, stop};

fn routes(r: Router) -> Router {
    r.get("/users/{id}", async || "a user")
}

#[tokio::test]
async fn recommended_set_is_on_by_default() {
    let lines = CaptureSink::default();
    let app = app()
        .log_sink(lines.clone())
        .routes(routes)
        .build()
        .unwrap();
    let metrics = app.metrics().clone();
    let layers: Vec<_> = app.routes()[0].layers.clone();
    assert_eq!(
        layers,
        [
            "RequestIdLayer",
            "ObserveLayer",
            "SecurityHeadersLayer",
            "AbuseGuardLayer",
            "RecoverLayer",
            "BodyLimitLayer",
            "BodyDeadlineLayer",
            "ConcurrencyLimitLayer",
            "TimeoutLayer"
        ]
    );
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    let answer = client.get("/users/7").await;
    assert_eq!(answer.header("x-request-id").unwrap().len(), 32);
    assert!(answer.header("traceresponse").is_some());
    assert_eq!(client.get("/nowhere").await.status(), 404);
    drop(client);
    stop(running).await;
    let text = metrics.encode();
    for line in [
        "http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 1\n",
        "http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1\n",
        "http_connections_total 1\n",
        "http_connections_active 0\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let log = lines.text();
    assert!(
        log.contains("GET /users/7 200") && log.contains("GET /nowhere 404"),
        "{log}"
    );
}

#[tokio::test]
async fn each_guard_can_be_left_out() {
    let lines = CaptureSink::default();
    let app = app()
        .guards(|guards| *guards = Guards::none())
        .log_sink(lines.clone())
        .routes(routes);
    let app = app.build().unwrap();
    assert!(app.routes()[0].layers.is_empty());
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    let answer = client.get("/users/7").await;
    assert_eq!(answer.header("x-request-id"), None);
    assert_eq!(answer.header("traceresponse"), None);
    drop(client);
    stop(running).await;
    assert_eq!(lines.text(), "");
}

#[tokio::test]
async fn log_of_an_application_used_as_a_service_is_written_too() {
    use tower_service::Service;
    let lines = CaptureSink::default();
    let app = app()
        .log_sink(lines.clone())
        .routes(routes)
        .build()
        .unwrap();
    let mut service = app.into_service();
    let request = http::Request::get("/users/7").header("host", "x");
    let request = request.body(plumego_contract::Body::empty()).unwrap();
    assert_eq!(service.call(request).await.unwrap().status(), 200);
    crate::client::within(async {
        while !lines.text().contains("GET /users/7 200") {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn log_is_written_while_the_application_runs() {
    let lines = CaptureSink::default();
    let app = App::builder()
        .addr("127.0.0.1:0")
        .log_sink(lines.clone())
        .routes(routes);
    let (running, addr) = start(app).await;
    Client::connect(addr).await.get("/users/7").await;
    crate::client::within(async {
        while !lines.text().contains("GET /users/7 200") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stop(running).await;
}

#[tokio::test]
async fn log_goes_to_the_file_of_the_configuration() {
    let files = tempfile::TempDir::new().unwrap();
    let path = files.path().join("shop.log");
    let mut config = plumego_app::ServerConfig::default();
    config.log_file = Some(path.clone());
    let app = App::builder()
        .addr("127.0.0.1:0")
        .config(config)
        .routes(routes);
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    client.get("/users/7").await;
    drop(client);
    stop(running).await;
    #[expect(clippy::disallowed_methods, reason = "the log to be read")]
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("GET /users/7 200"), "{text}");
}

#[test]
fn log_file_that_cannot_be_written_is_an_error_that_names_it() {
    let mut config = plumego_app::ServerConfig::default();
    config.log_file = Some("/no/such/place/shop.log".into());
    let problems = App::builder().config(config).build().unwrap_err();
    let text = problems.to_string();
    assert!(text.contains("server.log_file"), "{text}");
    assert!(text.contains("/no/such/place/shop.log"), "{text}");
}

/// A request for this machine by its name.
async fn ask(client: &mut Client, path: &str, headers: &str) -> crate::client::Answer {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    client.send(head).await;
    client.answer().await
}

#[tokio::test]
async fn errors_show_what_is_behind_them_in_debug_mode_alone() {
    for debug in [false, true] {
        let app = crate::client::app_with(|config| config.debug = debug).routes(|r| {
            routes(r).get("/fails", async || {
                Err::<&str, _>(plumego_contract::Error::internal("the cause behind it"))
            })
        });
        let (running, addr) = start(app).await;
        let mut client = Client::connect(addr).await;
        // A name that was made to resolve to this machine, and a proxy on it.
        for strange in ["host: evil.example", "host: localhost\r\nvia: 1.1 proxy"] {
            let head = format!("GET /fails HTTP/1.1\r\n{strange}\r\n\r\n");
            client.send(head).await;
            let fails = client.answer().await;
            assert_eq!(fails.status(), 500);
            assert!(!fails.body.contains("the cause"), "{}", fails.body);
        }
        let fails = ask(&mut client, "/fails", "").await;
        assert_eq!(fails.status(), 500);
        assert_eq!(
            fails.body.contains("the cause behind it"),
            debug,
            "{}",
            fails.body
        );
        let nowhere = ask(&mut client, "/user/7", "").await;
        assert_eq!(nowhere.status(), 404);
        assert_eq!(
            nowhere.body.contains("/users/{id}"),
            debug,
            "{}",
            nowhere.body
        );
        let page = ask(&mut client, "/fails", "accept: text/html\r\n").await;
        assert_eq!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html"),
            debug
        );
        for answer in [fails, nowhere, page] {
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        }
        drop(client);
        stop(running).await;
    }
}
