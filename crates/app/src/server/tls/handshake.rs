//! From the first byte of a connection to its first byte of HTTP.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use plumego_stdx::clock::Timestamp;
use rustls::{Error as TlsError, HandshakeKind, ProtocolVersion, ServerConnection};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::io::{TlsIo, Wire};
use super::{Inner, client};
use crate::server::Shared;
use crate::server::connection::{Ended, Guard, close, speak};
use crate::server::io::{Protocol, TimedIo};
use crate::server::listener::Stream;
use crate::server::registry::Entry;

/// What somebody reads who forgot the `s`.
const PLAIN: &str = "This port speaks HTTPS: begin the address with https://\n";

/// Serves one connection until it ends. The deadline for the head covers the handshake too.
pub(super) async fn serve(
    tls: &Inner,
    shared: &Arc<Shared>,
    stream: Stream,
    entry: &Arc<Entry>,
) -> Ended {
    let mut guard = Guard::new(shared, entry);
    let mut wire = Wire::new(stream, entry.clone());
    match guard.hold(wire.first_byte()).await {
        Err(ended) => return tls.cut_off(ended),
        // Whoever only looks whether the port is open is no failure.
        Ok(Ok(None)) => return Ended::Done,
        Ok(Err(error)) => return tls.failed(entry, "io", &error),
        Ok(Ok(Some(first))) if first.is_ascii_uppercase() => {
            let _ = guard.hold(refuse_plain(wire, shared)).await;
            return tls.failed(entry, "plain_http", &"a request without TLS");
        }
        Ok(Ok(Some(_))) => {}
    }
    let config = tls.current().rustls.clone();
    let accept = TlsAcceptor::from(config).accept(wire).into_fallible();
    let stream = match guard.hold(accept).await {
        Err(ended) => return tls.cut_off(ended),
        Ok(Ok(stream)) => stream,
        Ok(Err((error, wire))) => {
            let reason = reason_of(&error);
            // The client reads why before the connection is reset.
            if reason != "client_gone" && reason != "io" {
                let _ = guard.hold(close(wire, true, shared)).await;
            }
            return tls.failed(entry, reason, &error);
        }
    };
    let protocol = tls.done(&stream, entry);
    let mut io = TimedIo::new(Stream::from(TlsIo(stream)), entry.clone());
    io.is_noted_below = true;
    if protocol == Protocol::Http2 {
        // Its preface is no frame; without it the engine says what is wrong.
        match guard.hold(poll_fn(|cx| io.poll_sniff(cx))).await {
            Err(ended) => return ended,
            Ok(Err(error)) => return Ended::Io(error),
            Ok(Ok(_)) => {}
        }
    }
    speak(shared, io, entry, &mut guard, protocol).await
}

async fn refuse_plain(mut wire: Wire, shared: &Shared) {
    // A date before 1970 cannot be written.
    let now = Timestamp::now()
        .to_system_time()
        .max(SystemTime::UNIX_EPOCH);
    let date = httpdate::fmt_http_date(now);
    let length = PLAIN.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {length}\r\nconnection: close\r\ndate: {date}\r\n\r\n{PLAIN}"
    );
    if wire.write_all(answer.as_bytes()).await.is_ok() {
        close(wire, true, shared).await;
    }
}

impl Inner {
    /// Counts a handshake that is done, and says what comes next.
    fn done(&self, stream: &TlsStream<Wire>, entry: &Entry) -> Protocol {
        let (_, session) = stream.get_ref();
        self.metrics.done(version_of(session));
        if session.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.metrics.resumed.inc();
        }
        if let Some(chain) = session.peer_certificates() {
            let _ = entry.certificate.set(client::certificate(chain));
        }
        // Without a word on it the client speaks HTTP/1.1 (RFC 9113, section 3.2).
        match session.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        }
    }

    fn failed(&self, entry: &Entry, reason: &'static str, error: &dyn std::fmt::Display) -> Ended {
        self.metrics.failed(reason);
        let peer = entry.connection().peer;
        tracing::debug!(?peer, reason, %error, "a TLS handshake failed");
        Ended::Done
    }

    fn cut_off(&self, ended: Ended) -> Ended {
        if matches!(ended, Ended::TimedOut(_)) {
            self.metrics.failed("timeout");
        }
        ended
    }
}

fn version_of(session: &ServerConnection) -> &'static str {
    match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        Some(ProtocolVersion::TLSv1_3) => "1.3",
        _ => "other",
    }
}

/// One of a few words: it is a label.
fn reason_of(error: &io::Error) -> &'static str {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match tls {
        Some(TlsError::NoCertificatesPresented) => "no_client_certificate",
        Some(TlsError::InvalidCertificate(_)) => "bad_client_certificate",
        Some(TlsError::AlertReceived(_)) => "refused_by_client",
        Some(TlsError::PeerIncompatible(_)) => "incompatible",
        Some(TlsError::NoApplicationProtocol) => "no_application_protocol",
        Some(TlsError::General(_)) => "unknown_name",
        Some(_) => "malformed",
        None if error.kind() == io::ErrorKind::UnexpectedEof => "client_gone",
        None => "io",
    }
}
