//! Who asks: key rings, token pairs, sessions, password hashing and API keys. What has state or
//! input and output lives here; the pure decisions are in `plumego-security`.
//!
//! | I want to … | look at |
//! | --- | --- |
//! | sign tokens with keys that change | [`ring`] |
//! | let somebody in with access and refresh tokens | [`tokens`] |
//! | show my public keys, or take the tokens of another issuer | [`jwks`] |
//! | hash passwords without starving other routes | [`hasher`] |
//! | sessions of browsers, by a cookie | [`session`] |
//! | let programs in by a key | [`api_key`] |
//! | write a store of my own | [`conformance`] |

pub mod api_key;
pub mod conformance;
pub mod hasher;
pub mod jwks;
pub mod ring;
pub mod session;
pub mod tokens;
