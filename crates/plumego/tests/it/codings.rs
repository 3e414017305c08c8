//! Every coding, fetched and decoded by programs of others, from a server in a process of its own.

use std::path::Path as File;
use std::process::Stdio;
use std::sync::LazyLock;

use plumego::middleware::CompressionLayer;
use plumego::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::child::{self, Server, say};
use crate::foreign;
use crate::wire::within;

/// The programs that decode, as Debian names them.
const DECODERS: [(&str, &str); 3] = [("gzip", "gzip"), ("br", "brotli"), ("zstd", "zstd")];

const LARGE: usize = 100_000_000;

/// Words in no order, more than any window holds: a decoder that loses its place shows it.
static BLOCK: LazyLock<String> = LazyLock::new(|| {
    let mut block = String::new();
    let mut n: u32 = 7;
    while block.len() < 1_000_003 {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        block.push_str(&(n >> 12).to_string());
        block.push_str(" lorem ipsum\n");
    }
    block
});

/// The bytes from `at` on, at most so many, out of the block repeated for ever.
fn piece(at: usize, most: usize) -> &'static str {
    let rest = &BLOCK[at % BLOCK.len()..];
    &rest[..most.min(rest.len()).min(64 * 1024)]
}

async fn streamed(Path(bytes): Path<usize>) -> impl IntoResponse {
    Stream::produce("text/plain; charset=utf-8", async move |out| {
        let mut at = 0;
        while at < bytes {
            let piece = piece(at, bytes - at);
            at += piece.len();
            out.send(piece).await?;
        }
        Ok(())
    })
}

/// The server; nothing in the process that runs the tests.
#[tokio::test]
async fn child() -> Result<(), Error> {
    if !child::is_one() {
        return Ok(());
    }
    App::builder()
        .config(Config::load()?.server)
        .on_listening(|addrs| say(&format!("listening on {}", addrs[0])))
        .layer(CompressionLayer::new())
        .routes(|r| {
            r.get("/stream/{bytes}", streamed)
                .get("/memory/{bytes}", async |Path(bytes): Path<usize>| {
                    Text(piece(0, bytes))
                })
        })
        .build()?
        .run()
        .await
}

/// A server that logs nothing to its parent, and what its memory was at the start.
struct Encoder {
    server: Server,
    url: String,
    kib: u64,
}

impl Encoder {
    async fn start() -> Self {
        let mut server = Server::start("codings::child", &[("APP_LOG_FILE", "/dev/null")]);
        let url = format!("http://{}", server.addr().await);
        let kib = server.memory().peak_kib();
        Self { server, url, kib }
    }

    /// `curl` at this path, told to accept this; it writes the head to the file.
    fn curl(&self, curl: &File, path: &str, accept: &str, head: &File) -> Command {
        let mut command = Command::new(curl);
        command
            .args(["--silent", "--show-error", "--fail", "--dump-header"])
            .arg(head)
            .args(["--header", &format!("Accept-Encoding: {accept}")])
            .arg(format!("{}{path}", self.url))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Nothing near a body was ever held: windows and queues alone.
    fn assert_bounded(&self) {
        let grown = self.server.memory().peak_kib() - self.kib;
        assert!(grown < 32 * 1024, "the server grew by {grown} KiB");
    }
}

/// Reads to the end, and says how many of the expected bytes came before something else did.
async fn compare(mut body: impl AsyncRead + Unpin) -> Result<usize, String> {
    let mut buffer = vec![0; 64 * 1024];
    let mut at = 0;
    loop {
        let read = within(body.read(&mut buffer)).await.unwrap();
        if read == 0 {
            return Ok(at);
        }
        let mut got = &buffer[..read];
        while !got.is_empty() {
            let expected = piece(at, got.len());
            let (these, rest) = got.split_at(expected.len());
            if these != expected.as_bytes() {
                return Err(format!("other bytes within {} of {at}", expected.len()));
            }
            at += expected.len();
            got = rest;
        }
    }
}

fn assert_head(head: &File, coding: &str) {
    let head = std::fs::read_to_string(head).unwrap().to_ascii_lowercase();
    let coded = format!("content-encoding: {coding}\r\n");
    assert!(head.contains(&coded), "{coding}: {head}");
    assert!(head.contains("vary: accept-encoding\r\n"), "{head}");
}

/// Fetches and decodes with two programs, the second of which reads what the first writes.
async fn decoded(mut fetch: Command, decoder: &File) -> Result<usize, String> {
    let mut fetch = fetch.spawn().unwrap();
    let encoded: Stdio = fetch.stdout.take().unwrap().try_into().unwrap();
    let mut decode = Command::new(decoder)
        .args(["-d", "-c"])
        .stdin(encoded)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let result = compare(decode.stdout.take().unwrap()).await?;
    for (name, child) in [("curl", &mut fetch), ("the decoder", &mut decode)] {
        let status = within(child.wait()).await.unwrap();
        assert!(status.success(), "{name}: {status}");
    }
    Ok(result)
}

// acceptance 21.2 (13)
#[tokio::test]
async fn any_size_in_every_coding_is_decoded_by_the_programs_of_others() {
    let Some(curl) = foreign::program(&["curl"]) else {
        return;
    };
    let files = tempfile::tempdir().unwrap();
    let head = files.path().join("head");
    let encoder = Encoder::start().await;
    for (coding, decoder) in DECODERS {
        let Some(decoder) = foreign::program(&[decoder]) else {
            continue;
        };
        // What would not shrink is encoded when the client refuses it as it is.
        let forced = format!("{coding}, identity;q=0");
        for (path, accept, bytes) in [
            ("/memory/1", &*forced, 1),
            ("/memory/10000", coding, 10_000),
            ("/stream/1", coding, 1),
            ("/stream/10000", coding, 10_000),
            ("/stream/100000000", coding, LARGE),
        ] {
            let fetch = encoder.curl(&curl, path, accept, &head);
            assert_eq!(decoded(fetch, &decoder).await, Ok(bytes), "{coding} {path}");
            assert_head(&head, coding);
        }
    }
    encoder.assert_bounded();
}

// acceptance 21.2 (13): by both protocols.
#[tokio::test]
async fn curl_decodes_any_size_of_every_coding() {
    let Some(curl) = foreign::program(&["curl"]) else {
        return;
    };
    let files = tempfile::tempdir().unwrap();
    let head = files.path().join("head");
    let encoder = Encoder::start().await;
    for (coding, _) in DECODERS {
        // Brotli is the slow one here; the test above sends it all.
        let large = if coding == "br" { LARGE / 10 } else { LARGE };
        let long = format!("/stream/{large}");
        for (protocol, path, bytes) in [
            ("--http1.1", "/stream/1", 1),
            ("--http2-prior-knowledge", "/stream/1", 1),
            ("--http1.1", "/memory/10000", 10_000),
            ("--http2-prior-knowledge", "/stream/10000", 10_000),
            ("--http2-prior-knowledge", &*long, large),
        ] {
            let mut fetch = encoder.curl(&curl, path, coding, &head);
            let mut fetch = fetch.args([protocol, "--compressed"]).spawn().unwrap();
            let got = compare(fetch.stdout.take().unwrap()).await;
            assert_eq!(got, Ok(bytes), "{coding} {protocol} {path}");
            assert!(within(fetch.wait()).await.unwrap().success());
            assert_head(&head, coding);
        }
    }
    encoder.assert_bounded();
}
