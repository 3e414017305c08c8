//! A certificate with its key, and which one a client gets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plumego_stdx::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use webpki::{EndEntityCert, KeyUsage};

use super::fault::Fault;
use super::pem::Source;

/// Where a chain and its key are.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) chain: Source,
    pub(super) key: Source,
}

/// A chain whose key fits.
#[derive(Debug)]
pub(super) struct Certificate {
    certified: Arc<CertifiedKey>,
    /// What it is for: names, and `*.` before those of which it is for each one below.
    names: Vec<String>,
    /// How its file is called.
    file: String,
    not_before: i64,
    pub(super) not_after: i64,
}

impl Pair {
    /// Reads both files. Says everything that is wrong with either.
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<Certificate, Vec<Fault>> {
        let chain = self.chain.certificates();
        let key = self.key.key().and_then(|key| {
            let loaded = provider.key_provider.load_private_key(key);
            loaded.map_err(|_| self.no_key())
        });
        let (chain, key) = match (chain, key) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => return Err([chain.err(), key.err()].into_iter().flatten().collect()),
        };
        if chain.first().is_some_and(is_too_old) {
            return Err(vec![self.too_old()]);
        }
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(TlsError::InconsistentKeys(_)) => {
                let text = format!(
                    "{} is not the key of the first certificate in {}: expected a pair that \
                     belongs together, the certificate of the server before its authorities",
                    self.key, self.chain
                );
                return Err(vec![text.into()]);
            }
            Err(error) => return Err(vec![self.unreadable(&error)]),
        }
        Certificate::new(certified, self.chain.to_string())
            .map_err(|error| vec![self.unreadable(&error)])
    }

    /// The library says of every such key alike that it could not parse it.
    fn no_key(&self) -> Fault {
        format!(
            "{} holds a key of a kind that is not taken, or a damaged one: expected RSA of 2048 to \
             8192 bits, ECDSA with P-256, P-384 or P-521, or Ed25519; make a new one, such as with \
             `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, and have a \
             certificate issued for it",
            self.key
        )
        .into()
    }

    fn too_old(&self) -> Fault {
        format!(
            "{} holds a certificate of X.509 version 1, which cannot say what names it is for: \
             expected version 3; have it issued again with `subjectAltName`, such as with \
             `openssl req -x509 -addext subjectAltName=DNS:NAME`, or `openssl x509 -req -extfile \
             FILE`",
            self.chain
        )
        .into()
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Fault {
        format!(
            "{} holds a certificate that cannot be read: {error}",
            self.chain
        )
        .into()
    }
}

impl Certificate {
    fn new(certified: CertifiedKey, file: String) -> Result<Self, TlsError> {
        let der = certified.end_entity_cert()?;
        let parsed =
            EndEntityCert::try_from(der).map_err(|error| TlsError::General(error.to_string()))?;
        let names = parsed.valid_dns_names().map(str::to_ascii_lowercase);
        Ok(Self {
            names: names.collect(),
            file,
            not_before: not_before(&parsed),
            not_after: not_after(&parsed),
            certified: Arc::new(certified),
        })
    }

    /// What one of several has in common with those before it: of two for one name with the same
    /// kind of key, clients never get the second.
    pub(super) fn shadowed_by(&self, before: &[Self]) -> Option<String> {
        let is_twin = |other: &&Self| other.certified.cert == self.certified.cert;
        if let Some(twin) = before.iter().find(is_twin) {
            return Some(if twin.file == self.file {
                format!("{} is named twice: name it once", self.file)
            } else {
                let (first, second) = (&twin.file, &self.file);
                format!("{first} and {second} hold the same certificate: name one of them")
            });
        }
        let is_same = |name: &&String, other: &&Self| {
            other.certified.key.algorithm() == self.certified.key.algorithm()
                && other.names.contains(name)
        };
        self.names.iter().find_map(|name| {
            let other = before.iter().find(|other| is_same(&name, other))?;
            Some(format!(
                "two certificates with the same kind of key are for `{name}`: clients get the one \
                 in {}, which is named first, and never the one in {}",
                other.file, self.file
            ))
        })
    }

    /// Its chain, and how it is called.
    pub(super) fn part(&self) -> (String, Vec<CertificateDer<'static>>) {
        let name = format!("{} until {}", self.file, date(self.not_after));
        (name, self.certified.cert.clone())
    }

    /// What is worth a look though it is no reason to refuse it: the clock may be wrong, and a
    /// server that does not come back helps nobody.
    pub(super) fn warning(&self) -> Option<String> {
        let now = Timestamp::now().unix_seconds();
        let text = if now > self.not_after {
            format!("has expired at {}", date(self.not_after))
        } else if now < self.not_before {
            format!("is not valid before {}", date(self.not_before))
        } else {
            return None;
        };
        Some(format!(
            "the certificate in {} {text}: clients will refuse it",
            self.file
        ))
    }
}

/// Whether a certificate says of itself that it is an authority's (RFC 5280, section 4.2.1.9):
/// a verification refuses such a one as that of a server. `None` when it cannot be told.
pub(super) fn is_authority(der: &CertificateDer<'_>) -> Option<bool> {
    let parsed = EndEntityCert::try_from(der).ok()?;
    // At a time when it is valid: dates are what is compared first.
    let begin = u64::try_from(not_before(&parsed)).ok()?;
    let verified = verify(&parsed, Duration::from_secs(begin));
    Some(matches!(verified, Err(webpki::Error::CaUsedAsEndEntity)))
}

/// Whether a certificate has no extensions, since it is not of version 3.
fn is_too_old(der: &CertificateDer<'_>) -> bool {
    let parsed = EndEntityCert::try_from(der);
    matches!(parsed, Err(webpki::Error::UnsupportedCertVersion))
}

/// Seconds as a date.
fn date(seconds: i64) -> String {
    Timestamp::from_unix_nanos(seconds.saturating_mul(1_000_000_000)).to_rfc3339()
}

/// Dates are what a verification compares first; asked for a time that is no certificate's, it
/// tells them.
fn not_after(parsed: &EndEntityCert<'_>) -> i64 {
    match verify(parsed, Duration::from_secs(u64::MAX)) {
        Err(webpki::Error::CertExpired { not_after, .. }) => seconds(not_after),
        _ => i64::MAX,
    }
}

fn not_before(parsed: &EndEntityCert<'_>) -> i64 {
    match verify(parsed, Duration::ZERO) {
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => seconds(not_before),
        _ => 0,
    }
}

fn verify(parsed: &EndEntityCert<'_>, at: Duration) -> Result<(), webpki::Error> {
    let time = UnixTime::since_unix_epoch(at);
    let usage = KeyUsage::server_auth();
    parsed
        .verify_for_usage(&[], &[], &[], time, usage, None, None)
        .map(drop)
}

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// All certificates of a server, by the names they are for.
#[derive(Debug)]
pub(super) struct Certificates {
    all: Vec<Arc<CertifiedKey>>,
    exact: HashMap<String, Vec<usize>>,
    /// By what follows the `*.`.
    below: HashMap<String, Vec<usize>>,
    refuse_unknown: bool,
}

impl Certificates {
    pub(super) fn new(certificates: &[Certificate], refuse_unknown: bool) -> Self {
        let mut exact: HashMap<String, Vec<usize>> = HashMap::new();
        let mut below: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, certificate) in certificates.iter().enumerate() {
            for name in &certificate.names {
                let (map, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut below, parent),
                    None => (&mut exact, name.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(at);
            }
        }
        Self {
            all: certificates
                .iter()
                .map(|certificate| certificate.certified.clone())
                .collect(),
            exact,
            below,
            refuse_unknown,
        }
    }

    /// Those for this name: an exact one before a wildcard, which stands for one label
    /// (RFC 6125, section 6.4.3).
    pub(super) fn named(&self, name: &str) -> Option<&[usize]> {
        let name = name.to_ascii_lowercase();
        let parent = || name.split_once('.').map(|(_, parent)| parent);
        let found = self.exact.get(&name);
        let found = found.or_else(|| self.below.get(parent()?));
        found.map(Vec::as_slice)
    }
}

impl ResolvesServerCert for Certificates {
    /// Of several for one name the first whose key the client can check: one with an elliptic
    /// curve and one with RSA may stand side by side.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().map(|name| self.named(name));
        let places = match named {
            Some(Some(places)) => places,
            Some(None) if self.refuse_unknown => return None,
            Some(None) | None => &[0],
        };
        let fits = |at: &&usize| {
            let certified = self.all.get(**at);
            certified.is_some_and(|one| one.key.choose_scheme(hello.signature_schemes()).is_some())
        };
        let at = places.iter().find(fits).or(places.first())?;
        self.all.get(*at).cloned()
    }
}
