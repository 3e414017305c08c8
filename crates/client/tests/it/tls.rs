//! TLS with certificates of the test's own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use plumego_client::Client;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::guard::Dns;
use crate::server::{Answer, Asked, LOCAL, respond};
use crate::{guarded, within};

/// A server that speaks TLS, with an authority of its own.
pub(crate) struct Site {
    addr: SocketAddr,
    authority: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Site {
    /// For `127.0.0.1` and `site.example`, with HTTP/1.1.
    pub(crate) async fn new(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let names = ["127.0.0.1", "site.example"];
        Self::with(&names, &[b"http/1.1"], answer).await
    }

    /// With these names, offering these protocols. `/stall` is never answered, and `/early` is
    /// before its body was read.
    pub(crate) async fn with(
        names: &[&str],
        protocols: &[&[u8]],
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let authority = authority();
        let acceptor = acceptor(&authority, names, protocols);
        let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, connections): (Arc<Mutex<Vec<Asked>>>, Arc<AtomicUsize>) = Default::default();
        let (seen, count, answer) = (
            Arc::clone(&asked),
            Arc::clone(&connections),
            Arc::new(answer),
        );
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let accepting = acceptor.accept(stream);
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let unread: Arc<Mutex<Vec<Incoming>>> = Arc::default();
                open.spawn(async move {
                    let Ok(stream) = accepting.await else { return };
                    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let service = service_fn(move |request: http::Request<Incoming>| {
                        let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                        let unread = Arc::clone(&unread);
                        async move {
                            let (head, body) = request.into_parts();
                            let body = match head.uri.path() {
                                "/stall" => std::future::pending().await,
                                "/early" => {
                                    // Neither read nor refused.
                                    unread.lock().unwrap().push(body);
                                    Bytes::new()
                                }
                                _ => body.collect().await.unwrap().to_bytes(),
                            };
                            let head = Arc::new(head);
                            let asked = Asked { head, body };
                            seen.lock().unwrap().push(asked.clone());
                            Ok::<_, Infallible>(answer(&asked))
                        }
                    });
                    let io = TokioIo::new(stream);
                    if h2 {
                        let exec = TokioExecutor::new();
                        let _ = http2::Builder::new(exec)
                            .serve_connection(io, service)
                            .await;
                    } else {
                        let _ = http1::Builder::new().serve_connection(io, service).await;
                    }
                });
            }
        });
        Self {
            addr,
            authority: authority.pem(),
            asked,
            connections,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.addr)
    }

    pub(crate) fn named(&self, name: &str) -> String {
        format!("https://{name}:{}/", self.addr.port())
    }

    pub(crate) fn ca(&self) -> &str {
        &self.authority
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(
    authority: &CertifiedIssuer<'static, KeyPair>,
    names: &[&str],
    protocols: &[&[u8]],
) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, authority)
        .unwrap();
    let chain = CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed() {
    let site = Site::new(|_| respond(200, "secret")).await;
    let client = guarded()
        .only_ca_pem(site.ca())
        .resolver(Dns::new([&["127.0.0.1"]]))
        .build()
        .unwrap();
    for url in [site.url("/"), site.named("site.example")] {
        let answer = within(client.get(url).send()).await.unwrap();
        assert_eq!(within(answer.text()).await.unwrap(), "secret");
    }
    let extra = guarded().extra_ca_pem(site.ca()).build().unwrap();
    assert!(within(extra.get(site.url("/")).send()).await.is_ok());
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not() {
    let (site, other) = (Site::new(|_| respond(200, "")).await, authority());
    let clients = [
        guarded().only_ca_pem(other.pem()).build().unwrap(),
        guarded().build().unwrap(),
    ];
    for client in clients {
        let error = within(client.get(site.url("/")).send()).await.unwrap_err();
        assert!(error.is_tls() && error.is_connect(), "{error:?}");
        assert!(!error.is_retryable());
    }
    assert!(site.asked().is_empty());
}

/// The name in the certificate has to be that of the URL, wherever DNS led.
#[tokio::test]
async fn a_certificate_for_another_name_is_not_believed() {
    let site = Site::new(|_| respond(200, "")).await;
    let client = guarded()
        .only_ca_pem(site.ca())
        .resolver(Dns::new([&["127.0.0.1"]]))
        .build()
        .unwrap();
    let request = client.get(site.named("other.example"));
    let error = within(request.send()).await.unwrap_err();
    assert!(error.is_tls(), "{error:?}");
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered_and_one_connection_serves_all() {
    let names = ["127.0.0.1"];
    let site = Site::with(&names, &[b"h2", b"http/1.1"], |_| respond(200, "two")).await;
    let client = guarded().only_ca_pem(site.ca()).build().unwrap();
    let first = within(client.get(site.url("/")).send()).await.unwrap();
    assert_eq!(first.version(), http::Version::HTTP_2);
    // A second one while the first is still read.
    let second = within(client.post(site.url("/x?y")).json(&[1]).send())
        .await
        .unwrap();
    assert_eq!(within(second.text()).await.unwrap(), "two");
    assert_eq!(within(first.text()).await.unwrap(), "two");
    assert_eq!(site.connections(), 1);
    let asked = &site.asked()[1];
    assert_eq!(asked.head.uri.to_string(), site.url("/x?y"));
    assert_eq!((asked.header("host"), &asked.body[..]), (None, &b"[1]"[..]));
    let old = guarded()
        .only_ca_pem(site.ca())
        .http1_only()
        .build()
        .unwrap();
    let answer = within(old.get(site.url("/")).send()).await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_11);
}

/// What was on its way when an answer was given up belongs to the answer.
#[tokio::test]
async fn answers_that_are_given_up_do_not_end_a_connection() {
    let site = Site::with(&["127.0.0.1"], &[b"h2"], |_| respond(200, vec![0; 300_000])).await;
    let client = guarded().only_ca_pem(site.ca()).build().unwrap();
    for _ in 0..40 {
        let answer = within(client.get(site.url("/")).send()).await.unwrap();
        let mut body = answer.into_body();
        // Its first piece is here, so others are behind it.
        assert!(within(body.frame()).await.unwrap().is_ok());
    }
    let last = within(client.get(site.url("/")).send()).await.unwrap();
    assert_eq!(within(last.bytes()).await.unwrap().len(), 300_000);
    assert_eq!(site.connections(), 1);
}

/// The bounds of a head are those of HTTP/1.1.
#[tokio::test]
async fn a_head_of_http2_has_a_hundred_fields_at_most() {
    let site = Site::with(&["127.0.0.1"], &[b"h2"], |asked| {
        let mut answer = respond(200, "ok");
        let fields: usize = asked.head.uri.path()[1..].parse().unwrap();
        for number in answer.headers().len()..fields {
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            answer
                .headers_mut()
                .insert(name, http::HeaderValue::from_static("1"));
        }
        answer
    })
    .await;
    let client = guarded()
        .only_ca_pem(site.ca())
        .retry(plumego_client::Retry::off())
        .build()
        .unwrap();
    // The server adds `date` and `content-length` by itself.
    let answer = within(client.get(site.url("/98")).send()).await.unwrap();
    assert_eq!(answer.headers().len(), 100);
    drop(answer);
    let error = within(client.get(site.url("/99")).send())
        .await
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("100 header fields"),
        "{error:?}"
    );
    let next = within(client.get(site.url("/98")).send()).await;
    assert!(next.is_ok(), "the others go on");
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A server of HTTP/2 that sends these frames after the first request, and then the last of them
/// for ever. Tells when it was cut off.
async fn flooding(
    first: Vec<u8>,
    flood: Vec<u8>,
) -> (SocketAddr, String, tokio::sync::oneshot::Receiver<()>) {
    let authority = authority();
    let acceptor = acceptor(&authority, &["127.0.0.1"], &[b"h2"]);
    let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (cut, over) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let (mut from, mut to) = tokio::io::split(stream);
        to.write_all(&frame(4, 0, 0, &[])).await.unwrap();
        // The preface, settings and the request: what follows is read and thrown away.
        let mut seen = Vec::new();
        while !seen
            .windows(4)
            .any(|it| it == [1, 5, 0, 0] || it == [1, 4, 0, 0])
        {
            assert_ne!(from.read_buf(&mut seen).await.unwrap(), 0);
        }
        tokio::spawn(async move { tokio::io::copy(&mut from, &mut tokio::io::sink()).await });
        to.write_all(&frame(4, 1, 0, &[])).await.unwrap();
        to.write_all(&first).await.unwrap();
        while to.write_all(&flood).await.is_ok() {}
        cut.send(()).unwrap();
    });
    (addr, authority.pem(), over)
}

/// Also while nobody asks it anything.
#[tokio::test]
async fn a_server_that_talks_without_end_is_cut_off() {
    // 200, the end of its stream; then pings.
    let answer = frame(1, 5, 1, &[0x88]);
    let pings = frame(6, 0, 0, b"12345678").repeat(500);
    let (addr, ca, over) = flooding(answer, pings).await;
    let client = guarded()
        .only_ca_pem(ca)
        .idle_timeout(Duration::from_hours(1))
        .build()
        .unwrap();
    let answer = within(client.get(format!("https://{addr}/")).send()).await;
    drop(answer.unwrap());
    within(over).await.unwrap();

    // 103 without end, and no answer.
    let interim = frame(1, 4, 1, b"\x08\x03103").repeat(500);
    let (addr, ca, over) = flooding(Vec::new(), interim).await;
    let client = guarded()
        .only_ca_pem(ca)
        .retry(plumego_client::Retry::off())
        .first_byte_timeout(Duration::from_mins(10))
        .timeout(Duration::from_mins(10))
        .build()
        .unwrap();
    let sent = within(client.get(format!("https://{addr}/")).send()).await;
    let error = sent.unwrap_err();
    assert!(
        format!("{error:?}").contains("more than belongs to its answers"),
        "{error:?}"
    );
    within(over).await.unwrap();
}

/// A connection on which an answer did not come is not shared by the next request: nobody knows
/// whether the other side is still there.
#[tokio::test]
async fn a_silent_connection_of_http2_is_not_used_again() {
    let site = Site::with(&["127.0.0.1"], &[b"h2"], |_| respond(200, "ok")).await;
    let client = guarded()
        .only_ca_pem(site.ca())
        .retry(plumego_client::Retry::off())
        .build()
        .unwrap();
    let answer = within(client.get(site.url("/")).send()).await.unwrap();
    within(answer.bytes()).await.unwrap();
    let stalled = client
        .get(site.url("/stall"))
        .timeout(Duration::from_millis(200));
    assert!(within(stalled.send()).await.unwrap_err().is_timeout());
    assert_eq!(client.idle_connections(), 0);
    let answer = within(client.get(site.url("/")).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "ok");
    assert_eq!(site.connections(), 2);
}

/// As with HTTP/1.1: an answer that is given up takes the rest of the request along.
#[tokio::test]
async fn an_upload_by_http2_ends_with_its_answer() {
    let (over, dropped) = tokio::sync::oneshot::channel::<()>();
    let site = Site::with(&["127.0.0.1"], &[b"h2"], |_| respond(200, vec![0; 10])).await;
    let client = guarded().only_ca_pem(site.ca()).build().unwrap();
    // Large pieces: a server takes many tiny ones for an attack.
    let piece: &'static str = "x".repeat(16 * 1024).leak();
    let body = crate::poll_stream(move |_| {
        let _ = &over;
        std::task::Poll::Ready(Some(piece))
    });
    let answer = within(client.post(site.url("/early")).body(body).send())
        .await
        .unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    drop(answer);
    assert!(within(dropped).await.is_err());
}

#[tokio::test]
async fn a_server_without_tls_is_an_error_of_tls() {
    let plain = crate::server::Server::text("plain").await;
    let client = guarded().build().unwrap();
    let url = format!("https://{}/", plain.addr);
    let error = within(client.get(url).send()).await.unwrap_err();
    assert!(error.is_tls(), "{error:?}");
}

#[test]
fn authorities_that_are_none_are_problems() {
    for (pem, expected) in [
        ("", "holds no certificate"),
        ("nonsense", "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "an authority cannot be read",
        ),
        ("-----BEGIN CERTIFICATE-----\n!", "no PEM"),
    ] {
        let problems = Client::guarded("test")
            .only_ca_pem(pem)
            .build()
            .unwrap_err();
        assert!(problems.to_string().contains(expected), "{problems}");
    }
}
