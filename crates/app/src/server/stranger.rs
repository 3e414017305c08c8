//! Says once that somebody forwards who is not believed.

use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use plumego_contract::{Connection, TrustedProxies};

static FORWARDING: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-forwarded-for")];

/// Whether it has been said. Anybody can send these headers, so it is said once and no more.
#[derive(Debug, Default)]
pub(crate) struct Stranger {
    said: AtomicBool,
}

impl Stranger {
    /// Looks at the first request of a connection. A proxy writes its headers into every one.
    pub(crate) fn look(
        &self,
        believed: &TrustedProxies,
        connection: &Connection,
        headers: &HeaderMap,
    ) {
        let Some(peer) = connection.peer.map(|peer| peer.ip().to_canonical()) else {
            return;
        };
        let sent = |name: &&HeaderName| headers.contains_key(*name);
        let Some(header) = FORWARDING.iter().find(sent) else {
            return;
        };
        if believed.contains(peer) || self.said.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            %peer,
            %header,
            "forwarding headers of an address that is not trusted are ignored. If it is a proxy \
             of yours, name its network in APP_TRUSTED_PROXIES: until then all its clients count \
             as one"
        );
    }
}
