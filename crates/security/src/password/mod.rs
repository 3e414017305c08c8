//! Passwords: how they are kept, and which are good enough.
//!
//! [`Passwords`] makes and checks the text that is stored for a password. New ones are Argon2id
//! (RFC 9106) as a PHC string; those of bcrypt, scrypt and PBKDF2 that another system left are
//! checked too, and told to be made anew. [`PasswordPolicy`] says whether a new password is good
//! enough, after NIST SP 800-63B-4.
//!
//! Hashing takes tens of milliseconds and tens of megabytes on purpose. Do not call it on a thread
//! that serves requests: `plumego::identity::Hasher` runs it on threads of its own, with a bound.
//!
//! ```
//! use plumego_security::password::{PasswordPolicy, Passwords, Verdict};
//!
//! let passwords = Passwords::default();
//! PasswordPolicy::default().check("correct horse battery staple", &["ada", "acme"])?;
//! let stored = passwords.hash("correct horse battery staple")?;
//! assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//!
//! let verdict = passwords.verify("correct horse battery staple", Some(&stored))?;
//! assert_eq!(verdict, Verdict::Match { needs_rehash: false });
//! // Nobody of that name: as much work, and no match.
//! assert_eq!(passwords.verify("correct horse battery staple", None)?, Verdict::Mismatch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! | stored text | from |
//! | --- | --- |
//! | `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, also `argon2i` and `argon2d` | RFC 9106, PHC |
//! | `$2a$`, `$2b$`, `$2y$` and a cost | bcrypt; the first 72 bytes of the password count |
//! | `$scrypt$ln=…,r=…,p=…$salt$hash` | scrypt (RFC 7914), PHC |
//! | `$pbkdf2-sha256$i=…$salt$hash`, `$pbkdf2-sha256$29000$salt$hash` | PBKDF2 (RFC 8018), PHC, passlib |
//! | `$pbkdf2-sha512$…`, `$pbkdf2-sha1$…`, `$pbkdf2$…`, which is SHA-1 | the same |
//! | `pbkdf2_sha256$600000$salt$hash`, `pbkdf2_sha1$…` | Django |
//! | `scrypt$16384$salt$8$5$hash`, `argon2$argon2id$…`, `bcrypt$$2b$…` | Django |
//! | `pbkdf2:sha256:600000$salt$hash`, also `sha1`, `sha512`; `scrypt:32768:8:1$salt$hash` | Werkzeug |
//! | `210000$salt$hash` | PBKDF2 with SHA-512, and no name |
//!
//! Anything else is [`PasswordError::Malformed`]: hashes that are fast (MD5, SHA, with a salt or
//! without), `crypt`, `bcrypt_sha256`, PBKDF2 over other digests, and hashes shorter than 16 bytes.
//! SHA-1 is safe below PBKDF2, where collisions do no harm; nothing new is made with it.
//!
//! # Limits and defaults
//!
//! | | default | beyond it |
//! | --- | --- | --- |
//! | length of a password | 1,024 bytes | [`PasswordError::TooLong`], before anything is hashed |
//! | new hashes | Argon2id, 19 MiB, 2 passes, 1 lane | |
//! | memory a stored hash may ask for | 128 MiB | [`PasswordError::Excessive`] |
//! | passes of Argon2, lanes | 10, 16 | [`PasswordError::Excessive`] |
//! | work of scrypt (`N·r·p`) | 2²¹ | [`PasswordError::Excessive`] |
//! | rounds of PBKDF2 | 2,000,000 | [`PasswordError::Excessive`] |
//! | cost of bcrypt | 14 | [`PasswordError::Excessive`] |
//! | stored text | 512 bytes | [`PasswordError::Malformed`] |
//!
//! Passwords are taken as they come, byte for byte: never cut, never changed.

mod config;
mod error;
mod first_tried;
mod phc;
mod policy;
mod stored;
mod verify;

pub use self::config::{PasswordCeilings, PasswordConfig};
pub use self::error::PasswordError;
pub use self::policy::{PasswordPolicy, Weakness};
pub use self::verify::{Passwords, Verdict};
