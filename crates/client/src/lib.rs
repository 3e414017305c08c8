//! Requests to other servers: the only way out of the house, with the address check in the
//! connector.
//!
//! There are two kinds of client, and which one it is stands in its type:
//!
//! - [`Client::guarded`] is for addresses that came from data: targets of webhooks, URLs of users.
//!   Every address is checked where the connection is made: after the name was looked up, for
//!   literals, for each redirect. What was checked is what is connected to, so a name that changes
//!   its answer (DNS rebinding) reaches nothing. What is refused is in [`AddressKind`].
//! - [`Client::trusted`] is for endpoints that the operator configured: a collector, an issuer. It
//!   reaches internal addresses, and the origins it was made for alone.
//!
//! ```no_run
//! use plumego_client::Client;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::guarded("webhooks").https_only().build()?;
//! let answer = client
//!     .post("https://hooks.example/in")
//!     .json(&["an event"])
//!     .idempotent()
//!     .send()
//!     .await?;
//! assert!(answer.status().is_success());
//!
//! let keys = Client::trusted("issuer", "https://id.internal:8443").build()?;
//! let answer = keys.get("https://id.internal:8443/jwks").send().await?.ok()?;
//! let jwks: serde_json::Value = answer.json().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It is no browser: no cookies, no cache, no decoding of bodies, no proxy (the environment is not
//! asked, for a proxy would look up the name again), no WebSocket. Not for requests to a database
//! or a broker: their drivers speak for themselves.
//!
//! # Limits
//!
//! Everything has a bound: time to connect, to the first byte and in all, the size of an answer and
//! of its head, requests at once, connections that wait. The table is at [`ClientBuilder`].
//!
//! # Cancel safety
//!
//! Dropping [`RequestBuilder::send`] or a [`Response`] ends the request, gives its place back and
//! closes its connection (HTTP/1.1) or stream (HTTP/2). Whether the other server saw it is unknown
//! then, as with any error after the connection came about.
//!
//! # Traces
//!
//! A request that is put together while another one is served carries `traceparent` (W3C Trace
//! Context), so that the other server continues the trace. `tracestate` is sent to trusted
//! endpoints alone.

mod address;
mod builder;
mod client;
mod connect;
mod connection;
mod download;
mod error;
mod gate;
mod meter;
mod metrics;
mod policy;
mod pool;
mod profile;
mod redirect;
mod request;
mod resolve;
mod response;
mod retry;
mod send;
mod tls;
mod upload;
mod url;

pub use self::address::AddressKind;
pub use self::builder::ClientBuilder;
pub use self::client::Client;
pub use self::error::{Error, RedirectError, Stage};
pub use self::policy::Refusal;
pub use self::profile::{Guarded, Profile, Trusted};
pub use self::request::RequestBuilder;
pub use self::resolve::{MAX_ADDRESSES, Resolve, Resolving, SystemResolver};
pub use self::response::Response;
pub use self::retry::{MAX_ATTEMPTS, Retry};
pub use self::url::{Host, MAX_URL_BYTES, Origin, Scheme, Url, UrlError};
