//! Reading stored hashes. No foreign parser stands between a stored text and its limits.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use plumego_stdx::hex;

use super::PasswordError;
use super::stored::{Digest, Stored};

/// The longest text that is read, in bytes.
const MAX_STORED_BYTES: usize = 512;

/// Salts and hashes beyond that are nobody's.
const MAX_FIELD_BYTES: usize = 128;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

type Parsed = Result<Stored, PasswordError>;

pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > MAX_STORED_BYTES {
        return Err(PasswordError::Malformed("it is longer than 512 bytes"));
    }
    let Some(rest) = text.strip_prefix('$') else {
        return without_prefix(text);
    };
    let (name, rest) = rest.split_once('$').ok_or(UNKNOWN)?;
    match name {
        "argon2id" => argon2(argon2::Algorithm::Argon2id, rest),
        "argon2i" => argon2(argon2::Algorithm::Argon2i, rest),
        "argon2d" => argon2(argon2::Algorithm::Argon2d, rest),
        "scrypt" => scrypt(rest),
        "pbkdf2" | "pbkdf2-sha1" => pbkdf2(Digest::Sha1, rest),
        "pbkdf2-sha256" => pbkdf2(Digest::Sha256, rest),
        "pbkdf2-sha512" => pbkdf2(Digest::Sha512, rest),
        "2a" | "2b" | "2y" => bcrypt(text, rest),
        _ => Err(UNKNOWN),
    }
}

const UNKNOWN: PasswordError = PasswordError::Malformed(
    "its algorithm is none of Argon2, scrypt, bcrypt and PBKDF2 in a form that is known",
);

fn argon2(algorithm: argon2::Algorithm, rest: &str) -> Parsed {
    let (version, rest) = match rest.strip_prefix("v=") {
        Some(rest) => rest.split_once('$').ok_or(fields())?,
        None => ("16", rest),
    };
    let version = match version {
        "19" => argon2::Version::V0x13,
        "16" => argon2::Version::V0x10,
        _ => {
            return Err(PasswordError::Malformed(
                "its version of Argon2 is not known",
            ));
        }
    };
    let [params, salt, hash] = split(rest)?;
    Ok(Stored::Argon2 {
        algorithm,
        version,
        memory_kib: param(params, "m")?,
        passes: param(params, "t")?,
        lanes: param(params, "p")?,
        salt: bytes(salt)?,
        hash: bytes(hash)?,
    })
}

fn scrypt(rest: &str) -> Parsed {
    let [params, salt, hash] = split(rest)?;
    let log_n = param(params, "ln")?;
    Ok(Stored::Scrypt {
        log_n: u8::try_from(log_n).map_err(|_| number())?,
        r: param(params, "r")?,
        p: param(params, "p")?,
        salt: bytes(salt)?,
        hash: bytes(hash)?,
    })
}

/// The PHC form names its rounds, that of passlib does not and writes `.` for `+`.
fn pbkdf2(digest: Digest, rest: &str) -> Parsed {
    let [params, salt, hash] = split(rest)?;
    let rounds = if params.contains('=') {
        param(params, "i")?
    } else {
        decimal(params)?
    };
    Ok(Stored::Pbkdf2 {
        digest,
        rounds,
        salt: bytes(&salt.replace('.', "+"))?,
        hash: bytes(&hash.replace('.', "+"))?,
    })
}

fn bcrypt(whole: &str, rest: &str) -> Parsed {
    let (cost, tail) = rest.split_once('$').ok_or(fields())?;
    let is_alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'/';
    if cost.len() != 2 || tail.len() != 53 || !tail.bytes().all(is_alphabet) {
        return Err(fields());
    }
    Ok(Stored::Bcrypt {
        cost: decimal(cost)?,
        whole: whole.to_owned(),
    })
}

/// Those of Django and Werkzeug, and those with nothing but the rounds before.
fn without_prefix(text: &str) -> Parsed {
    if let Some((name, rest)) = text.split_once('$') {
        match name {
            "pbkdf2_sha1" => return django(Digest::Sha1, rest),
            "pbkdf2_sha256" => return django(Digest::Sha256, rest),
            "scrypt" => return django_scrypt(rest),
            // The PHC string, and that of bcrypt, behind a name.
            "argon2" => return parse(&format!("${rest}")),
            "bcrypt" if rest.starts_with('$') => return parse(rest),
            _ if name.contains(':') => return werkzeug(name, rest),
            _ => {}
        }
    }
    let [rounds, salt, hash] = split(text).map_err(|_| UNKNOWN)?;
    Ok(Stored::Pbkdf2 {
        digest: Digest::Sha512,
        rounds: decimal(rounds).map_err(|_| UNKNOWN)?,
        salt: bytes(salt)?,
        hash: bytes(hash)?,
    })
}

/// The salt is text.
fn django(digest: Digest, rest: &str) -> Parsed {
    let [rounds, salt, hash] = split(rest)?;
    Ok(Stored::Pbkdf2 {
        digest,
        rounds: decimal(rounds)?,
        salt: salt.as_bytes().to_vec(),
        hash: bytes(hash)?,
    })
}

fn django_scrypt(rest: &str) -> Parsed {
    let [n, salt, r, p, hash] = split(rest)?;
    Ok(Stored::Scrypt {
        log_n: log2(n)?,
        r: decimal(r)?,
        p: decimal(p)?,
        salt: salt.as_bytes().to_vec(),
        hash: bytes(hash)?,
    })
}

/// `pbkdf2:sha256:600000` or `scrypt:32768:8:1`; the salt is text, the hash hexadecimal.
fn werkzeug(method: &str, rest: &str) -> Parsed {
    let [salt, hash] = split(rest)?;
    let (salt, hash) = (salt.as_bytes().to_vec(), digits(hash)?);
    let parts: Vec<&str> = method.splitn(5, ':').collect();
    match *parts {
        ["pbkdf2", digest, rounds] => Ok(Stored::Pbkdf2 {
            digest: match digest {
                "sha1" => Digest::Sha1,
                "sha256" => Digest::Sha256,
                "sha512" => Digest::Sha512,
                _ => return Err(UNKNOWN),
            },
            rounds: decimal(rounds)?,
            salt,
            hash,
        }),
        ["scrypt", n, r, p] => Ok(Stored::Scrypt {
            log_n: log2(n)?,
            r: decimal(r)?,
            p: decimal(p)?,
            salt,
            hash,
        }),
        _ => Err(UNKNOWN),
    }
}

fn split<const N: usize>(text: &str) -> Result<[&str; N], PasswordError> {
    let mut parts = text.split('$');
    let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(fields());
    let mut found = [""; N];
    for field in &mut found {
        *field = next()?;
    }
    match parts.next() {
        None => Ok(found),
        Some(_) => Err(fields()),
    }
}

/// The number of that name in `m=19456,t=2,p=1`, which must be there once.
fn param(params: &str, name: &str) -> Result<u32, PasswordError> {
    let mut found = params
        .split(',')
        .filter_map(|param| param.split_once('='))
        .filter(|(key, _)| *key == name);
    let (_, value) = found.next().ok_or(number())?;
    match found.next() {
        None => decimal(value),
        Some(_) => Err(number()),
    }
}

/// Decimal digits and nothing else: `parse` alone would take a sign.
fn decimal(text: &str) -> Result<u32, PasswordError> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(number());
    }
    text.parse().map_err(|_| number())
}

/// The exponent of a power of two.
fn log2(text: &str) -> Result<u8, PasswordError> {
    let n = decimal(text)?;
    if !n.is_power_of_two() {
        return Err(number());
    }
    u8::try_from(n.ilog2()).map_err(|_| number())
}

fn digits(text: &str) -> Result<Vec<u8>, PasswordError> {
    const WRONG: PasswordError = PasswordError::Malformed("a field is not hexadecimal");
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| hex::decode(pair).map(|[byte]| byte);
    sized(pairs.map(byte).collect::<Option<_>>().ok_or(WRONG)?)
}

fn bytes(text: &str) -> Result<Vec<u8>, PasswordError> {
    let bytes = BASE64
        .decode(text)
        .map_err(|_| PasswordError::Malformed("a field is not base64"))?;
    sized(bytes)
}

fn sized(bytes: Vec<u8>) -> Result<Vec<u8>, PasswordError> {
    if bytes.is_empty() || bytes.len() > MAX_FIELD_BYTES {
        return Err(PasswordError::Malformed("a field has no sensible length"));
    }
    Ok(bytes)
}

const fn fields() -> PasswordError {
    PasswordError::Malformed("its fields are not those of its algorithm")
}

const fn number() -> PasswordError {
    PasswordError::Malformed("a number in it is missing, twice there, or no number")
}

/// The PHC string of a new hash.
pub(super) fn argon2id(params: &argon2::Params, salt: &[u8], hash: &[u8]) -> String {
    let encode = |bytes| base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        encode(salt),
        encode(hash)
    )
}
