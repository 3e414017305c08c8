//! Where a value came from.

use std::fmt;

/// Where a value came from, in words a reader can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The command line.
    Flag(String),
    /// The environment of the process.
    Env(String),
    /// A line of a `.env` file.
    DotEnv {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The variable; empty when the line could not be read.
        name: String,
    },
    /// A place in a TOML file.
    File {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// The default of the key.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::DotEnv { file, line, name } if name.is_empty() => write!(f, "{file} line {line}"),
            Self::DotEnv { file, line, name } => write!(f, "{file} line {line}, {name}"),
            Self::File { file, line, column } => write!(f, "{file} line {line} column {column}"),
            Self::Default => f.write_str("default"),
        }
    }
}
