//! Whose forwarding headers are believed, and what they say.

mod forwarded;
mod list;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use ipnet::{IpNet, Ipv4Net};

use self::forwarded::{Element, node};
use self::list::{last, rightmost_first};
use super::Connection;
use crate::extract::Host;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The networks whose forwarding headers are believed, and whether those of Unix sockets are. None
/// by default.
///
/// Anybody can send `X-Forwarded-For`. Only a proxy of your own, which writes these headers itself,
/// makes them true, so list the addresses from which your proxies connect and no others.
///
/// There are two families of these headers, `X-Forwarded-*` and `Forwarded`. A proxy writes one of
/// them, and hands on what the client wrote into the other one. So one family is read, which
/// [`ForwardedHeader`] names, and the other one is never looked at. Nor is `X-Real-IP`, which has
/// no hops to hold against the networks.
///
/// # How the client is found
/// When the peer of the connection is in none of the networks, the headers are not looked at and
/// the peer is the client. Otherwise the hops are walked from the right, since every proxy adds on
/// the right what it has seen: the first address that is in none of the networks is the client.
/// When all are trusted, it is the leftmost. A hop that is no address (`unknown`, `_hidden`,
/// garbage) ends the walk, and the last address known, which is that of a trusted proxy, is taken.
/// So it is when the header is missing or empty: then the proxy asks for itself, as far as anybody
/// can tell. A proxy that adds its line to every request leaves a client no way to get there.
/// Nothing that stands to the left of the client is ever used.
///
/// Scheme and host come from the element of `Forwarded` at which the walk ended, or from the last
/// entries of `X-Forwarded-Proto` and `X-Forwarded-Host`, which the nearest proxy has written. Your
/// proxy must set these two or remove them: one that hands them through hands through the client's
/// word. A scheme other than `http` and `https` and a host that is none are ignored.
///
/// A peer at a Unix socket has no address. It is believed when `unix` is in the list, and is in no
/// network otherwise. Whoever may write to the socket is believed then: give the file a mode that
/// lets the proxy alone connect.
///
/// IPv4 addresses in IPv6 (`::ffff:192.0.2.1`) are the IPv4 addresses, here and in the headers.
///
/// # Bounds
/// The walk ends after 32 hops or 4 KiB of header, at the last address known.
///
/// ```
/// use plumego_contract::{Connection, TrustedProxies};
/// use http::HeaderMap;
///
/// let trusted: TrustedProxies = "10.0.0.0/8, ::1".parse().unwrap();
/// let mut headers = HeaderMap::new();
/// headers.insert("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.2".parse().unwrap());
///
/// let proxy = Connection::from_peer("10.0.0.1:4000".parse().unwrap());
/// let client = trusted.resolve(&proxy, &headers);
/// assert_eq!(client.ip, Some("203.0.113.7".parse().unwrap()));
///
/// // The same headers from anybody else say nothing.
/// let stranger = Connection::from_peer("198.51.100.1:4000".parse().unwrap());
/// let client = trusted.resolve(&stranger, &headers);
/// assert_eq!(client.ip, Some("198.51.100.1".parse().unwrap()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    unix: bool,
    header: Option<ForwardedHeader>,
}

/// Which headers the proxies write. The other ones are a client's word, and never looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// The names, as they are read from text.
    pub const NAMES: &'static [&'static str] = &["x-forwarded", "forwarded"];
}

/// The word in a list for the peers at Unix sockets.
const UNIX: &str = "unix";

/// Who asks, after the forwarding headers of trusted proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The address of the client; `None` when the server did not tell the peer's.
    pub ip: Option<IpAddr>,
    /// Whether the client speaks `https`.
    pub https: bool,
    /// The host that a trusted proxy forwarded, with its port, in lower case.
    pub host: Option<String>,
}

impl TrustedProxies {
    /// Believes these networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            networks: networks.into_iter().map(canonical).collect(),
            ..Self::default()
        }
    }

    /// Reads these headers, whatever the configuration of an application says.
    ///
    /// ```
    /// use plumego_contract::{ForwardedHeader, TrustedProxies};
    ///
    /// let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
    /// let proxies = proxies.with_header(ForwardedHeader::Forwarded);
    /// assert_eq!(proxies.header(), ForwardedHeader::Forwarded);
    /// # Ok::<(), plumego_contract::ParseTrustedProxiesError>(())
    /// ```
    #[must_use]
    pub fn with_header(mut self, header: ForwardedHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// Reads these headers, unless [`with_header`](Self::with_header) has said which.
    #[must_use]
    pub fn or_header(mut self, header: ForwardedHeader) -> Self {
        self.header.get_or_insert(header);
        self
    }

    /// Which headers are read.
    pub fn header(&self) -> ForwardedHeader {
        self.header.unwrap_or_default()
    }

    /// Whether every address of one kind, IPv4 or IPv6, is in one of the networks: then whoever
    /// connects is believed.
    pub fn contains_everybody(&self) -> bool {
        self.networks
            .iter()
            .any(|network| network.prefix_len() == 0)
    }

    /// Believes the peers at Unix sockets too, or not.
    #[must_use]
    pub fn with_unix(mut self, believed: bool) -> Self {
        self.unix = believed;
        self
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// How many members the list has.
    pub fn len(&self) -> usize {
        self.networks.len() + usize::from(self.unix)
    }

    /// Whether the peers at Unix sockets are believed.
    pub fn contains_unix(&self) -> bool {
        self.unix
    }

    /// Whether this address is in one of the networks.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.iter().any(|network| network.contains(&ip))
    }

    /// Who asks.
    pub fn resolve(&self, connection: &Connection, headers: &HeaderMap) -> Client {
        let peer = connection.peer.map(|peer| peer.ip().to_canonical());
        let direct = Client {
            ip: peer,
            https: connection.tls,
            host: None,
        };
        let believed = match peer {
            Some(peer) => self.contains(peer),
            None => self.unix && connection.unix.is_some(),
        };
        if !believed {
            return direct;
        }
        match self.header() {
            ForwardedHeader::XForwarded => self.by_x_forwarded(&direct, headers),
            ForwardedHeader::Forwarded => self.by_forwarded(&direct, headers),
        }
    }

    fn by_forwarded(&self, direct: &Client, headers: &HeaderMap) -> Client {
        let mut ip = direct.ip;
        let mut end = Element::default();
        for text in rightmost_first(headers, &FORWARDED) {
            let Some(element) = Element::parse(text) else {
                // Whoever wrote the elements to the right is trusted, and theirs is used no more:
                // scheme and host of the client are unknown.
                end = Element::default();
                break;
            };
            let next = element.ip;
            end = element;
            let Some(next) = next else { break };
            ip = Some(next);
            if !self.contains(next) {
                break;
            }
        }
        Client {
            ip,
            https: end.https.unwrap_or(direct.https),
            host: end.host,
        }
    }

    fn by_x_forwarded(&self, direct: &Client, headers: &HeaderMap) -> Client {
        let mut ip = direct.ip;
        for text in rightmost_first(headers, &X_FORWARDED_FOR) {
            let Some(next) = node(text) else { break };
            ip = Some(next);
            if !self.contains(next) {
                break;
            }
        }
        let proto = last(headers, &X_FORWARDED_PROTO);
        let host = last(headers, &X_FORWARDED_HOST);
        Client {
            ip,
            https: proto.and_then(is_https).unwrap_or(direct.https),
            host: host.and_then(Host::parse).map(Host::into_string),
        }
    }
}

/// Networks of IPv4 addresses in IPv6 become networks of IPv4 addresses.
fn canonical(network: IpNet) -> IpNet {
    if let IpNet::V6(v6) = network
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Some(prefix) = v6.prefix_len().checked_sub(96)
        && let Ok(v4) = Ipv4Net::new(v4, prefix)
    {
        return v4.into();
    }
    network
}

fn is_https(proto: &str) -> Option<bool> {
    if proto.eq_ignore_ascii_case("https") {
        Some(true)
    } else if proto.eq_ignore_ascii_case("http") {
        Some(false)
    } else {
        None
    }
}

/// Networks (`10.0.0.0/8`), addresses (`::1`) and `unix`, separated by commas or white space. An
/// empty text is nobody.
impl FromStr for TrustedProxies {
    type Err = ParseTrustedProxiesError;

    fn from_str(text: &str) -> Result<Self, ParseTrustedProxiesError> {
        let mut proxies = Self::default();
        let items = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
        for item in items.filter(|item| !item.is_empty()) {
            if item.eq_ignore_ascii_case(UNIX) {
                proxies.unix = true;
                continue;
            }
            let network = item
                .parse::<IpNet>()
                .or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            let network = network.map_err(|_| ParseTrustedProxiesError {
                item: item.to_owned(),
            })?;
            proxies.networks.push(canonical(network));
        }
        Ok(proxies)
    }
}

/// The members, separated by commas, as they are read.
impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, network) in self.networks.iter().enumerate() {
            let separator = if i == 0 { "" } else { "," };
            write!(f, "{separator}{network}")?;
        }
        if self.unix {
            let separator = if self.networks.is_empty() { "" } else { "," };
            write!(f, "{separator}{UNIX}")?;
        }
        Ok(())
    }
}

/// `x-forwarded` or `forwarded`, in any case.
impl FromStr for ForwardedHeader {
    type Err = ParseForwardedHeaderError;

    fn from_str(text: &str) -> Result<Self, ParseForwardedHeaderError> {
        if text.eq_ignore_ascii_case("x-forwarded") {
            Ok(Self::XForwarded)
        } else if text.eq_ignore_ascii_case("forwarded") {
            Ok(Self::Forwarded)
        } else {
            Err(ParseForwardedHeaderError(()))
        }
    }
}

impl fmt::Display for ForwardedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XForwarded => "x-forwarded",
            Self::Forwarded => "forwarded",
        })
    }
}

/// A name of forwarding headers was none of [`ForwardedHeader::NAMES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseForwardedHeaderError(());

impl fmt::Display for ParseForwardedHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected `x-forwarded` or `forwarded`, whichever of the two your proxy writes")
    }
}

impl std::error::Error for ParseForwardedHeaderError {}

/// An item of a list of proxies was neither a network, nor an address, nor `unix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTrustedProxiesError {
    item: String,
}

impl ParseTrustedProxiesError {
    /// The item that could not be read.
    pub fn item(&self) -> &str {
        &self.item
    }
}

impl fmt::Display for ParseTrustedProxiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no network: expected an address such as `10.0.0.1`, a network in CIDR \
             notation such as `10.0.0.0/8` or `fd00::/8`, or `unix` for Unix sockets",
            self.item
        )
    }
}

impl std::error::Error for ParseTrustedProxiesError {}
