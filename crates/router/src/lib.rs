//! The router of Plumego: patterns, groups, handlers, names, freeze.
mod endpoint;
mod freeze;
mod frozen;
mod handler;
mod outcome;
mod pattern;
mod router;
mod slashes;
mod table;

pub use self::endpoint::{Endpoint, EndpointFuture};
pub use self::frozen::{Dispatch, Frozen, FrozenFuture, NO_PARAMS, ResponseFuture};
pub use self::handler::Handler;
pub use self::pattern::{MAX_SEGMENTS, Pattern, PatternError};
pub use self::router::Router;
pub use self::slashes::Slashes;
