//! A stored hash, what it costs, and what it says of a password.

use argon2::{Algorithm, Argon2, Params, Version};
use plumego_stdx::ct_eq;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::verify;
use super::{PasswordCeilings, PasswordConfig, PasswordError};

/// The shortest hash that is taken: fewer bits could be guessed.
const MIN_HASH_BYTES: usize = 16;

/// The shortest salt that Argon2 takes.
const MIN_ARGON2_SALT_BYTES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

pub(super) enum Stored {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Pbkdf2 {
        digest: Digest,
        rounds: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Bcrypt {
        cost: u32,
        whole: String,
    },
}

impl Stored {
    /// The memory that checking takes, in KiB.
    pub(super) fn memory_kib(&self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, .. } => u64::from(*memory_kib),
            Self::Scrypt { log_n, r, p, .. } => {
                let n = 1_u64.checked_shl(u32::from(*log_n)).unwrap_or(u64::MAX);
                let blocks = n.saturating_add(u64::from(*p));
                blocks.saturating_mul(u64::from(*r)).saturating_mul(128) / 1024
            }
            Self::Pbkdf2 { .. } => 1,
            Self::Bcrypt { .. } => 5,
        }
    }

    /// Refuses what asks for too much, and what is too little to be a hash.
    pub(super) fn check(&self, ceilings: &PasswordCeilings) -> Result<(), PasswordError> {
        at_most(
            "memory in KiB",
            self.memory_kib(),
            u64::from(ceilings.memory_kib),
        )?;
        match self {
            Self::Argon2 {
                passes,
                lanes,
                salt,
                hash,
                ..
            } => {
                at_most("passes of Argon2", *passes, ceilings.argon2_passes)?;
                at_most("lanes of Argon2", *lanes, ceilings.argon2_lanes)?;
                long_enough(salt, MIN_ARGON2_SALT_BYTES)?;
                long_enough(hash, MIN_HASH_BYTES)
            }
            Self::Scrypt { r, p, hash, .. } => {
                let work = self
                    .memory_kib()
                    .saturating_mul(8)
                    .saturating_mul((*p).into());
                at_most("work of scrypt", work, ceilings.scrypt_work)?;
                if *r == 0 || *p == 0 {
                    return Err(PasswordError::Malformed("a parameter of scrypt is 0"));
                }
                long_enough(hash, MIN_HASH_BYTES)
            }
            Self::Pbkdf2 { rounds, hash, .. } => {
                at_most("rounds of PBKDF2", *rounds, ceilings.pbkdf2_rounds)?;
                if *rounds == 0 {
                    return Err(PasswordError::Malformed("its rounds are 0"));
                }
                long_enough(hash, MIN_HASH_BYTES)
            }
            Self::Bcrypt { cost, .. } => at_most("cost of bcrypt", *cost, ceilings.bcrypt_cost),
        }
    }

    /// Whether it was not made as new ones are.
    pub(super) fn is_outdated(&self, config: &PasswordConfig) -> bool {
        match self {
            Self::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: Version::V0x13,
                memory_kib,
                passes,
                lanes,
                ..
            } => {
                let now = (config.memory_kib, config.passes, config.lanes);
                (*memory_kib, *passes, *lanes) != now
            }
            _ => true,
        }
    }

    /// Whether it is the hash of this password. In constant time, once computed.
    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, PasswordError> {
        let mut made = [0_u8; 128];
        let hash = match self {
            Self::Bcrypt { whole, .. } => {
                return bcrypt::verify(password, whole)
                    .map_err(|_| PasswordError::Malformed("bcrypt does not take it"));
            }
            Self::Argon2 { hash, .. } | Self::Scrypt { hash, .. } | Self::Pbkdf2 { hash, .. } => {
                hash
            }
        };
        let made = made.get_mut(..hash.len()).ok_or(TOO_LONG)?;
        self.derive(password, made)?;
        Ok(ct_eq(made, hash))
    }

    fn derive(&self, password: &[u8], made: &mut [u8]) -> Result<(), PasswordError> {
        match self {
            Self::Argon2 {
                algorithm,
                version,
                memory_kib,
                passes,
                lanes,
                salt,
                ..
            } => {
                let params = Params::new(*memory_kib, *passes, *lanes, Some(made.len()))
                    .map_err(|_| PasswordError::Malformed("Argon2 does not take its parameters"))?;
                let argon2 = Argon2::new(*algorithm, *version, params);
                verify::fill(&argon2, password, salt, made)
            }
            Self::Scrypt {
                log_n, r, p, salt, ..
            } => {
                const WRONG: PasswordError =
                    PasswordError::Malformed("scrypt does not take its parameters");
                let params = scrypt::Params::new(*log_n, *r, *p).map_err(|_| WRONG)?;
                scrypt::scrypt(password, salt, &params, made).map_err(|_| WRONG)
            }
            Self::Pbkdf2 {
                digest,
                rounds,
                salt,
                ..
            } => {
                match digest {
                    Digest::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, *rounds, made),
                    Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, made),
                    Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *rounds, made),
                }
                Ok(())
            }
            Self::Bcrypt { .. } => Ok(()),
        }
    }
}

const TOO_LONG: PasswordError = PasswordError::Malformed("its hash is too long");

fn at_most<N: PartialOrd + std::fmt::Display + Copy>(
    what: &str,
    found: N,
    most: N,
) -> Result<(), PasswordError> {
    if found > most {
        let message = format!("{what}: {found}, at most {most}");
        return Err(PasswordError::Excessive(message));
    }
    Ok(())
}

const fn long_enough(bytes: &[u8], least: usize) -> Result<(), PasswordError> {
    if bytes.len() < least {
        return Err(PasswordError::Malformed(
            "its salt or its hash is too short",
        ));
    }
    Ok(())
}
