//! What most programs use: `use plumego::prelude::*;`.
//!
//! The names are those of the field, so some are short (`Path`, `Text`, `Header`). A name that you
//! import by itself wins over one from here.

pub use crate::app::{
    App, AppBuilder, BuildInfo, Config, Guards, Handle, HealthEndpoints, MetricsEndpoint,
    ServerConfig,
};
pub use crate::component::{Component, Runner, Setup, StartContext, StopContext, StopToken};
#[cfg(feature = "multipart")]
pub use crate::contract::extract::Multipart;
#[cfg(feature = "validate")]
pub use crate::contract::extract::Valid;
pub use crate::contract::extract::{
    ClientIp, Context, Extension, Form, FromParts, FromRequest, Header, Headers, Host,
    MatchedRoute, Path, Query, State,
};
#[cfg(feature = "cookies")]
pub use crate::contract::extract::{Cookie, Cookies, SetCookie};
#[cfg(feature = "file")]
pub use crate::contract::respond::File;
pub use crate::contract::respond::{
    Event, Html, IntoResponse, Json, Ndjson, Redirect, SafeRedirect, Sse, Stream, Text, reply,
    respond,
};
pub use crate::contract::{
    Body, Error, FieldError, Health, HealthStatus, Limit, OnDisconnect, Request, RequestContext,
    RequestId, Response, ResultExt,
};
pub use crate::middleware::{Next, from_fn};
pub use crate::observe::trace::TraceContext;
pub use crate::router::{Router, Slashes};
