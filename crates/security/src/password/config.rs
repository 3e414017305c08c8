use plumego_contract::{Problem, Problems};

/// How new hashes are made, and what an old one may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordConfig {
    /// The memory of a new hash in KiB. Default: 19,456 (19 MiB), at least 8 for each lane and at
    /// most the ceiling.
    pub memory_kib: u32,
    /// The passes of a new hash over its memory. Default: 2.
    pub passes: u32,
    /// The lanes of a new hash. Default: 1.
    pub lanes: u32,
    /// The longest password, in bytes. Default: 1,024; at least 64 (ASVS 5.0, 6.2.9).
    pub max_password_bytes: usize,
    /// What a stored hash may ask for.
    pub ceilings: PasswordCeilings,
}

/// The most that a stored hash may ask for. Whoever can write into the table of users could have
/// one login take all memory otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordCeilings {
    /// Memory in KiB, of Argon2 and of scrypt. Default: 131,072 (128 MiB).
    pub memory_kib: u32,
    /// Passes of Argon2. Default: 10.
    pub argon2_passes: u32,
    /// Lanes of Argon2. Default: 16.
    pub argon2_lanes: u32,
    /// Work of scrypt, the product of `N`, `r` and `p`. Default: 2,097,152.
    pub scrypt_work: u64,
    /// Rounds of PBKDF2. Default: 2,000,000.
    pub pbkdf2_rounds: u32,
    /// Cost of bcrypt. Default: 14.
    pub bcrypt_cost: u32,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            max_password_bytes: 1024,
            ceilings: PasswordCeilings::default(),
        }
    }
}

impl Default for PasswordCeilings {
    fn default() -> Self {
        Self {
            memory_kib: 128 * 1024,
            argon2_passes: 10,
            argon2_lanes: 16,
            scrypt_work: 1 << 21,
            pbkdf2_rounds: 2_000_000,
            bcrypt_cost: 14,
        }
    }
}

impl PasswordConfig {
    /// What is wrong with it.
    pub(super) fn problems(&self) -> Problems {
        let mut problems = Problems::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(Problem::new(format!("passwords: {what}")));
            }
        };
        let ceilings = &self.ceilings;
        let (memory, most) = (self.memory_kib, ceilings.memory_kib);
        check(
            memory / 8 >= self.lanes && memory <= most,
            format!("memory_kib is {memory}: expected 8 for each lane, at most {most}"),
        );
        check(
            (1..=ceilings.argon2_passes).contains(&self.passes),
            format!(
                "passes is {}: expected 1 to {}",
                self.passes, ceilings.argon2_passes
            ),
        );
        check(
            (1..=ceilings.argon2_lanes).contains(&self.lanes),
            format!(
                "lanes is {}: expected 1 to {}",
                self.lanes, ceilings.argon2_lanes
            ),
        );
        let bytes = self.max_password_bytes;
        check(
            (64..=65_536).contains(&bytes),
            format!("max_password_bytes is {bytes}: expected 64 to 65536"),
        );
        problems
    }
}
