use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use plumego_router::Router;
use plumego_stdx::Timestamp;

use crate::ring::KeyRing;

/// Where a key set is by custom (`OpenID` Connect Discovery leaves the path open).
pub const JWKS_PATH: &str = "/.well-known/jwks.json";

/// How long others may keep the set. A new key is announced for longer than that.
const KEEP: &str = "public, max-age=300";

/// The route that shows the public keys of a ring at [`JWKS_PATH`]: those that verify now, and
/// those that will sign. Shared secrets are never shown.
///
/// The answer is `application/jwk-set+json` (RFC 7517, section 8.5) and may be kept for 5 minutes.
#[must_use]
pub fn routes(ring: &KeyRing) -> Router {
    let ring = ring.clone();
    Router::new()
        .get(JWKS_PATH, async move || {
            let headers = [
                (CONTENT_TYPE, "application/jwk-set+json"),
                (CACHE_CONTROL, KEEP),
            ];
            (headers, ring.at(Timestamp::now()).to_jwks())
        })
        .public()
        .description("The public keys that verify our tokens")
}
