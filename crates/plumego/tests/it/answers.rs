//! Deadlines of requests, redirects, errors.

use std::sync::Arc;
use std::time::Duration;

use plumego::contract::ErrorFormat;
use plumego::prelude::*;
use tokio::sync::oneshot;

use crate::house::house;
use crate::wire::within;

// acceptance 21.1 (23)
#[tokio::test]
async fn deadline_of_30_s_is_added_and_one_of_the_route_is_kept() {
    async fn seconds(cx: Context) -> String {
        let left = cx.time_left().unwrap();
        left.as_secs_f64().ceil().to_string()
    }
    let house = house(|app| {
        app.routes(|r| {
            r.get("/default", seconds)
                .get("/short", seconds)
                .timeout(Duration::from_secs(5))
        })
    })
    .await;
    assert_eq!(house.get("/default").await.body, "30");
    assert_eq!(house.get("/short").await.body, "5");
    house.stop().await;
}

// acceptance 21.1 (23): the end of the connection ends the work of a safe request.
#[tokio::test]
async fn client_that_goes_away_cancels_a_get_and_not_a_post() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let release = Arc::new(tokio::sync::Notify::new());
    let waits = Arc::clone(&release);
    let handler = async move |request: Request| {
        let (_dropped_with_the_handler, seen) = oneshot::channel::<()>();
        let began = request.method().to_string();
        tell.send((began, seen)).unwrap();
        waits.notified().await;
        let finished = "finished".to_owned();
        tell.send((finished, oneshot::channel().1)).unwrap();
    };
    let house = house(|app| app.routes(|r| r.any("/", handler))).await;
    for method in ["GET", "POST"] {
        let mut client = house.connect().await;
        let request = format!("{method} / HTTP/1.1\r\nhost: x\r\n\r\n");
        client.send(request).await;
        let (began, dropped) = within(told.recv()).await.unwrap();
        assert_eq!(began, method);
        drop(client);
        if method == "GET" {
            within(dropped).await.unwrap_err();
        } else {
            release.notify_one();
            let (finished, _) = within(told.recv()).await.unwrap();
            assert_eq!(finished, "finished");
        }
    }
    house.stop().await;
}

// acceptance 21.1 (25), 21.2 (28)
#[tokio::test]
async fn safe_redirect_stays_on_this_host() {
    #[derive(serde::Deserialize)]
    struct Next {
        to: String,
    }
    let handler = async |Query(next): Query<Next>| SafeRedirect::see_other(next.to);
    let house = house(|app| app.routes(|r| r.get("/", handler))).await;
    let mut client = house.connect().await;
    for (target, location) in [
        ("/x", Some("/x")),
        ("/x?page=2#top", Some("/x?page=2#top")),
        ("http://app.example/x", Some("http://app.example/x")),
        ("//h", None),
        ("/\\h", None),
        ("\\\\h", None),
        ("/\t/h", None),
        ("http:h", None),
        ("http:/h", None),
        ("https://app.example/x", None),
        ("http://app.example@h/", None),
        ("http://h/", None),
        ("javascript:alert(1)", None),
        ("/x\r\nset-cookie: a=b", None),
        ("x", None),
        ("", None),
    ] {
        let escaped: Vec<_> = target.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let escaped = escaped.concat();
        let request = format!("GET /?to={escaped} HTTP/1.1\r\nhost: app.example\r\n\r\n");
        client.send(request).await;
        let answer = client.answer().await;
        assert_eq!(answer.header("location"), location, "{target:?}");
        assert_eq!(answer.header("set-cookie"), None, "{target:?}");
        match location {
            Some(_) => assert_eq!(answer.status(), 303, "{target:?}"),
            None => assert_eq!(answer.code(), "unsafe_redirect", "{target:?}"),
        }
    }
    house.stop().await;
}

fn failing(router: Router) -> Router {
    router
        .get("/plain", async || -> Result<(), Error> {
            Err(std::io::Error::other("disk full").into())
        })
        .get("/known", async || -> Result<(), Error> {
            Err(Error::conflict("order_paid", "The order is paid."))
        })
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn traced(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nhost: x\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n\r\n"
    )
}

// acceptance 21.1 (27)
#[tokio::test]
async fn error_without_more_is_500_server_error_and_keeps_the_trace_id() {
    let house = house(|app| app.routes(failing)).await;
    let answer = house.send(traced("/plain")).await;
    assert_eq!((answer.status(), &*answer.code()), (500, "internal"));
    let problem = answer.json();
    assert_eq!(problem["title"], "Internal Server Error");
    assert_eq!(problem["category"], "server_error");
    assert_eq!(problem["trace_id"], TRACE);
    assert!(!answer.body.contains("disk"), "{answer:?}");
    let trace = answer.header("traceresponse").unwrap();
    assert!(trace.starts_with(&format!("00-{TRACE}-")), "{trace}");
    let known = house.get("/known").await;
    assert_eq!((known.status(), &*known.code()), (409, "order_paid"));
    let own = known.json()["trace_id"].as_str().unwrap().to_owned();
    assert!(own.len() == 32 && own != TRACE, "{own}");
    house.stop().await;
}

// acceptance 21.1 (27): the shape of the original, by choice.
#[tokio::test]
async fn envelope_is_a_choice() {
    let house = house(|app| app.error_format(ErrorFormat::Envelope).routes(failing)).await;
    let answer = house.send(traced("/known")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = serde_json::json!({"error": {
        "code": "order_paid", "message": "The order is paid.",
        "category": "business_error", "trace_id": TRACE,
    }});
    assert_eq!(answer.json(), expected);
    let missing = house.get("/nowhere").await.json();
    assert_eq!(missing["error"]["code"], "not_found");
    house.stop().await;
}

#[tokio::test]
async fn data_and_meta_have_the_trace_id_beside_them() {
    let data = serde_json::json!({"id": 7});
    let meta = serde_json::json!({"page": 1});
    let (sent, page) = (data.clone(), meta.clone());
    let handler = async move || respond(sent.clone(), page.clone());
    let house = house(|app| app.routes(|r| r.get("/", handler))).await;
    let answer = house.send(traced("/")).await.json();
    let expected = serde_json::json!({"data": data, "meta": meta, "trace_id": TRACE});
    assert_eq!(answer, expected);
    house.stop().await;
}
