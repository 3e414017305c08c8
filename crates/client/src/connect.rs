//! From an origin to a connection: look up, check, dial, handshake.
//!
//! The one place of the house that opens a connection outwards. What is dialled is the very address
//! that was checked, so an answer of DNS that changes later changes nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::error::{Error, Kind, Stage};
use crate::policy::{Permitted, Policy};
use crate::resolve::{MAX_ADDRESSES, Resolve};
use crate::tls::Tls;
use crate::url::{Host, Origin, Scheme};

/// An address that has not answered so long is not waited for alone (RFC 8305, section 5).
const NEXT_AFTER: Duration = Duration::from_millis(250);

pub(crate) struct Connector {
    pub(crate) client: &'static str,
    pub(crate) policy: Policy,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
}

/// Bytes both ways, and whether HTTP/2 is spoken over them.
pub(crate) struct Connected {
    pub(crate) io: Box<dyn Io>,
    pub(crate) http2: bool,
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connector {
    /// A new connection, within the connect timeout.
    pub(crate) async fn connect(&self, origin: &Origin) -> Result<Connected, Error> {
        match timeout(self.timeout, self.connect_unbounded(origin)).await {
            Ok(connected) => connected,
            Err(_) => Err(self.error(origin, Kind::Timeout(Stage::Connect, self.timeout))),
        }
    }

    async fn connect_unbounded(&self, origin: &Origin) -> Result<Connected, Error> {
        let permitted = self.look_up(origin).await?;
        let stream = dial(&permitted)
            .await
            .map_err(|error| self.error(origin, Kind::Connect).with_source(error))?;
        match origin.scheme() {
            Scheme::Http => Ok(Connected {
                io: Box::new(stream),
                http2: false,
            }),
            Scheme::Https => {
                let shaken = self.tls.handshake(origin.host(), stream).await;
                let (stream, http2) =
                    shaken.map_err(|error| self.error(origin, Kind::Tls).with_source(error))?;
                Ok(Connected {
                    io: Box::new(stream),
                    http2,
                })
            }
        }
    }

    /// The addresses behind an origin that the policy lets through. A literal goes the same way as
    /// a name.
    async fn look_up(&self, origin: &Origin) -> Result<Vec<Permitted>, Error> {
        let addresses = match origin.host() {
            Host::Ip(address) => vec![*address],
            Host::Name(name) => self
                .resolver
                .resolve(name)
                .await
                .map_err(|error| self.error(origin, Kind::Resolve).with_source(error))?,
        };
        let addresses = addresses.into_iter().take(MAX_ADDRESSES);
        match self.policy.permit(origin, addresses) {
            Ok(permitted) => Ok(permitted),
            Err(Some(refusal)) => Err(self.error(origin, Kind::Refused(refusal))),
            Err(None) => Err(self
                .error(origin, Kind::Resolve)
                .with_source("the name has no address")),
        }
    }

    fn error(&self, origin: &Origin, kind: Kind) -> Error {
        Error::new(self.client, Some(origin.clone()), kind)
    }
}

/// Tries one address after the other, and the next one also while those before have not answered
/// (RFC 8305): one that swallows everything, such as IPv6 where it leads nowhere, costs a moment.
///
/// Cancel safe: dropped, it gives all of them up.
async fn dial(addresses: &[Permitted]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut attempts = JoinSet::new();
    let mut rest = addresses.iter();
    loop {
        match rest.next() {
            Some(address) => drop(attempts.spawn(TcpStream::connect(address.get()))),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            biased;
            Some(attempt) = attempts.join_next() => match attempt.map_err(io::Error::other) {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) | Err(error) => last = error,
            },
            () = sleep(NEXT_AFTER), if !rest.as_slice().is_empty() => {}
        }
    }
}
