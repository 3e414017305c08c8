//! An authority, and certificates of it, made anew for each test.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, SignatureAlgorithm, date_time_ymd,
};
use tempfile::TempDir;

/// Signs certificates. Its own is in a folder of its own, for clients to trust.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

/// A certificate and its key as PEM text.
#[derive(Clone)]
pub struct Pair {
    pub chain: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The file with its own certificate.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// A folder for more files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// For a server of these names.
    pub fn server(&self, names: &[&str]) -> Pair {
        self.sign(&KeyPair::generate().unwrap(), names, |_| {})
    }

    /// The same with another kind of key.
    pub fn server_with(&self, kind: &'static SignatureAlgorithm, names: &[&str]) -> Pair {
        self.sign(&KeyPair::generate_for(kind).unwrap(), names, |_| {})
    }

    /// For a server, expired long ago.
    pub fn expired(&self, names: &[&str]) -> Pair {
        self.sign(&KeyPair::generate().unwrap(), names, in_the_past)
    }

    /// For a client of this name.
    pub fn client(&self, name: &str) -> Pair {
        self.sign(&KeyPair::generate().unwrap(), &[], |params| {
            as_client(params, name);
        })
    }

    /// For a client, expired long ago.
    pub fn expired_client(&self, name: &str) -> Pair {
        self.sign(&KeyPair::generate().unwrap(), &[], |params| {
            as_client(params, name);
            in_the_past(params);
        })
    }

    fn sign(
        &self,
        key: &KeyPair,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        Pair {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Writes a pair into the folder: the paths of the chain and of the key.
    pub fn write(&self, name: &str, pair: &Pair) -> (PathBuf, PathBuf) {
        let chain = self.dir().join(format!("{name}.pem"));
        let key = self.dir().join(format!("{name}.key"));
        std::fs::write(&chain, &pair.chain).unwrap();
        std::fs::write(&key, &pair.key).unwrap();
        (chain, key)
    }
}

fn as_client(params: &mut CertificateParams, name: &str) {
    params.distinguished_name.push(DnType::CommonName, name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let uri = format!("spiffe://example.org/{name}");
    params.subject_alt_names = vec![
        SanType::DnsName(format!("{name}.example.org").try_into().unwrap()),
        SanType::URI(uri.try_into().unwrap()),
    ];
}

fn in_the_past(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}
