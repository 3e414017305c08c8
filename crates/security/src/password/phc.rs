//! Reading stored hashes. No foreign parser stands between a stored text and its limits.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

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
        "pbkdf2-sha256" => pbkdf2(Digest::Sha256, rest),
        "pbkdf2-sha512" => pbkdf2(Digest::Sha512, rest),
        "2a" | "2b" | "2y" => bcrypt(text, rest),
        _ => Err(UNKNOWN),
    }
}

const UNKNOWN: PasswordError = PasswordError::Malformed("its algorithm is not known");

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

/// Those of Django, whose salt is text, and those with nothing but the rounds before.
fn without_prefix(text: &str) -> Parsed {
    if let Some(rest) = text.strip_prefix("pbkdf2_sha256$") {
        let [rounds, salt, hash] = split(rest)?;
        return Ok(Stored::Pbkdf2 {
            digest: Digest::Sha256,
            rounds: decimal(rounds)?,
            salt: salt.as_bytes().to_vec(),
            hash: bytes(hash)?,
        });
    }
    let [rounds, salt, hash] = split(text).map_err(|_| UNKNOWN)?;
    Ok(Stored::Pbkdf2 {
        digest: Digest::Sha512,
        rounds: decimal(rounds).map_err(|_| UNKNOWN)?,
        salt: bytes(salt)?,
        hash: bytes(hash)?,
    })
}

fn split(text: &str) -> Result<[&str; 3], PasswordError> {
    let mut parts = text.split('$');
    let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(fields());
    let three = [next()?, next()?, next()?];
    match parts.next() {
        None => Ok(three),
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

fn bytes(text: &str) -> Result<Vec<u8>, PasswordError> {
    let bytes = BASE64
        .decode(text)
        .map_err(|_| PasswordError::Malformed("a field is not base64"))?;
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
