//! Bodies, streams, and the end of connections.

use std::sync::Arc;
use std::time::Duration;

use plumego_contract::extract::Scheme;
use plumego_contract::respond::{Event, Sse};
use plumego_contract::{Body, Request};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use super::authority::{Authority, Pair};
use super::foreign::{curl, has, s_client_process};
use super::{Site, of};
use crate::client::{app_with, within};

const SIZE: usize = 8 * 1024 * 1024;
const VERSIONS: [&str; 2] = ["--http1.1", "--http2"];

fn app_of(pair: &Pair) -> plumego_app::AppBuilder {
    let roomy = app_with(|config| {
        config.max_body_bytes = plumego_stdx::Limit::At(64 * 1024 * 1024);
        config.shutdown_timeout = Duration::from_secs(30);
    });
    roomy.tls(of(pair))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_come_through_both_ways() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let app = app_of(&authority.server(&["localhost"]))
        .routes(|r| r.post("/echo", async |request: Request| request.into_body()));
    let site = Site::start(app).await;
    let (sent, got) = (authority.dir().join("sent"), authority.dir().join("got"));
    let bytes: Vec<u8> = (0..SIZE)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    std::fs::write(&sent, &bytes).unwrap();
    let (ca, body) = (authority.file(), format!("@{}", sent.display()));
    for version in VERSIONS {
        let mut args = vec![version, "--cacert", ca.to_str().unwrap()];
        args.extend([
            "--output",
            got.to_str().unwrap(),
            "--data-binary",
            body.as_str(),
        ]);
        args.push("https://localhost:{port}/echo");
        let said = curl(site.addr, &args).await;
        assert!(said.ok, "{version}: {said:?}");
        assert!(std::fs::read(&got).unwrap() == bytes, "{version}");
    }
    site.stop().await;
}

#[tokio::test]
async fn event_streams_come_through_as_they_are_made() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let app = app_of(&authority.server(&["localhost"])).routes(|r| {
        r.get("/events", async || {
            Sse::produce(async move |events| {
                for count in 1..=3 {
                    let tick = Event::new().data(format!("tick {count}"));
                    let _ = events.send(tick).await;
                }
                Ok(())
            })
        })
    });
    let site = Site::start(app).await;
    let ca = authority.file();
    for version in VERSIONS {
        let url = "https://localhost:{port}/events";
        let args = [
            version,
            "--no-buffer",
            "--cacert",
            ca.to_str().unwrap(),
            url,
        ];
        let said = curl(site.addr, &args).await;
        said.has("data: tick 1\n\n").has("data: tick 3\n\n");
    }
    site.stop().await;
}

#[tokio::test]
async fn handlers_and_layers_know_that_it_is_https() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let app = app_of(&authority.server(&["shop.example"]))
        .routes(|r| r.get("/scheme", async |scheme: Scheme| scheme.to_string()));
    let site = Site::start(app).await;
    let ca = authority.file();
    for version in VERSIONS {
        let url = "https://shop.example:{port}/scheme";
        let args = [version, "--include", "--cacert", ca.to_str().unwrap(), url];
        let said = curl(site.addr, &args).await;
        said.has("strict-transport-security: max-age=")
            .has("\r\n\r\nhttps");
    }
    site.stop().await;
}

#[tokio::test]
async fn open_requests_are_answered_when_the_server_drains() {
    if !has("curl") {
        return;
    }
    for version in VERSIONS {
        let authority = Authority::new("test");
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let both = (begun.clone(), go.clone());
        let app = app_of(&authority.server(&["localhost"])).routes(|r| {
            r.get("/slow", move || {
                let (begun, go) = both.clone();
                async move {
                    begun.notify_one();
                    go.notified().await;
                    "done"
                }
            })
        });
        let site = Site::start(app).await;
        let ca = authority.file();
        let url = "https://localhost:{port}/slow";
        let args = [version, "--cacert", ca.to_str().unwrap(), url];
        let asking = curl(site.addr, &args);
        let draining = async {
            within(begun.notified()).await;
            site.running.handle().shutdown();
            go.notify_one();
        };
        let (said, ()) = tokio::join!(asking, draining);
        assert_eq!(said.text, "done", "{version}");
        let report = within(site.running.wait()).await.unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn idle_connections_are_told_goodbye() {
    if !has("openssl") {
        return;
    }
    let goodbye = "warning close_notify";
    for (drains, asks) in [(true, true), (true, false), (false, true), (false, false)] {
        let authority = Authority::new("test");
        let app = app_with(|config| {
            if !drains {
                config.idle_timeout = Duration::from_millis(300);
                config.read_header_timeout = Duration::from_secs(1);
            }
        });
        let site = Site::start(app.tls(of(&authority.server(&["localhost"])))).await;
        let mut client = s_client_process(site.addr, &["-msg", "-ign_eof"]);
        let mut input = client.stdin.take().unwrap();
        let request = b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n";
        if asks {
            input.write_all(request).await.unwrap();
        }
        let text = if drains {
            let series = if asks {
                "http_requests_total{method=\"GET\",route=\"/ping\",status=\"200\"}"
            } else {
                "http_tls_handshakes_total{version=\"1.3\"}"
            };
            site.counts(series, 1).await;
            site.stop().await;
            within(client.wait_with_output()).await.unwrap()
        } else {
            let text = within(client.wait_with_output()).await.unwrap();
            site.stop().await;
            text
        };
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        let received = text
            .lines()
            .any(|line| line.starts_with("<<<") && line.contains(goodbye));
        assert!(received, "drains: {drains}, asks: {asks}\n{text}");
    }
}

#[tokio::test]
async fn client_that_does_not_read_is_cut() {
    if !has("openssl") {
        return;
    }
    let authority = Authority::new("test");
    let time = Duration::from_millis(500);
    let app = app_with(|config| config.write_timeout = time)
        .tls(of(&authority.server(&["localhost"])))
        .routes(|r| r.get("/large", async || Body::from(vec![b'x'; 64 * 1024 * 1024])));
    let site = Site::start(app).await;
    let mut client = s_client_process(site.addr, &["-quiet"]);
    let mut input = client.stdin.take().unwrap();
    let request = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
    input.write_all(request).await.unwrap();
    // Nobody reads what it prints, so it stops reading as well.
    site.counts("http_connections_timed_out_total{phase=\"write\"}", 1)
        .await;
    client.kill().await.unwrap();
    site.stop().await;
}
