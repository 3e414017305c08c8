use argon2::{Algorithm, Argon2, Block, Params, Version};
use plumego_contract::Problems;
use plumego_stdx::random;

use super::stored::Stored;
use super::{PasswordConfig, PasswordError, phc};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Makes and checks stored passwords. See the [module](super).
#[derive(Debug, Clone)]
pub struct Passwords {
    config: PasswordConfig,
    params: Params,
}

/// What a stored hash says of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one. When it needs a rehash, store [`Passwords::hash`] of the same password now.
    Match {
        /// Whether the stored hash was not made as new ones are.
        needs_rehash: bool,
    },
    /// It is another one, or nobody has that name.
    Mismatch,
}

impl Verdict {
    /// Whether it is the password.
    pub const fn is_match(self) -> bool {
        matches!(self, Self::Match { .. })
    }
}

/// Runs Argon2 in memory of its own, which is given back at once: a budget counts what is in use.
pub(super) fn fill(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    made: &mut [u8],
) -> Result<(), PasswordError> {
    let blocks = argon2.params().block_count();
    let mut memory: Vec<Block> = Vec::new();
    let reserved = memory.try_reserve_exact(blocks);
    reserved.map_err(|error| PasswordError::Unavailable(error.to_string()))?;
    memory.resize(blocks, Block::default());
    argon2
        .hash_password_into_with_memory(password, salt, made, memory.as_mut_slice())
        .map_err(|error| PasswordError::Unavailable(error.to_string()))
}

impl Default for Passwords {
    /// With [`PasswordConfig::default`].
    fn default() -> Self {
        Self {
            config: PasswordConfig::default(),
            params: Params::DEFAULT,
        }
    }
}

impl Passwords {
    /// As the configuration says.
    ///
    /// # Errors
    /// All that is out of its bounds.
    pub fn new(config: PasswordConfig) -> Result<Self, Problems> {
        config.problems().into_result(())?;
        let (memory, passes, lanes) = (config.memory_kib, config.passes, config.lanes);
        match Params::new(memory, passes, lanes, Some(HASH_BYTES)) {
            Ok(params) => Ok(Self { config, params }),
            Err(error) => {
                let mut problems = Problems::new();
                problems.push(plumego_contract::Problem::new(format!(
                    "passwords: {error}"
                )));
                Err(problems)
            }
        }
    }

    /// What it was made of.
    pub fn config(&self) -> &PasswordConfig {
        &self.config
    }

    /// The text to store for a password: an Argon2id PHC string with a salt of its own.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`]; [`PasswordError::Unavailable`].
    pub fn hash(&self, password: &str) -> Result<String, PasswordError> {
        self.check_length(password)?;
        let mut salt = [0_u8; SALT_BYTES];
        random::fill(&mut salt).map_err(|error| PasswordError::Unavailable(error.to_string()))?;
        let hash = self.derive(password, &salt)?;
        Ok(phc::argon2id(&self.params, &salt, &hash))
    }

    /// Whether the password is the stored one. `None` stands for a user that there is not: the
    /// answer is [`Verdict::Mismatch`], after as much work as a hash of today takes, so that names
    /// cannot be told by the time.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`], [`PasswordError::Malformed`], [`PasswordError::Excessive`],
    /// [`PasswordError::Unavailable`].
    pub fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict, PasswordError> {
        self.check_length(password)?;
        let Some(stored) = stored else {
            let hash = self.derive(password, &[0; SALT_BYTES])?;
            // Kept from being optimised away; nothing is stored for nobody.
            std::hint::black_box(hash);
            return Ok(Verdict::Mismatch);
        };
        let stored = self.read(stored)?;
        if stored.matches(password.as_bytes())? {
            let needs_rehash = stored.is_outdated(&self.config);
            Ok(Verdict::Match { needs_rehash })
        } else {
            Ok(Verdict::Mismatch)
        }
    }

    /// The memory that checking this stored hash takes, in KiB; that of a new hash for `None`.
    ///
    /// # Errors
    /// [`PasswordError::Malformed`], [`PasswordError::Excessive`].
    pub fn memory_kib(&self, stored: Option<&str>) -> Result<u32, PasswordError> {
        let Some(stored) = stored else {
            return Ok(self.config.memory_kib);
        };
        let memory = self.read(stored)?.memory_kib();
        Ok(u32::try_from(memory).unwrap_or(u32::MAX))
    }

    fn read(&self, stored: &str) -> Result<Stored, PasswordError> {
        let stored = phc::parse(stored)?;
        stored.check(&self.config.ceilings)?;
        Ok(stored)
    }

    fn check_length(&self, password: &str) -> Result<(), PasswordError> {
        let most = self.config.max_password_bytes;
        if password.len() > most {
            return Err(PasswordError::TooLong(most));
        }
        Ok(())
    }

    fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; HASH_BYTES], PasswordError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut made = [0_u8; HASH_BYTES];
        fill(&argon2, password.as_bytes(), salt, &mut made)?;
        Ok(made)
    }
}
