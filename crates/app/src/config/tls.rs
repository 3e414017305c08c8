//! What can be set for HTTPS.

use std::path::PathBuf;

use plumego_contract::{Problem, Problems};
use serde::Deserialize;

/// The most certificates of a server.
const MAX_CERTIFICATES: usize = 1024;

/// The port of `https://` without a port (RFC 9110, section 4.2.2).
pub(crate) const HTTPS: u16 = 443;

/// HTTPS, as settings tell it. A program that makes its own choices uses `TlsConfig`, which takes
/// the place of all of this: what is set here is then named by a warning at start.
///
/// While TLS is not [`enabled`](Self::enabled), asking clients for a certificate is a problem at
/// build; other settings are named by a warning at start.
///
/// The files are read at `build()` and, when the application is told to reload, again.
///
/// ```
/// use plumego_app::{ClientAuth, Config, TlsVersion};
///
/// let config = Config::loader()
///     .environment([
///         ("TLS_ENABLED", "true"),
///         ("TLS_CERT_FILE", "a.example.pem,b.example.pem"),
///         ("TLS_KEY_FILE", "a.example.key,b.example.key"),
///         ("TLS_MIN_VERSION", "1.3"),
///     ])
///     .load()?;
/// assert!(config.server.tls.enabled);
/// assert_eq!(config.server.tls.cert_files.len(), 2);
/// assert_eq!(config.server.tls.min_version, TlsVersion::V1_3);
/// assert_eq!(config.server.tls.client_auth, ClientAuth::None);
/// # Ok::<(), plumego_app::LoadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TlsSettings {
    /// Whether TLS is spoken. Needs the feature `tls`; without it, this is a problem at build.
    /// Default: false.
    pub enabled: bool,
    /// The certificate chains: PEM, the certificate of the server first, then those that lead to
    /// an authority. The first file is for clients that name no server, or an unknown one. At most
    /// 1,024 files. Default: none.
    #[serde(rename = "cert_file")]
    pub cert_files: Vec<PathBuf>,
    /// The private keys, as many as there are chains and in the same order: PEM, each file one key
    /// in PKCS #8, PKCS #1 or SEC1, not encrypted. Default: none.
    #[serde(rename = "key_file")]
    pub key_files: Vec<PathBuf>,
    /// The least version. Default: 1.2.
    pub min_version: TlsVersion,
    /// Whether clients are asked for a certificate. Default: no.
    pub client_auth: ClientAuth,
    /// The authorities that sign certificates of clients: PEM. Needed when they are asked for one.
    /// Default: none.
    #[serde(deserialize_with = "super::read::path")]
    pub client_ca_file: Option<PathBuf>,
    /// One more address, such as `:80`, where HTTP is spoken without TLS and every request is
    /// answered by `308` to `https://`. Only to a host that one of the certificates is for; for any
    /// other it is `421 unknown_host`, so that a forged `Host` leads nobody astray. Default: none.
    #[serde(deserialize_with = "super::read::text")]
    pub redirect_addr: Option<String>,
    /// The port that the clients of [`redirect_addr`](Self::redirect_addr) are sent to: the one
    /// that they see, whatever this process listens on. Default: 443.
    pub redirect_port: u16,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            cert_files: Vec::new(),
            key_files: Vec::new(),
            min_version: TlsVersion::default(),
            client_auth: ClientAuth::default(),
            client_ca_file: None,
            redirect_addr: None,
            redirect_port: HTTPS,
        }
    }
}

/// A version of TLS. Older ones are broken and cannot be asked for (RFC 8996).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}

/// Whether clients are asked for a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not.
    #[default]
    None,
    /// They are; one without is served too. A certificate that cannot be verified ends the
    /// handshake all the same.
    Optional,
    /// They are, and without one there is no connection.
    Required,
}

impl TlsSettings {
    /// What is wrong with it before a file is read.
    pub(crate) fn check(&self, problems: &mut Problems) {
        let mut tell = |message: String| problems.push(Problem::new(message));
        if !self.enabled {
            if self.client_auth != ClientAuth::None {
                tell(
                    "server.tls.client_auth (TLS_CLIENT_AUTH) is set, but TLS is not spoken, and \
                     without it no client shows a certificate: set TLS_ENABLED=true, or take \
                     TLS_CLIENT_AUTH away"
                        .to_owned(),
                );
            }
            return;
        }
        let (certs, keys) = (self.cert_files.len(), self.key_files.len());
        if certs == 0 {
            tell(missing("cert_file", "TLS_CERT_FILE", "certificate chain"));
        }
        if keys == 0 {
            tell(missing("key_file", "TLS_KEY_FILE", "private key"));
        }
        if certs > 0 && keys > 0 && certs != keys {
            tell(format!(
                "server.tls.cert_file names {certs} files and server.tls.key_file {keys}: expected \
                 one key for each certificate chain, in the same order"
            ));
        }
        if certs > MAX_CERTIFICATES {
            tell(format!(
                "server.tls.cert_file names {certs} files, expected at most {MAX_CERTIFICATES}"
            ));
        }
        if self.redirect_port == 0 {
            tell("server.tls.redirect_port is 0: expected the port that clients see".to_owned());
        }
        if self.client_auth != ClientAuth::None && self.client_ca_file.is_none() {
            tell(missing(
                "client_ca_file",
                "TLS_CLIENT_CA_FILE",
                "authority that signs certificates of clients",
            ));
        }
    }
}

impl TlsSettings {
    /// What is set and not used, though it is no problem; `is_in_code` when the program made its
    /// own choices.
    pub(crate) fn warning(&self, is_in_code: bool) -> Option<String> {
        if is_in_code {
            let set = self.set(&[(self.enabled, "TLS_ENABLED")])?;
            return Some(format!(
                "not used: {set}. The program chose its TLS in code (`AppBuilder::tls`), which \
                 takes the place of all settings"
            ));
        }
        if !self.enabled {
            let set = self.set(&[])?;
            return Some(format!(
                "not used: {set}. TLS is not spoken; set TLS_ENABLED=true, or take these away"
            ));
        }
        let has_no_question = self.client_auth == ClientAuth::None && self.client_ca_file.is_some();
        let has_no_redirect = self.redirect_addr.is_none() && self.redirect_port != HTTPS;
        let idle = [
            has_no_question.then_some(
                "not used: TLS_CLIENT_CA_FILE. Clients are not asked for a certificate; set \
                 TLS_CLIENT_AUTH to optional or required, or take the file away",
            ),
            has_no_redirect.then_some(
                "not used: TLS_REDIRECT_PORT. Nobody is sent from http to https; set \
                 TLS_REDIRECT_ADDR, or take the port away",
            ),
        ];
        let idle: Vec<_> = idle.into_iter().flatten().collect();
        (!idle.is_empty()).then(|| idle.join("; "))
    }

    /// The variables of the settings that are not as they are by default, after these.
    fn set(&self, before: &[(bool, &'static str)]) -> Option<String> {
        let settings = [
            (!self.cert_files.is_empty(), "TLS_CERT_FILE"),
            (!self.key_files.is_empty(), "TLS_KEY_FILE"),
            (self.min_version != TlsVersion::default(), "TLS_MIN_VERSION"),
            (self.client_auth != ClientAuth::None, "TLS_CLIENT_AUTH"),
            (self.client_ca_file.is_some(), "TLS_CLIENT_CA_FILE"),
            (self.redirect_addr.is_some(), "TLS_REDIRECT_ADDR"),
            (self.redirect_port != HTTPS, "TLS_REDIRECT_PORT"),
        ];
        let all = before.iter().chain(&settings);
        let set: Vec<_> = all.filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        (!set.is_empty()).then(|| set.join(", "))
    }
}

fn missing(field: &str, variable: &str, what: &str) -> String {
    format!("server.tls.{field} ({variable}) is missing: expected a PEM file with the {what}")
}
