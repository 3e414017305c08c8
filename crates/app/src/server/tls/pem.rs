//! Reading PEM files, and saying what is wrong with them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use plumego_stdx::{Secret, may_pass};
use rustls::pki_types::pem::{self, PemObject as _, SectionKind};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};

use super::fault::Fault;

/// The most bytes of a file. A bundle with every public authority is a quarter of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where PEM text comes from.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Memory(Arc<Secret<Vec<u8>>>),
}

impl Source {
    pub(super) fn memory(text: Vec<u8>) -> Self {
        Self::Memory(Arc::new(Secret::new(text)))
    }

    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory(_) => None,
        }
    }

    /// What is wrong with its place when it holds a key.
    #[cfg(unix)]
    pub(super) fn exposure(&self) -> Option<String> {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = std::fs::metadata(self.path()?).ok()?.permissions().mode();
        (mode & 0o007 != 0).then(|| {
            format!(
                "{self} holds a key and every user of this machine may use the file (mode {:o}): \
                 `chmod o= {self}` leaves it to its owner and group",
                mode & 0o777
            )
        })
    }

    #[cfg(not(unix))]
    pub(super) fn exposure(&self) -> Option<String> {
        None
    }

    fn sections(&self) -> Result<Vec<(SectionKind, Vec<u8>)>, Fault> {
        let text = match self {
            Self::File(path) => Secret::new(read(path).map_err(|error| self.unreadable(&error))?),
            Self::Memory(text) => text.as_ref().clone(),
        };
        let text = without_marks(text);
        let text = text.expose();
        if text.trim_ascii().is_empty() {
            return Err(format!("{self} is empty: expected PEM").into());
        }
        if !contains(text, b"-----BEGIN ") {
            return Err(format!(
                "{self} is not PEM: expected lines such as `-----BEGIN CERTIFICATE-----`; \
                 `openssl x509 -inform der` and `openssl pkey -inform der` write them"
            )
            .into());
        }
        if contains(text, b"ENCRYPTED PRIVATE KEY-----")
            || contains(text, b"Proc-Type: 4,ENCRYPTED")
        {
            return Err(format!(
                "{self} holds an encrypted key: expected one without a password; \
                 `openssl pkey -in KEY -out PLAIN` writes it, for the server alone to read"
            )
            .into());
        }
        <(SectionKind, Vec<u8>)>::pem_slice_iter(text)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{self} is damaged: {}", damage(&error)).into())
    }

    fn unreadable(&self, error: &io::Error) -> Fault {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => ": name a file that is there",
            io::ErrorKind::PermissionDenied => ": let the user of this process read it",
            _ => "",
        };
        let text = format!("{self} cannot be read: {error}{hint}");
        Fault::of_system(text, may_pass(error))
    }

    /// All certificates, in their order; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Fault> {
        let sections = self.sections()?;
        let has_key = sections.iter().any(|(kind, _)| is_key(*kind));
        let chain: Vec<_> = sections
            .into_iter()
            .filter(|(kind, _)| *kind == SectionKind::Certificate)
            .map(|(_, der)| CertificateDer::from(der))
            .collect();
        match (chain.is_empty(), has_key) {
            (false, _) => Ok(chain),
            (true, true) => Err(format!(
                "{self} holds a private key and no certificate: were the two files swapped?"
            )
            .into()),
            (true, false) => Err(format!(
                "{self} holds no certificate: expected `-----BEGIN CERTIFICATE-----`"
            )
            .into()),
        }
    }

    /// The one private key.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, Fault> {
        let mut keys: Vec<_> = self.sections()?.into_iter().filter_map(key_of).collect();
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Ok(key),
            (Some(_), false) => {
                Err(format!("{self} holds {} private keys: expected one", keys.len() + 1).into())
            }
            (None, _) => Err(format!(
                "{self} holds no private key: expected `-----BEGIN PRIVATE KEY-----`, \
                 `-----BEGIN RSA PRIVATE KEY-----` or `-----BEGIN EC PRIVATE KEY-----`"
            )
            .into()),
        }
    }
}

fn is_key(kind: SectionKind) -> bool {
    matches!(
        kind,
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
    )
}

fn key_of((kind, der): (SectionKind, Vec<u8>)) -> Option<PrivateKeyDer<'static>> {
    match kind {
        SectionKind::PrivateKey => Some(PrivatePkcs8KeyDer::from(der).into()),
        SectionKind::RsaPrivateKey => Some(PrivatePkcs1KeyDer::from(der).into()),
        SectionKind::EcPrivateKey => Some(PrivateSec1KeyDer::from(der).into()),
        _ => None,
    }
}

/// Says what is wrong without a byte of the file, which may be a key.
fn damage(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no `-----END` line; is it cut off?",
        pem::Error::IllegalSectionStart { .. } => "a `-----BEGIN` line does not end in `-----`",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be decoded",
    }
}

/// The text without byte order marks, which editors put before a first line, and so before a
/// `-----BEGIN` that is not seen behind one; in the middle when such files are put together.
fn without_marks(text: Secret<Vec<u8>>) -> Secret<Vec<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";

    let marked = text.expose();
    if !contains(marked, MARK) {
        return text;
    }
    let mut plain = Vec::with_capacity(marked.len());
    let mut rest = marked.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(MARK) {
            rest = after;
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    Secret::new(plain)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the place where certificates and keys are read"
)]
fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    // A pipe would keep the start waiting.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Memory(_) => f.write_str("the PEM text given in code"),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
