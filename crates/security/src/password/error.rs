use std::fmt;

use plumego_contract::Error;

/// Why a password was neither kept nor checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// The password is longer than this many bytes: `422`.
    TooLong(usize),
    /// The stored text is none that is known: `500`. The text is not shown.
    Malformed(&'static str),
    /// The stored text asks for more than the ceilings allow: `500`.
    Excessive(String),
    /// The system gave no random bytes, or no memory: `500`.
    Unavailable(String),
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(most) => write!(f, "the password is longer than {most} bytes"),
            Self::Malformed(why) => write!(f, "the stored password hash is malformed: {why}"),
            Self::Excessive(what) => {
                write!(f, "the stored password hash asks for too much: {what}")
            }
            Self::Unavailable(why) => write!(f, "the password was not hashed: {why}"),
        }
    }
}

impl std::error::Error for PasswordError {}

/// What is wrong with a stored hash is for the log alone.
impl From<PasswordError> for Error {
    #[track_caller]
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooLong(most) => {
                Self::validation("password", format!("At most {most} bytes."))
            }
            other => Self::internal(other),
        }
    }
}
