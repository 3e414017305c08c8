//! What a program can say about TLS.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig as RustlsConfig, SupportedProtocolVersion};

use super::certificate::{Certificate, Certificates, Pair, is_authority};
use super::fault::Fault;
use super::pem::Source;
use crate::config::{ClientAuth, TlsSettings, TlsVersion, check_addrs};
use crate::reload::Changes;
use crate::server::UNIX;

/// The application protocols, the best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// HTTPS as a program wants it, in place of [`TlsSettings`].
///
/// Files are read, and everything is checked, by [`AppBuilder::build`](crate::AppBuilder::build).
/// Warnings in the log: a certificate that has expired, since the clock may be wrong; a key in a
/// file that every user of the machine may use; two certificates for one name with the same kind of
/// key; a certificate among the authorities of clients that is none. Anything else is a problem
/// that names the file.
///
/// | | default |
/// | --- | --- |
/// | versions | 1.2 and 1.3 |
/// | cipher suites, key exchange | those of rustls with aws-lc-rs: AEAD with forward secrecy, X25519MLKEM768 first |
/// | ALPN | `h2`, `http/1.1`; without HTTP/2 the second alone |
/// | resumption | tickets, whose keys change every 6 hours and are kept in memory alone |
/// | early data (0-RTT) | never: it could be replayed |
/// | a client that names no server, or an unknown one | the first certificate |
/// | certificates of clients | not asked for; revocation lists are not read |
/// | plain HTTP at another address | not spoken; [`redirect_from`](Self::redirect_from) |
/// | the time for a handshake | that of the first head: `read_header_timeout` |
///
/// ```no_run
/// use plumego_app::{App, ClientAuth, TlsConfig, TlsVersion};
///
/// # fn example() -> Result<(), plumego_contract::Error> {
/// let tls = TlsConfig::files("a.example.pem", "a.example.key")
///     .and_files("b.example.pem", "b.example.key")
///     .min_version(TlsVersion::V1_3)
///     .client_auth(ClientAuth::Optional, "clients.pem");
/// let app = App::builder().addr(":8443").tls(tls).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsConfig {
    pairs: Vec<Pair>,
    min_version: TlsVersion,
    client_auth: ClientAuth,
    client_ca: Option<Source>,
    refuse_unknown: bool,
    redirect: Option<(String, u16)>,
    own: Option<Arc<RustlsConfig>>,
}

impl TlsConfig {
    /// A chain and its key, in PEM files: the certificate of the server first, then those that
    /// lead to an authority; one key in PKCS #8, PKCS #1 or SEC1, not encrypted. Each at most
    /// 1 MiB.
    pub fn files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self::empty().and_files(chain, key)
    }

    /// A chain and its key as PEM text.
    pub fn pem(chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self::empty().and_pem(chain, key)
    }

    /// A configuration of rustls, as it is: certificates, versions, ALPN, resumption. The protocol
    /// that ALPN chose is the one that is spoken.
    ///
    /// The type is one of rustls 0.23: what this method takes may change with a minor version of
    /// Plumego, when rustls has a new major one.
    pub fn from_rustls(config: Arc<RustlsConfig>) -> Self {
        Self {
            own: Some(config),
            ..Self::empty()
        }
    }

    /// One more certificate, for the names it is for. A client gets it when it names one of them;
    /// `*.example.com` is for each name directly below `example.com`. Of several for one name it
    /// gets the first whose kind of key it knows.
    #[must_use]
    pub fn and_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.pairs.push(Pair {
            chain: Source::File(chain.into()),
            key: Source::File(key.into()),
        });
        self
    }

    /// One more certificate, as PEM text.
    #[must_use]
    pub fn and_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.pairs.push(Pair {
            chain: Source::memory(chain.into()),
            key: Source::memory(key.into()),
        });
        self
    }

    /// The least version. Default: 1.2.
    #[must_use]
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// Whether clients are asked for a certificate, and the PEM file with the authorities that
    /// sign them. Default: they are not.
    #[must_use]
    pub fn client_auth(mut self, auth: ClientAuth, authorities: impl Into<PathBuf>) -> Self {
        self.client_auth = auth;
        self.client_ca = Some(Source::File(authorities.into()));
        self
    }

    /// [`client_auth`](Self::client_auth) with the authorities as PEM text.
    #[must_use]
    pub fn client_auth_pem(mut self, auth: ClientAuth, authorities: impl Into<Vec<u8>>) -> Self {
        self.client_auth = auth;
        self.client_ca = Some(Source::memory(authorities.into()));
        self
    }

    /// Ends the handshake of a client that names a server which no certificate is for. Without it
    /// such a client gets the first certificate, as most servers do it. Default: off.
    #[must_use]
    pub fn refuse_unknown_names(mut self) -> Self {
        self.refuse_unknown = true;
        self
    }

    /// One more address, such as `:80`, where HTTP is spoken without TLS and every request is
    /// answered by `308` to `https://`, with its path and query, at this port: the one that
    /// clients see, 443 as a rule. The address needs a port that no other address has.
    ///
    /// Only to a host that one of the certificates is for. Any other is `421 unknown_host`: a
    /// forged `Host` leads nobody astray. Not together with [`from_rustls`](Self::from_rustls),
    /// whose certificates are not known here.
    #[must_use]
    pub fn redirect_from(mut self, addr: impl Into<String>, port: u16) -> Self {
        self.redirect = Some((addr.into(), port));
        self
    }

    pub(super) fn redirect(&self) -> Option<(&str, u16)> {
        let (addr, port) = self.redirect.as_ref()?;
        Some((addr, *port))
    }

    pub(super) fn from_settings(settings: &TlsSettings) -> Self {
        let files = settings.cert_files.iter().zip(&settings.key_files);
        let start = Self {
            min_version: settings.min_version,
            client_auth: settings.client_auth,
            client_ca: settings.client_ca_file.clone().map(Source::File),
            redirect: settings
                .redirect_addr
                .clone()
                .map(|addr| (addr, settings.redirect_port)),
            ..Self::empty()
        };
        files.fold(start, |config, (chain, key)| config.and_files(chain, key))
    }

    /// The files it is read from.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let pairs = self.pairs.iter().flat_map(|pair| [&pair.chain, &pair.key]);
        let all = pairs.chain(self.client_ca.as_ref());
        all.filter_map(Source::path).cloned().collect()
    }

    fn empty() -> Self {
        Self {
            pairs: Vec::new(),
            min_version: TlsVersion::default(),
            client_auth: ClientAuth::default(),
            client_ca: None,
            refuse_unknown: false,
            redirect: None,
            own: None,
        }
    }
}

/// What was read, whole and checked.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub(super) rustls: Arc<RustlsConfig>,
    /// When the first of the certificates expires, in seconds since 1970.
    pub(super) not_after: Option<i64>,
    /// Each thing that was read, and how it is called. Keys are not among them: another key is
    /// another certificate.
    parts: Vec<(String, Vec<CertificateDer<'static>>)>,
    certificates: Option<Arc<Certificates>>,
    pub(super) warnings: Vec<String>,
}

impl Active {
    /// Whether a certificate is for this host.
    pub(super) fn is_for(&self, name: &str) -> bool {
        let known = self.certificates.as_ref();
        known.is_some_and(|known| known.named(name).is_some())
    }

    /// What is different from what was there before.
    pub(super) fn changes_since(&self, before: &Self) -> Changes {
        let mut changes = Changes::none();
        for part in &self.parts {
            if !before.parts.contains(part) {
                changes = changes.changed(part.0.as_str());
            }
        }
        let warnings = self.warnings.iter();
        warnings.fold(changes, |changes, warning| {
            changes.warning(warning.as_str())
        })
    }
}

impl TlsConfig {
    /// Reads the files.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub(super) fn load(&self, http2: bool) -> Result<Active, Vec<Fault>> {
        if let Some(own) = &self.own {
            if self.redirect.is_some() {
                return Err(vec![
                    "redirect_from cannot be used with from_rustls: which hosts its certificates \
                     are for is not known here"
                        .to_owned()
                        .into(),
                ]);
            }
            return Ok(Active {
                certificates: None,
                rustls: own.clone(),
                not_after: None,
                parts: Vec::new(),
                warnings: Vec::new(),
            });
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut wrong: Vec<Fault> = self.bad_redirect().into_iter().map(Fault::from).collect();
        let mut certificates = Vec::with_capacity(self.pairs.len());
        let mut warnings = Vec::new();
        for pair in &self.pairs {
            match pair.load(&provider) {
                Ok(certificate) => {
                    warnings.extend(certificate.warning());
                    warnings.extend(certificate.shadowed_by(&certificates));
                    warnings.extend(pair.key.exposure());
                    certificates.push(certificate);
                }
                Err(mut problems) => wrong.append(&mut problems),
            }
        }
        let authorities = self.authorities().map_err(|error| wrong.push(error));
        let (true, Ok(authorities)) = (wrong.is_empty(), authorities) else {
            return Err(wrong);
        };
        let verifier = self
            .verifier(&authorities, &provider)
            .map_err(|error| vec![error.into()])?;
        warnings.extend(self.no_authorities(&authorities));
        let mut parts: Vec<_> = certificates.iter().map(Certificate::part).collect();
        parts.push(("the authorities of clients".to_owned(), authorities));
        let resolver = Arc::new(Certificates::new(&certificates, self.refuse_unknown));
        let rustls = self
            .rustls(provider, verifier, resolver.clone(), http2)
            .map_err(|error| vec![error.to_string().into()])?;
        Ok(Active {
            rustls: Arc::new(rustls),
            certificates: Some(resolver),
            not_after: certificates.iter().map(|one| one.not_after).min(),
            parts,
            warnings,
        })
    }

    /// What is wrong with the address that leads here.
    fn bad_redirect(&self) -> Option<String> {
        let (addr, _) = self.redirect.as_ref()?;
        let is_of_network = !addr.starts_with(UNIX);
        let checked = check_addrs(std::slice::from_ref(addr));
        (!is_of_network || checked.is_err()).then(|| {
            format!(
                "{addr:?} is no address to redirect from (TLS_REDIRECT_ADDR): expected one of the \
                 network, such as `:80`"
            )
        })
    }

    fn rustls(
        &self,
        provider: Arc<CryptoProvider>,
        verifier: Arc<dyn ClientCertVerifier>,
        certificates: Arc<Certificates>,
        http2: bool,
    ) -> Result<RustlsConfig, rustls::Error> {
        let versions: &[&SupportedProtocolVersion] = match self.min_version {
            TlsVersion::V1_2 => &[&TLS13, &TLS12],
            TlsVersion::V1_3 => &[&TLS13],
        };
        // The provider is named, never the one that the process has by default: another part of
        // the program may have chosen that.
        let mut config = RustlsConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(certificates);
        let first = usize::from(!http2);
        let alpn = ALPN.get(first..).unwrap_or_default();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        // New ones each time this is read: a client whose authority is no longer trusted must not
        // come back with a ticket of before.
        config.ticketer = Ticketer::new()?;
        config.max_early_data_size = 0;
        Ok(config)
    }

    /// Those of the clients; none when clients are not asked for a certificate.
    fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, Fault> {
        match &self.client_ca {
            Some(source) if self.client_auth != ClientAuth::None => source.certificates(),
            _ => Ok(Vec::new()),
        }
    }

    /// Which of the authorities of clients say that they are none.
    fn no_authorities(&self, authorities: &[CertificateDer<'static>]) -> Vec<String> {
        let Some(source) = &self.client_ca else {
            return Vec::new();
        };
        let is_none = |(_, der): &(usize, &CertificateDer<'_>)| is_authority(der) == Some(false);
        let none = authorities.iter().enumerate().filter(is_none);
        none.map(|(at, _)| {
            format!(
                "{source}: certificate {} is that of a server or a client, not of an authority: \
                 name the certificate that has signed those of the clients",
                at + 1
            )
        })
        .collect()
    }

    fn verifier(
        &self,
        authorities: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let Some(source) = self.client_ca.as_ref().filter(|_| !authorities.is_empty()) else {
            return Ok(WebPkiClientVerifier::no_client_auth());
        };
        let mut roots = RootCertStore::empty();
        for (at, authority) in authorities.iter().enumerate() {
            roots.add(authority.clone()).map_err(|error| {
                format!("{source}: authority {} cannot be used: {error}", at + 1)
            })?;
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder = match self.client_auth {
            ClientAuth::Required => builder,
            ClientAuth::None | ClientAuth::Optional => builder.allow_unauthenticated(),
        };
        builder
            .build()
            .map_err(|error| format!("{source}: {error}"))
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("certificates", &self.pairs)
            .field("min_version", &self.min_version)
            .field("client_auth", &self.client_auth)
            .field("client_ca", &self.client_ca)
            .field("refuse_unknown_names", &self.refuse_unknown)
            .field("redirect", &self.redirect)
            .field("from_rustls", &self.own.is_some())
            .finish()
    }
}
