//! Values that must not be printed, and comparing them without a timing hint.
//!
//! ```
//! use plumego_stdx::Secret;
//!
//! let token = Secret::new(String::from("s3cr3t"));
//! assert_eq!(format!("{token} {token:?}"), "[secret] [secret]");
//! assert!(token.matches("s3cr3t"));
//! assert!(!token.matches("s3cr3T"));
//! assert_eq!(token.expose(), "s3cr3t");
//! ```
//!
//! The memory is not wiped when a secret is dropped; a core dump may hold it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

const REDACTED: &str = "[secret]";

/// A value whose `Debug`, `Display` and `Serialize` say `[secret]`.
///
/// Reading it takes an [`expose`](Self::expose), which a reviewer can search for. There is no
/// `==`: compare with [`matches`](Self::matches). `Deserialize` reads the bare value.
#[derive(Clone, Copy, Default)]
pub struct Secret<T> {
    value: T,
}

impl<T> Secret<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self { value }
    }

    /// The value itself. Do not log it.
    pub const fn expose(&self) -> &T {
        &self.value
    }

    /// The value itself, taken out. Do not log it.
    pub fn into_exposed(self) -> T {
        self.value
    }
}

impl<T: AsRef<[u8]>> Secret<T> {
    /// Whether `candidate` is the secret, by [`ct_eq`].
    pub fn matches<C: AsRef<[u8]> + ?Sized>(&self, candidate: &C) -> bool {
        ct_eq(self.value.as_ref(), candidate.as_ref())
    }
}

/// By [`ct_eq`].
impl<T: AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.value)
    }
}

impl<T: AsRef<[u8]>> Eq for Secret<T> {}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

/// Asks for a newtype named `Secret`, so that a deserializer can tell what must not be printed.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = SecretVisitor(PhantomData);
        deserializer.deserialize_newtype_struct("Secret", visitor)
    }
}

struct SecretVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SecretVisitor<T> {
    type Value = Secret<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Secret<T>, D::Error> {
        T::deserialize(inner).map(Secret::new)
    }
}

/// Whether two byte strings are equal, in a time that depends on their length only.
///
/// Different lengths answer at once, so the length of a secret is not hidden.
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
