//! Time, size and number are bounded, whatever the other server does.

use std::sync::Arc;
use std::time::Duration;

use plumego_client::{Client, Resolve, Resolving, Retry, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use crate::server::{Raw, Server, respond};
use crate::{guarded, within};

const SHORT: Duration = Duration::from_millis(50);

/// Reads a head, so that a request is certainly there.
async fn read_head(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        seen.push(byte[0]);
    }
}

/// Writes as long as somebody reads.
async fn write_forever(stream: &mut TcpStream, piece: &[u8]) {
    while stream.write_all(piece).await.is_ok() {}
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let client = guarded()
        .first_byte_timeout(SHORT)
        .retry(Retry::off())
        .build()
        .unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::FirstByte));
}

/// One byte of the head now and then does not put it off.
#[tokio::test]
async fn a_head_that_drips_is_given_up() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.unwrap();
        let mut drip = tokio::time::interval(Duration::from_millis(5));
        loop {
            drip.tick().await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    })
    .await;
    let client = guarded()
        .first_byte_timeout(SHORT)
        .retry(Retry::off())
        .build()
        .unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::FirstByte));
}

#[tokio::test]
async fn interim_answers_do_not_put_it_off() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        write_forever(&mut stream, b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n").await;
    })
    .await;
    let client = guarded()
        .first_byte_timeout(SHORT)
        .retry(Retry::off())
        .build()
        .unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::FirstByte));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.unwrap();
        write_forever(&mut stream, &[b'x'; 4096]).await;
    })
    .await;
    let client = guarded().retry(Retry::off()).build().unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert!(!error.is_timeout() && !error.is_refused(), "{error:?}");
}

#[tokio::test]
async fn a_body_that_drips_is_cut_at_the_time_of_the_whole() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut drip = tokio::time::interval(Duration::from_millis(5));
        loop {
            drip.tick().await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    })
    .await;
    let client = guarded().build().unwrap();
    let request = client
        .get(server.url("/"))
        .timeout(Duration::from_millis(500));
    let answer = within(request.send()).await.unwrap();
    let error = within(answer.bytes()).await.unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::Whole));
}

#[tokio::test]
async fn the_wait_for_the_name_is_part_of_connecting() {
    struct Never;
    impl Resolve for Never {
        fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    let client = guarded()
        .resolver(Never)
        .connect_timeout(SHORT)
        .retry(Retry::off())
        .build()
        .unwrap();
    let error = within(client.get("http://a.example/").send())
        .await
        .unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::Connect));
    assert!(error.is_connect());
}

#[tokio::test]
async fn a_handshake_that_stands_still_is_part_of_connecting() {
    let server = Raw::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = guarded()
        .connect_timeout(SHORT)
        .retry(Retry::off())
        .build()
        .unwrap();
    let url = format!("https://{}/", server.addr);
    let error = within(client.get(url).send()).await.unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::Connect));
}

/// An address where nothing answers does not use up the time of those after it.
#[tokio::test]
async fn the_next_address_is_tried() {
    let server = Server::at("127.0.0.2".parse().unwrap(), 0, |_| respond(200, "second")).await;
    let dns = crate::guard::Dns::new([&["127.0.0.1", "127.0.0.2"]]);
    let client = guarded().resolver(dns).build().unwrap();
    let url = format!("http://a.example:{}/", server.addr.port());
    let answer = within(client.get(url).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "second");
}

/// An address that swallows everything costs a moment, however long connecting may take.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_is_silent_holds_up_nobody() {
    let server = Server::at("127.0.0.2".parse().unwrap(), 0, |_| respond(200, "second")).await;
    let silent = std::net::SocketAddr::from((crate::server::LOCAL, server.addr.port()));
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(silent).unwrap();
    let _listener = socket.listen(1).unwrap();
    // Once nobody takes connections from the full queue, further ones are not answered.
    let mut waiting = Vec::new();
    while let Ok(stream) =
        tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(silent)).await
    {
        waiting.push(stream.unwrap());
    }
    let dns = crate::guard::Dns::new([&["127.0.0.1", "127.0.0.2"]]);
    let client = guarded()
        .resolver(dns)
        .connect_timeout(Duration::from_mins(10))
        .first_byte_timeout(Duration::from_mins(10))
        .timeout(Duration::from_mins(10))
        .build()
        .unwrap();
    let url = format!("http://a.example:{}/", server.addr.port());
    let answer = within(client.get(url).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "second");
}

#[tokio::test]
async fn an_announced_body_beyond_the_bound_is_refused_before_it_is_read() {
    let server = Server::new(|_| respond(200, vec![b'x'; 1001])).await;
    let client = guarded().max_response_bytes(1000).build().unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert!(error.is_too_large());
    let request = client.get(server.url("/")).max_response_bytes(1001);
    let answer = within(request.send()).await.unwrap();
    assert_eq!(within(answer.bytes()).await.unwrap().len(), 1001);
    // The answer to HEAD has no body, whatever length it announces.
    let head = client.request(http::Method::HEAD, server.url("/"));
    assert_eq!(within(head.send()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_bound() {
    for framing in ["transfer-encoding: chunked", "x: until-close"] {
        let server = Raw::new(move |mut stream| async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            write_forever(&mut stream, b"4\r\nxxxx\r\n").await;
        })
        .await;
        let client = guarded().max_response_bytes(10_000).build().unwrap();
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        assert!(within(answer.bytes()).await.unwrap_err().is_too_large());
        // As a stream it is bounded the same.
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        let error = within(answer.into_body().into_bytes(u64::MAX))
            .await
            .unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (502, "upstream_failed")
        );
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_an_error() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
        stream.write_all(text).await.unwrap();
    })
    .await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    let error = within(answer.bytes()).await.unwrap_err();
    assert!(error.to_string().contains("cut off"), "{error}");
}

/// A server that answers a head and keeps its bodies back until it is told.
async fn holding() -> (Raw, Arc<Notify>, Arc<Semaphore>) {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (seen, gate) = (Arc::clone(&asked), Arc::clone(&go));
    let server = Raw::new(move |mut stream| {
        let (seen, gate) = (Arc::clone(&seen), Arc::clone(&gate));
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n";
            stream.write_all(head).await.unwrap();
            seen.notify_one();
            gate.acquire().await.unwrap().forget();
            let _ = stream.write_all(b"ok").await;
        }
    })
    .await;
    (server, asked, go)
}

/// A request is in flight until its answer was read or dropped.
#[tokio::test]
async fn no_more_are_in_flight_than_allowed() {
    let (server, ..) = holding().await;
    let client = guarded()
        .max_in_flight(2, 2)
        .max_waiting(0, Duration::from_secs(1))
        .build()
        .unwrap();
    let first = within(client.get(server.url("/")).send()).await.unwrap();
    let second = within(client.get(server.url("/")).send()).await.unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert!(error.is_busy());
    assert_eq!(server.connections(), 2);
    drop(first);
    let third = within(client.get(server.url("/")).send()).await.unwrap();
    drop((second, third));
}

/// One slow origin leaves places for the others.
#[tokio::test]
async fn an_origin_has_a_share_of_its_own() {
    let (slow, ..) = holding().await;
    let quick = Server::text("quick").await;
    let client = guarded()
        .max_in_flight(3, 1)
        .max_waiting(10, SHORT)
        .build()
        .unwrap();
    let held = within(client.get(slow.url("/")).send()).await.unwrap();
    let (waited, answer) = tokio::join!(
        client.get(slow.url("/")).send(),
        client.get(quick.url("/")).send(),
    );
    assert!(waited.unwrap_err().is_busy());
    assert_eq!(within(answer.unwrap().text()).await.unwrap(), "quick");
    assert_eq!(slow.connections(), 1);
    drop(held);
}

#[tokio::test]
async fn who_waits_gets_the_place_that_is_given_back() {
    let (server, asked, go) = holding().await;
    let client = guarded().max_in_flight(1, 1).build().unwrap();
    let held = within(client.get(server.url("/")).send()).await.unwrap();
    within(asked.notified()).await;
    let waiting = tokio::spawn(client.get(server.url("/")).send());
    go.add_permits(2);
    assert_eq!(within(held.text()).await.unwrap(), "ok");
    let answer = within(waiting).await.unwrap().unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "ok");
}

/// Dropping the future of a request gives its place back and closes its connection.
#[tokio::test]
async fn a_request_that_is_given_up_holds_nothing() {
    let ended = Arc::new(Notify::new());
    let end = Arc::clone(&ended);
    let asked = Arc::new(Notify::new());
    let seen = Arc::clone(&asked);
    let server = Raw::new(move |mut stream| {
        let (seen, end) = (Arc::clone(&seen), Arc::clone(&end));
        async move {
            read_head(&mut stream).await;
            seen.notify_one();
            // Reads until the client has closed.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            end.notify_one();
        }
    })
    .await;
    let client = guarded().max_in_flight(1, 1).build().unwrap();
    for _ in 0..2 {
        let request = tokio::spawn(client.get(server.url("/")).send());
        within(asked.notified()).await;
        request.abort();
        within(ended.notified()).await;
    }
}

/// The time for the first byte runs from the last piece of a body that is sent.
#[tokio::test]
async fn a_long_upload_is_not_a_slow_answer() {
    let server = Server::new(|asked| respond(200, asked.body.len().to_string())).await;
    let client = guarded()
        .first_byte_timeout(Duration::from_millis(400))
        .build()
        .unwrap();
    let mut pieces = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    let stream = crate::poll_stream(move |cx| {
        std::task::ready!(pause.poll_tick(cx));
        pieces += 1;
        std::task::Poll::Ready((pieces <= 10).then_some("piece"))
    });
    let answer = within(client.post(server.url("/")).body(stream).send())
        .await
        .unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "50");
}

/// The same for one that is in memory.
#[tokio::test]
async fn a_large_body_that_is_taken_slowly_is_not_a_slow_answer() {
    const SIZE: usize = 16 * 1024 * 1024;
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        let mut piece = vec![0; SIZE / 128];
        for _ in 0..128 {
            pause.tick().await;
            stream.read_exact(&mut piece).await.unwrap();
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nall";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let client = guarded()
        .first_byte_timeout(Duration::from_millis(400))
        .retry(Retry::off())
        .build()
        .unwrap();
    let request = client.post(server.url("/")).body(vec![b'x'; SIZE]);
    let answer = within(request.send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "all");
}

/// Tells when it is dropped.
struct Tell(Arc<Notify>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Who gives the answer up gives the rest of the request up.
#[tokio::test]
async fn an_upload_ends_with_an_answer_that_nobody_reads() {
    let server = Raw::new(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let client = guarded().build().unwrap();
    let over = Arc::new(Notify::new());
    let tell = Tell(Arc::clone(&over));
    let mut first = true;
    // After its first piece it waits for what never comes.
    let body = crate::poll_stream(move |_| {
        let _ = &tell;
        if std::mem::take(&mut first) {
            std::task::Poll::Ready(Some("piece"))
        } else {
            std::task::Poll::Pending
        }
    });
    let answer = within(client.post(server.url("/")).body(body).send())
        .await
        .unwrap();
    drop(answer);
    within(over.notified()).await;
}

/// And it runs out when the other side stops taking it.
#[tokio::test]
async fn an_upload_that_nobody_takes_is_given_up() {
    let server = Raw::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = guarded().first_byte_timeout(SHORT).build().unwrap();
    let stream = crate::poll_stream(|_| std::task::Poll::Ready(Some("piece of a body")));
    let error = within(client.post(server.url("/")).body(stream).send())
        .await
        .unwrap_err();
    assert_eq!(error.timeout(), Some(Stage::FirstByte));
}

#[test]
fn a_client_can_be_built_outside_of_a_runtime() {
    assert!(Client::guarded("test").build().is_ok());
}
