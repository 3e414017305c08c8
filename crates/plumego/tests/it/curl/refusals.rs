//! What is refused, and what every refusal carries.

use plumego::prelude::*;

use super::{ORIGIN, PROTOCOLS, assert_marked, assert_refused, open};

// acceptance 21.1 (9, 28, 29, 30), 21.2 (11, 17, 18)
#[tokio::test]
async fn every_refusal_has_the_headers_of_a_success() {
    let Some(shop) = open(1000, |_| ()).await else {
        return;
    };
    let large = "x".repeat(1001);
    for protocol in PROTOCOLS {
        let hello = shop.curl("/", &[protocol]).await;
        assert_eq!((hello.status(), &*hello.body), (200, "hello"));
        assert_marked(&hello);
        let post = [protocol, "--header", "Content-Type: text/plain"];
        let exact = [&post[..], &["--data-binary", &large[1..]]].concat();
        assert_eq!(shop.curl("/notes", &exact).await.body.len(), 1000);
        let beyond = [&post[..], &["--data-binary", &large]].concat();
        for (path, args, status, code) in [
            ("/nowhere", &[protocol][..], 404, "not_found"),
            (
                "/notes",
                &[protocol, "--request", "PUT"],
                405,
                "method_not_allowed",
            ),
            ("/notes", &beyond, 413, "body_too_large"),
            ("/panic", &[protocol], 500, "internal"),
            ("/hangs", &[protocol], 504, "timeout"),
        ] {
            let answer = shop.curl(path, args).await;
            assert_refused(&answer, status, code);
            assert!(answer.header("ratelimit").is_some(), "it was counted");
        }
    }
    shop.house.stop().await;
}

// acceptance 21.1 (9, 33, 34), 21.2 (11)
#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    for protocol in PROTOCOLS {
        let Some(shop) = open(2, |_| ()).await else {
            return;
        };
        let first = shop.curl("/", &[protocol]).await;
        assert_eq!(
            first.header("ratelimit-policy"),
            Some("\"abuse-guard\";q=2;w=2")
        );
        let mut answer = first;
        while answer.status() == 200 {
            assert_eq!(answer.header("retry-after"), None);
            answer = shop.curl("/", &[protocol]).await;
        }
        assert_refused(&answer, 429, "rate_limited");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(
            answer
                .header("ratelimit")
                .unwrap()
                .starts_with("\"abuse-guard\";r=0;")
        );
        // curl reads `Retry-After`, and what it says is enough. Older ones cannot use an HTTP/2
        // connection of prior knowledge again (curl/curl#10634).
        let protocol = "--http1.1";
        let file = tempfile::NamedTempFile::new().unwrap();
        let file = file.path().to_str().unwrap();
        let quiet = ["--output", file, "--write-out", "%{http_code}"];
        let again = [&quiet[..], &[protocol, "--retry", "1"]].concat();
        assert_eq!(shop.run(ORIGIN, "/", &again).await, "200");
        shop.house.stop().await;
    }
}

// acceptance 21.2 (11)
#[tokio::test]
async fn who_finds_no_room_is_told_to_come_again() {
    let narrow = |config: &mut ServerConfig| {
        config.max_concurrency = Limit::At(1);
        config.queue_depth = 0;
    };
    let Some(shop) = open(1000, narrow).await else {
        return;
    };
    let mut holder = shop.house.connect().await;
    holder.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    while shop.house.samples("http_concurrency_running ") != ["http_concurrency_running 1"] {
        tokio::task::yield_now().await;
    }
    for protocol in PROTOCOLS {
        let answer = shop.curl("/", &[protocol]).await;
        assert_refused(&answer, 503, "server_busy");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    shop.held.notify_one();
    assert_eq!(holder.answer().await.body, "held");
    drop(holder);
    shop.house.stop().await;
}
