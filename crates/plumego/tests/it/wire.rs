//! A client that writes bytes.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_mins(1);

/// The output of something that must not hang.
pub async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("it hangs")
}

/// A connection on which the test writes what it likes.
pub struct Client<S = TcpStream>(pub S);

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    /// A request without a body; the answer has one unless it is to HEAD.
    pub async fn ask(&mut self, method: &str, target: &str) -> Answer {
        self.send(format!("{method} {target} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        match method {
            "HEAD" => self.head().await,
            _ => self.answer().await,
        }
    }

    pub async fn get(&mut self, target: &str) -> Answer {
        self.ask("GET", target).await
    }

    /// Reads until this has come.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            let byte = self.0.read_u8().await;
            let byte = byte.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&text))
            });
            text.push(byte);
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads the head of a response and nothing more.
    pub async fn head(&mut self) -> Answer {
        Answer {
            head: within(self.read_until("\r\n\r\n")).await,
            body: String::new(),
        }
    }

    /// Reads one response, by its `Content-Length` or its chunks.
    pub async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        answer.body = if answer.header("transfer-encoding") == Some("chunked") {
            within(self.chunks()).await
        } else {
            let length = answer.header("content-length").unwrap_or("0");
            let mut body = vec![0; length.parse().unwrap()];
            within(self.0.read_exact(&mut body)).await.unwrap();
            String::from_utf8(body).unwrap()
        };
        answer
    }

    async fn chunks(&mut self) -> String {
        let mut body = String::new();
        loop {
            let size = self.read_until("\r\n").await;
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.0.read_exact(&mut chunk).await.unwrap();
            if size == 0 {
                return body;
            }
            body.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
    }

    /// Everything up to the end of the connection, however it ends.
    pub async fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let read = async {
            let mut part = [0; 4096];
            while let Ok(count) = self.0.read(&mut part).await {
                if count == 0 {
                    break;
                }
                all.extend_from_slice(&part[..count]);
            }
        };
        within(read).await;
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of a problem, and that it is one.
    #[track_caller]
    pub fn code(&self) -> String {
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status(), "{self:?}");
        problem["code"].as_str().unwrap().to_owned()
    }

    /// The headers but those that differ from answer to answer.
    pub fn lasting_headers(&self) -> Vec<String> {
        let changing = ["date", "x-request-id", "traceresponse"];
        let mut headers: Vec<_> = self.head.lines().skip(1).map(str::to_lowercase).collect();
        headers.retain(|line| !changing.contains(&line.split(':').next().unwrap()));
        headers.sort();
        headers
    }
}
