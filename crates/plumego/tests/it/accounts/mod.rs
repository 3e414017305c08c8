//! Those who sign in, over real sockets.

mod login_flood;
mod migration;
mod sessions;
