//! The certificate of the client.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::FromParts;
use crate::{Error, codes};

/// The certificate that the client showed when the connection began.
///
/// The server has verified it against the authorities of its configuration before the first
/// request, its dates included. Who the client is, and what it may do, is for the program to say:
/// by a name of the certificate, or by its subject.
///
/// It is there only on TLS that asks for certificates of clients, and only on connections to the
/// server itself: what a proxy tells of certificates in headers is not looked at.
/// `Option<ClientCertificate>` is `None` without one.
///
/// # Errors
/// `403 client_certificate_required` when the client showed none.
///
/// ```
/// use plumego_contract::extract::ClientCertificate;
///
/// async fn who(certificate: ClientCertificate) -> String {
///     format!("{} {:?}", certificate.subject(), certificate.dns_names())
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate(Arc<Inner>);

#[derive(Default, Clone, PartialEq, Eq)]
struct Inner {
    chain: Vec<Vec<u8>>,
    subject: String,
    dns_names: Vec<String>,
    uris: Vec<String>,
}

impl ClientCertificate {
    /// For a server, and for tests: the chain in DER, the certificate of the client first. A
    /// request has it as an extension.
    pub fn new(chain: Vec<Vec<u8>>) -> Self {
        Self(Arc::new(Inner {
            chain,
            ..Inner::default()
        }))
    }

    /// Sets the subject.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).subject = subject.into();
        self
    }

    /// Sets the alternative names.
    #[must_use]
    pub fn with_names(mut self, dns_names: Vec<String>, uris: Vec<String>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.dns_names = dns_names;
        inner.uris = uris;
        self
    }

    /// The certificate in DER (RFC 5280).
    pub fn der(&self) -> &[u8] {
        self.0.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// What the client sent, in DER: its own certificate, then others in no order that was checked.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.0.chain.iter().map(Vec::as_slice)
    }

    /// Whom it names, as text of RFC 4514: `CN=alice,O=Example`. Empty for a certificate that has
    /// alternative names alone.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Its alternative names of the kind DNS.
    pub fn dns_names(&self) -> &[String] {
        &self.0.dns_names
    }

    /// Its alternative names of the kind URI, such as `spiffe://example.org/billing`.
    pub fn uris(&self) -> &[String] {
        &self.0.uris
    }
}

impl FromParts for ClientCertificate {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Error::new(codes::CLIENT_CERTIFICATE_REQUIRED)
                .with_detail("This needs a certificate of the client.")
                .absent()
        })
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("subject", &self.0.subject)
            .field("dns_names", &self.0.dns_names)
            .field("uris", &self.0.uris)
            .finish_non_exhaustive()
    }
}
