use bytes::Bytes;
use plumego_contract::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, app, start, stop};

#[tokio::test]
async fn connection_is_kept_and_answers_in_order_when_pipelined() {
    let routes = |r: plumego_router::Router| {
        r.get("/a", async || "first")
            .get("/b", async || "second")
            .post("/c", async |body: Body| body.into_bytes(100).await)
    };
    let (running, addr) = start(app().routes(routes)).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/a").await.body, "first");
    client
        .send(
            "GET /b HTTP/1.1\r\nhost: x\r\n\r\n\
             POST /c HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nthird\
             GET /a HTTP/1.1\r\nhost: x\r\n\r\n",
        )
        .await;
    for expected in ["second", "third", "first"] {
        assert_eq!(client.answer().await.body, expected);
    }
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "old"))).await;
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert!(client.rest().await.ends_with("old"));
    stop(running).await;
}

#[tokio::test]
async fn host_must_be_there_exactly_once() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    for hosts in [
        "",
        "host: a\r\nhost: b\r\n",
        "host: a b\r\n",
        "host: %zz\r\n",
        "host: a:99999\r\n",
    ] {
        let mut client = Client::connect(addr).await;
        client.send(format!("GET / HTTP/1.1\r\n{hosts}\r\n")).await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), 400, "{hosts:?}");
        assert!(answer.body.contains("missing_host"), "{}", answer.body);
    }
    stop(running).await;
}

#[tokio::test]
async fn answers_carry_the_date_and_not_the_server() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    let answer = Client::connect(addr).await.get("/").await;
    assert!(answer.header("date").unwrap().ends_with("GMT"));
    assert_eq!(answer.header("server"), None);
    stop(running).await;
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_counted() {
    let app = app()
        .routes(|r| r.get("/", async || "here"))
        .build()
        .unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    client.send("\x16\x03\x01 hello\r\n\r\n").await;
    let answer = client.rest().await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    stop(running).await;
    let text = metrics.encode();
    let line = "http_connection_errors_total{kind=\"malformed\"} 1\n";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn smuggling_attempts_are_refused() {
    let (running, addr) = start(app().routes(|r| r.any("/", async || "here"))).await;
    for framing in [
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: -1\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        let mut client = Client::connect(addr).await;
        let request =
            format!("POST / HTTP/1.1\r\nhost: x\r\n{framing}\r\nGET /evil HTTP/1.1\r\n\r\n");
        client.send(request).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framing:?}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            1,
            "{framing:?}: {answer}"
        );
    }
    stop(running).await;
}

/// RFC 9112, section 6.1; ASVS 5.0, 4.2.1: the chunks count, and the connection is not used again.
#[tokio::test]
async fn a_length_beside_chunks_smuggles_nothing() {
    let post = |r: plumego_router::Router| {
        r.post("/", async |body: Body| body.into_bytes(100).await)
            .get("/next", async || "smuggled")
    };
    let (running, addr) = start(app().routes(post)).await;
    let chunked = "transfer-encoding: chunked\r\n";
    for (framing, body) in [
        (format!("content-length: 5\r\n{chunked}"), "0\r\n\r\n"),
        (format!("{chunked}content-length: 5\r\n"), "0\r\n\r\n"),
        (format!("{chunked}content-length: 44\r\n"), "0\r\n\r\n"),
        (
            format!("{chunked}content-length: 3\r\n"),
            "2\r\nok\r\n0\r\n\r\n",
        ),
        (format!("{chunked}content-length: x\r\n"), "0\r\n\r\n"),
    ] {
        let mut client = Client::connect(addr).await;
        let next = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{framing}\r\n");
        client.send(format!("{head}{body}{next}")).await;
        let all = client.rest().await;
        assert!(!all.contains("smuggled"), "{framing:?}: {all}");
        assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {all}");
    }
    stop(running).await;
}

#[tokio::test]
async fn client_that_closes_its_half_after_the_request_is_answered() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.0.shutdown().await.unwrap();
    assert!(client.rest().await.ends_with("here"));
    stop(running).await;
}

#[tokio::test]
async fn a_transfer_coding_other_than_one_chunked_is_refused_and_closed() {
    let post = |r: plumego_router::Router| {
        r.post("/", async |body: Body| body.into_bytes(100).await)
            .get("/next", async || "smuggled")
    };
    let (running, addr) = start(app().routes(post)).await;
    for coding in [
        "gzip, chunked",
        "chunked, chunked",
        "chunked\r\ntransfer-encoding: chunked",
    ] {
        let mut client = Client::connect(addr).await;
        client
            .send(format!(
                "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {coding}\r\n\r\n\
                 0\r\n\r\nGET /next HTTP/1.1\r\nhost: x\r\n\r\n"
            ))
            .await;
        let all = client.rest().await;
        assert!(all.starts_with("HTTP/1.1 400 "), "{coding}: {all}");
        assert!(!all.contains("smuggled"), "{coding}: {all}");
    }
    let mut client = Client::connect(addr).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\n\r\n";
    client.send(format!("{head}2\r\nok\r\n0\r\n\r\n")).await;
    assert_eq!(client.answer().await.body, "ok");
    drop(client);
    stop(running).await;
}

/// A proxy that is set up to speak it is told at once, and nothing of it is believed.
#[tokio::test]
async fn proxy_protocol_is_no_request() {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x1f\x90\x1f\x90";
    let v1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
    for preface in [&v1[..], &v2[..]] {
        let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
        let mut client = Client::connect(addr).await;
        client.send(preface).await;
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
        stop(running).await;
    }
}

/// Closing with unread bytes would make the system reset the connection, and what was not sent yet
/// of the answer would be lost.
#[tokio::test]
async fn long_answer_arrives_whole_though_the_client_sent_more_meanwhile() {
    const LENGTH: usize = 16 << 20;
    let body = Bytes::from(vec![b'x'; LENGTH]);
    let routes = move |r: plumego_router::Router| {
        r.get("/", move || {
            let body = body.clone();
            async move { body }
        })
    };
    let (running, addr) = start(app().routes(routes)).await;
    for more in [2, 24, 25, 500] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        // The end of the answer still waits at the server when it closes.
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        let mut client = socket.connect(addr).await.unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = vec![0; 1];
        client.read_exact(&mut answer).await.unwrap();
        client.write_all(&b"\r\n".repeat(more / 2)).await.unwrap();
        let read = client.read_to_end(&mut answer).await;
        assert!(
            answer.len() > LENGTH,
            "{more}: {} bytes, {read:?}",
            answer.len()
        );
        read.unwrap();
    }
    stop(running).await;
}
