//! OpenTelemetry, switched on by its variable.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use crate::client::get;
use crate::process::Reference;

/// A collector that takes everything, and tells where it was sent.
fn collector() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, tell) = (socket.unwrap(), tell.clone());
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    if socket.read_exact(&mut byte).is_err() {
                        return;
                    }
                    head.extend_from_slice(&byte);
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                let (_, length) = head.split_once("content-length: ").unwrap();
                let length = length.split("\r\n").next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                socket.read_exact(&mut body).unwrap();
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                socket.write_all(answer.as_bytes()).unwrap();
                let line = head.lines().next().unwrap();
                let text = String::from_utf8_lossy(&body);
                tell.send(format!("{line}\n{text}")).unwrap();
            });
        }
    });
    (url, told)
}

#[test]
fn spans_and_metrics_go_to_the_collector_of_the_variable() {
    let (url, told) = collector();
    let with = Reference::start(
        &["--addr", "127.0.0.1:0"],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)],
    );
    let answer = get(with.addr, "/api/users/7");
    assert_eq!(answer.header("x-span-id").unwrap().len(), 16);
    assert_eq!(with.terminate().0, Some(0));
    let (mut spans, mut metrics) = (false, false);
    while !spans || !metrics {
        let sent = told.recv_timeout(Duration::from_mins(1)).unwrap();
        spans |= sent.starts_with("post /v1/traces ") && sent.contains("GET /api/users/{id}");
        metrics |= sent.starts_with("post /v1/metrics ") && sent.contains("reference");
    }
}

#[test]
fn without_the_variable_there_are_no_spans() {
    let without = Reference::on_any_port();
    assert_eq!(get(without.addr, "/ping").header("x-span-id"), None);
}
