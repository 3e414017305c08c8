//! Conditions of requests (RFC 9110, section 13): entity tags, validators, and what they come to.
//!
//! Pure decisions. Whoever answers requests with conditions without a body to look at uses them;
//! for the answers of handlers there is the layer `ConditionalLayer`.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, Method, header};
//! use plumego_contract::conditional::{EntityTag, Validators, Verdict, evaluate};
//!
//! let mut asked = HeaderMap::new();
//! asked.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"v7\""));
//! let current = Validators::tagged(EntityTag::strong("v7"));
//! assert_eq!(evaluate(&Method::GET, &asked, Some(&current)), Verdict::NotModified);
//! assert_eq!(evaluate(&Method::PUT, &asked, Some(&current)), Verdict::Failed);
//! ```
//!
//! # Limits and defaults
//! Of a list in `If-Match` or `If-None-Match` the first 64 members are looked at, and nothing after
//! a malformed one.

mod evaluate;
mod tag;
mod validators;

pub use self::evaluate::{Verdict, evaluate, has_conditions};
pub use self::tag::EntityTag;
pub use self::validators::Validators;
