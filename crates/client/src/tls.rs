//! TLS as a client.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::url::Host;

/// Whose certificates are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    /// Those of the machine are not asked.
    pub(crate) only: bool,
}

/// The authorities in a PEM text; a message when there are none, or one is broken.
pub(crate) fn read_authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if found.is_empty() => {
            Err("the PEM text of authorities holds no certificate".to_owned())
        }
        Ok(found) => {
            let mut store = RootCertStore::empty();
            match found.iter().try_for_each(|one| store.add(one.clone())) {
                Ok(()) => Ok(found),
                Err(error) => Err(format!("an authority cannot be read: {error}")),
            }
        }
        Err(error) => Err(format!("the text of authorities is no PEM: {error}")),
    }
}

/// The handshake; or why there cannot be one on this machine.
#[derive(Clone)]
pub(crate) struct Tls(Result<TlsConnector, rustls::Error>);

impl Tls {
    pub(crate) fn new(roots: &Roots, http2: bool) -> Self {
        Self(config(roots, http2).map(|config| TlsConnector::from(Arc::new(config))))
    }

    /// Does the handshake. Whether the server chose HTTP/2 is told beside the stream.
    ///
    /// A machine without authorities fails here, not at build: a client of plain HTTP needs none.
    pub(crate) async fn handshake(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, bool), std::io::Error> {
        let connector = self.0.clone().map_err(std::io::Error::other)?;
        let name = match host {
            Host::Ip(address) => ServerName::from(*address),
            Host::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(std::io::Error::other)?
            }
        };
        let stream = connector.connect(name, stream).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, http2))
    }
}

fn config(roots: &Roots, http2: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

/// Never one that believes anything: that of the machine, or that of `webpki` over given roots.
fn verifier(
    roots: &Roots,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    if !roots.only {
        let verifier = Verifier::new_with_extra_roots(roots.authorities.clone(), provider)?;
        return Ok(Arc::new(verifier));
    }
    let mut store = RootCertStore::empty();
    for authority in &roots.authorities {
        store.add(authority.clone())?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    Ok(verifier)
}
