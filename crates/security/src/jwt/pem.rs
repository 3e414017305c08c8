//! Keys as text (RFC 7468): writing them, and saying what a file is that is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::KeyError;

/// The text of RFC 7468.
pub(super) fn write(tag: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {tag}-----\n");
    let mut rest = STANDARD.encode(der);
    while !rest.is_empty() {
        let tail = rest.split_off(rest.len().min(64));
        text.push_str(&rest);
        text.push('\n');
        rest = tail;
    }
    text + "-----END " + tag + "-----\n"
}

/// Why this file is no private key of that kind, such as `a private RSA key`.
pub(super) fn not_private(what: &str, file: &[u8]) -> KeyError {
    let why = match label(file) {
        Some("EC PRIVATE KEY") => {
            "it is one in the old form SEC 1; turn it into PKCS #8 with `openssl pkcs8 -topk8 \
             -nocrypt -in key.pem`"
        }
        Some("ENCRYPTED PRIVATE KEY") => {
            "it is encrypted; keep it in clear where only this program reads it, by `openssl pkey \
             -in key.pem`"
        }
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => "it is the public half, which signs nothing",
        Some("CERTIFICATE") => "it is a certificate, which has the public half alone",
        _ => "make one with `openssl genpkey`",
    };
    KeyError::new(format!("the key is not {what} in a PEM file: {why}"))
}

/// Why this file is no public key of that kind.
pub(super) fn not_public(what: &str, file: &[u8]) -> KeyError {
    let why = match label(file) {
        Some("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "ENCRYPTED PRIVATE KEY") => {
            "it is a private key; take its public half with `openssl pkey -in key.pem -pubout`"
        }
        Some("CERTIFICATE") => {
            "it is a certificate; take its key with `openssl x509 -in cert.pem -pubkey -noout`"
        }
        _ => "expected `-----BEGIN PUBLIC KEY-----`",
    };
    KeyError::new(format!("the key is not {what} in a PEM file: {why}"))
}

/// What the first block says that it is, parameters of a curve aside.
fn label(file: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(file).ok()?;
    let mut labels = text.lines().filter_map(|line| {
        let label = line.trim().strip_prefix("-----BEGIN ")?;
        label.strip_suffix("-----")
    });
    labels.find(|label| *label != "EC PARAMETERS")
}
