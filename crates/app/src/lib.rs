//! The server of Plumego: bind, serve, drain, stop.

pub mod server;
