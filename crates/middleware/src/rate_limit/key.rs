use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderName};
use plumego_contract::RequestContext;

/// What of a request is counted together.
///
/// Where a request lacks what the key is made of, it shares a quota with all others that lack it.
#[derive(Clone)]
pub struct Key {
    parts: Vec<Part>,
}

#[derive(Clone)]
enum Part {
    ClientIp,
    Header(HeaderName),
    Route,
    Custom(Arc<Custom>),
}

type Custom = dyn Fn(&KeySource<'_>) -> Option<String> + Send + Sync;

/// What a key of one's own is made from.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct KeySource<'a> {
    /// The route, the client, the method, the target.
    pub context: &'a RequestContext,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// What layers above have put into the request, such as who asks.
    pub extensions: &'a Extensions,
}

impl Key {
    /// The client's address; the /64 of an IPv6 address. See [the module](super).
    pub fn client_ip() -> Self {
        Self::of(Part::ClientIp)
    }

    /// The values of a header, such as that of an API key.
    ///
    /// A client writes into headers what it likes, and each value has a quota of its own: put the
    /// layer where the header has been checked already. Joining the key with another one does not
    /// help: each new pair has a new quota. To bound both, put two layers, one for each key.
    pub fn header(name: HeaderName) -> Self {
        Self::of(Part::Header(name))
    }

    /// The route, whatever its parameters. All requests without a route are one.
    pub fn route() -> Self {
        Self::of(Part::Route)
    }

    /// Anything: the account, the tenant, a part of the path. `None` is a key too.
    ///
    /// ```
    /// use plumego_middleware::rate_limit::Key;
    ///
    /// let by_shop = Key::by(|request| request.context.param("shop").map(str::to_owned));
    /// ```
    pub fn by<F>(key: F) -> Self
    where
        F: Fn(&KeySource<'_>) -> Option<String> + Send + Sync + 'static,
    {
        Self::of(Part::Custom(Arc::new(key)))
    }

    /// This key and another one together: a quota for each pair. It bounds neither of the two
    /// alone. Where a client chooses one of them, such as a header, it gets a new quota whenever it
    /// likes; put two layers then, one for each key.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    fn of(part: Part) -> Self {
        Self { parts: vec![part] }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.iter().map(|part| match part {
            Part::ClientIp => "client_ip",
            Part::Header(name) => name.as_str(),
            Part::Route => "route",
            Part::Custom(_) => "custom",
        });
        f.debug_list().entries(parts).finish()
    }
}

/// A key and the request it is taken from. It is hashed, never made into a text.
pub(super) struct KeyOf<'a> {
    pub(super) key: &'a Key,
    pub(super) source: KeySource<'a>,
}

impl Hash for KeyOf<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in &self.key.parts {
            part.hash_of(&self.source, state);
        }
    }
}

impl Part {
    /// Feeds what it stands for. Each kind says how much it feeds, so that two requests feed the
    /// same bytes only when they have the same key.
    fn hash_of<H: Hasher>(&self, source: &KeySource<'_>, state: &mut H) {
        match self {
            Self::ClientIp => {
                // In one piece: hashing an address by its parts costs three times as much.
                let network = source.context.client_ip().map(network);
                state.write_u8(u8::from(network.is_some()));
                state.write_u128(network.map_or(0, bits));
            }
            Self::Header(name) => {
                for value in source.headers.get_all(name) {
                    Some(value.as_bytes()).hash(state);
                }
                None::<&[u8]>.hash(state);
            }
            Self::Route => source.context.route().map(|route| route.index).hash(state),
            Self::Custom(key) => key(source).hash(state),
        }
    }
}

/// The network a client can take addresses from: itself for IPv4, its /64 for IPv6 (RFC 6177).
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => {
            let prefix = ip.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(prefix).into()
        }
    }
}

/// The address as one number. An IPv4 address is written as IPv6 has it, `::ffff:192.0.2.1`.
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}
