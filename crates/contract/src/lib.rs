//! The vocabulary of Plumego: request and response, body, error, extractors, health.
//!
//! Every other room speaks in these words, and so does an extension that a third party writes.
//! This crate knows no router, no server and no runtime beyond timers; it changes slowest of all.
//!
//! | I want to … | look at |
//! | --- | --- |
//! | take something out of a request | [`extract`] |
//! | answer with something | [`mod@respond`] |
//! | answer with an error | [`Error`] and its [table of codes](CODES) |
//! | know about the request in a layer | [`RequestContext`] |
//! | know what a client accepts | [`accept`], [`coding`] |
//! | know which bytes it asks for | [`range`] |
//! | hold the conditions of a request against a state | [`conditional`] |
//! | make the name of a file harmless | [`file_name`] |
//! | say who asks and what they may do | [`auth`] |
//! | say how a component fares | [`Health`] |

pub mod accept;
pub mod auth;
mod body;
pub mod coding;
pub mod conditional;
mod context;
mod error;
pub mod extract;
pub mod file_name;
mod health;
mod problem;
pub mod range;
pub mod respond;
mod route;
mod route_table;

pub use self::body::{Body, BoxError};
pub use self::context::{
    Adjust, AppContext, BoxTask, Client, Connection, ConnectionContext, ForwardedHeader,
    JsonConfig, LateFields, MAX_AFTER_RESPONSE_TASKS, MultipartConfig, Params,
    ParseForwardedHeaderError, ParseTrustedProxiesError, RequestContext, RequestId, SpawnTask,
    StateMap, TrustedProxies, UnixPeer, UnknownFields,
};
pub use self::error::{
    CODES, Category, Code, Error, ErrorFormat, ErrorReport, FieldError, MAX_FIELD_ERRORS, Message,
    ResultExt, codes,
};
pub use self::extract::{Context, FromParts, FromRequest, Needs, State};
pub use self::health::{Health, HealthStatus};
pub use self::problem::{Problem, Problems};
#[cfg(feature = "file")]
pub use self::respond::File;
pub use self::respond::{
    Binary, Event, Html, IntoResponse, Json, Ndjson, Redirect, Reply, SafeRedirect, Sse, Stream,
    Streaming, Text, reply, respond,
};
pub use self::route::{
    AutomaticOptions, Methods, NoHandler, OnDisconnect, RouteInfo, RouteTimeout,
};
pub use self::route_table::RouteTable;
pub use bytes::Bytes;
pub use plumego_stdx::Limit;

/// A request, with the toolkit's body.
pub type Request<B = Body> = http::Request<B>;

/// A response, with the toolkit's body.
pub type Response<B = Body> = http::Response<B>;
