//! What is known of a client by its certificate.

use plumego_contract::extract::ClientCertificate;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::subject;

/// What handlers see of a chain that was verified.
pub(super) fn certificate(chain: &[CertificateDer<'_>]) -> ClientCertificate {
    let ders = chain.iter().map(|der| der.to_vec()).collect();
    let certificate = ClientCertificate::new(ders);
    let parsed = chain.first().map(EndEntityCert::try_from);
    let Some(Ok(parsed)) = parsed else {
        return certificate;
    };
    let owned = |name: &str| name.to_owned();
    certificate
        .with_subject(subject::text(parsed.subject()))
        .with_names(
            parsed.valid_dns_names().map(owned).collect(),
            parsed.valid_uri_names().map(owned).collect(),
        )
}
