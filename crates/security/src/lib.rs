//! Decisions that protect a service. Pure: no input or output, no task, no global, no clock.
//!
//! What a decision depends on (the time, the key, whether the connection is secure) comes in as an
//! argument, so that everything here can be tested and audited alone. The layers that put these
//! decisions in front of a service are in `plumego-middleware`.
//!
//! | I want to … | look at |
//! | --- | --- |
//! | bound how often somebody may ask | [`limit`] |
//! | tell browsers what a page may do | [`headers`] |
//! | check text from outside, escape it for HTML | [`input`] |
//! | keep and check passwords | [`password`](crate#features) (feature `password`) |
//! | sign and verify tokens | [`jwt`](crate#features) (feature `jwt`) |

pub mod headers;
pub mod input;
#[cfg(feature = "jwt")]
pub mod jwt;
pub mod limit;
#[cfg(feature = "password")]
pub mod password;
