//! Two thousand clients that begin to speak TLS and do not go on, and one that does.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use plumego_app::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::crowd::{BoxFuture, Kind, Server, check_all};
use crate::tls::authority::Authority;

/// Where the server of the crowd finds its certificate.
pub const PLACE: &str = "PLUMEGO_TEST_CROWD_TLS";

/// HTTPS, with the pair that lies there.
pub fn enable(config: &mut ServerConfig, place: &Path) {
    config.tls.enabled = true;
    config.tls.cert_files = vec![place.join("server.pem")];
    config.tls.key_files = vec![place.join("server.key")];
}

/// A client that trusts this authority and speaks HTTP/1.1.
pub fn trusting(authority: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    roots.add(der).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// One request on a connection of its own, and the body of its answer.
pub async fn ask(config: Arc<ClientConfig>, addr: SocketAddr, path: &str) -> String {
    let stream = TcpStream::connect(addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(config);
    let mut stream = connector.connect(name, stream).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
    body.to_owned()
}

/// What a client says first.
fn hello(config: Arc<ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(config, name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_half_open_handshakes_are_cut_while_others_are_served() {
    let authority = Authority::new("test");
    authority.write("server", &authority.server(&["localhost"]));
    let config = trusting(&authority.pem());
    let hello = hello(config.clone());
    let (half, rest) = hello.split_at(hello.len() / 2);
    let kinds = vec![
        Kind::new("says nothing where TLS is spoken", "", "header"),
        Kind::new("says half a hello", half, "header"),
        Kind::new("drips its hello", half, "header").drips(&rest[..1]),
        Kind::new("says hello and no more", hello.as_slice(), "header"),
    ];
    let asks = move |addr, path| -> BoxFuture { Box::pin(ask(config.clone(), addr, path)) };
    let server = Server::start_secret(Arc::new(asks), |command| {
        command.env(PLACE, authority.dir());
    })
    .await;
    check_all(&server, kinds).await;
    let failed = "http_tls_handshakes_failed_total{reason=\"timeout\"}";
    assert!(server.metric(failed).await >= 3 * 500);
}
