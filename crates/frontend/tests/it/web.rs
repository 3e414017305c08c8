//! A server with a site, and a client that sends bytes as they are.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use plumego_contract::AppContext;
use plumego_frontend::Frontend;
use plumego_router::Router;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::Service;

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with files, all of them changed long ago.
pub(crate) struct Folder(TempDir);

/// A server.
pub(crate) struct Web {
    pub(crate) addr: SocketAddr,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        folder
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("web")
    }

    /// A place beside the root, where nobody may read.
    pub(crate) fn outside(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }

    /// Changes what the file says of its last change.
    pub(crate) fn touch(&self, name: &str, at: SystemTime) {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(self.path().join(name))
            .unwrap();
        file.set_modified(at).unwrap();
    }
}

impl Web {
    pub(crate) async fn of(frontend: Frontend) -> Self {
        Self::routes(Router::new().site("/", frontend.build().unwrap())).await
    }

    pub(crate) async fn routes(router: Router) -> Self {
        let frozen = router.freeze(AppContext::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let frozen = frozen.clone();
                let service = hyper::service::service_fn(move |request| {
                    let mut frozen = frozen.clone();
                    Service::call(&mut frozen, request)
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { addr, accepting }
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[]).await
    }

    /// The target goes out byte for byte.
    pub(crate) async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let received = self.raw(method, target, headers).await;
        Answer::read(&received)
    }

    /// All that comes back until the server closes.
    pub(crate) async fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Vec<u8> {
        let mut request = format!("{method} {target} HTTP/1.1\r\nhost: example.com\r\n");
        for &(name, value) in headers {
            request.extend([name, ": ", value, "\r\n"]);
        }
        request.push_str("connection: close\r\n\r\n");
        let work = async {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut received = Vec::new();
            // A connection that is cut is an answer too.
            let _ = stream.read_to_end(&mut received).await;
            received
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("no answer")
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Answer {
    pub(crate) fn read(received: &[u8]) -> Self {
        let end = received.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(received)));
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head,
            body: received[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (there, value) = line.split_once(": ")?;
            there.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// All lines of a list, joined.
    pub(crate) fn list(&self, name: &str) -> String {
        let lines = self.head.lines().skip(1).filter_map(|line| {
            let (there, value) = line.split_once(": ")?;
            there.eq_ignore_ascii_case(name).then_some(value)
        });
        lines.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text()), (status, body), "{}", self.head);
    }

    /// A 404 that tells nothing of files.
    #[track_caller]
    pub(crate) fn is_missing(&self) {
        assert_eq!(
            self.status,
            404,
            "{}\n{}",
            self.head,
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert!(self.text().contains("\"not_found\""), "{}", self.text());
    }
}

/// Bytes that no two places have in common.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

/// A long file on its way to a client that has read the beginning of it.
pub(crate) struct Download {
    pub(crate) folder: Folder,
    pub(crate) file: File,
    pub(crate) web: Web,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Download {
    /// More than sockets and buffers hold, so that most of it is unread at first.
    pub(crate) const LENGTH: u64 = 64 * 1024 * 1024;

    pub(crate) async fn begin() -> Self {
        let folder = Folder::new(&[("long.bin", b"")]);
        let path = folder.path().join("long.bin");
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(Self::LENGTH).unwrap();
        folder.touch("long.bin", SystemTime::now() - Duration::from_hours(1));
        let web = Web::of(Frontend::dir(folder.path())).await;
        let mut stream = TcpStream::connect(web.addr).await.unwrap();
        let request = b"GET /long.bin HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut received = vec![0; 4096];
        let first = stream.read(&mut received).await.unwrap();
        received.truncate(first);
        Self {
            folder,
            file,
            web,
            stream,
            received,
        }
    }

    /// All that comes until the connection ends, in whatever way.
    pub(crate) async fn rest(&mut self) -> Answer {
        let _ = self.stream.read_to_end(&mut self.received).await;
        Answer::read(&self.received)
    }
}
