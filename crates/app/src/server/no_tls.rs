//! Without the feature `tls` there is none, and asking for it is a problem.

use std::future::Ready;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use plumego_contract::{Connection, Problem, Problems};
use plumego_observe::metrics::Metrics;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Shared;
use super::listener::Stream;
use super::redirect::Redirection;
use crate::config::ServerConfig;
use crate::reload::Source;

/// What the feature would bring; there is no such value.
#[derive(Debug, Clone)]
pub(crate) enum TlsConfig {}

#[derive(Debug, Clone)]
pub(crate) enum Tls {}

pub(crate) enum TlsIo {}

impl Tls {
    pub(crate) fn build(
        _: Option<TlsConfig>,
        config: &ServerConfig,
        _: &Metrics,
        problems: &mut Problems,
    ) -> Option<Self> {
        let tls = &config.tls;
        if tls.enabled || !tls.cert_files.is_empty() || !tls.key_files.is_empty() {
            problems.push(Problem::new(
                "server.tls is set, but this program was built without TLS: add the feature `tls` \
                 of plumego, or take TLS_ENABLED, TLS_CERT_FILE and TLS_KEY_FILE away",
            ));
        }
        None
    }

    pub(crate) fn source(&self) -> Option<Box<dyn Source>> {
        match *self {}
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        match *self {}
    }

    pub(crate) fn redirect(&self) -> Option<Redirection> {
        match *self {}
    }

    pub(super) fn run(&self, _: Arc<Shared>, _: Stream, _: Connection) -> Ready<()> {
        match *self {}
    }
}

impl AsyncRead for TlsIo {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for TlsIo {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}
