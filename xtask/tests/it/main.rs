//! The program itself, on workspaces made for the purpose.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod command;
mod tidy;
