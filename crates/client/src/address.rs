//! What kind of address an IP address is: on the open internet, or somewhere it should not lead.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an IP address is for, after the IANA special-purpose registries (RFC 6890) and those
/// forms of IPv6 that carry an IPv4 address inside.
///
/// Only [`Public`](Self::Public) is reached by a guarded client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressKind {
    /// On the open internet.
    Public,
    /// `0.0.0.0/8` and `::`: this host (RFC 1122).
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// `10/8`, `172.16/12`, `192.168/16` (RFC 1918), `fec0::/10`.
    Private,
    /// `100.64.0.0/10`: between a carrier and its customers (RFC 6598).
    CarrierGrade,
    /// `169.254.0.0/16` and `fe80::/10`.
    LinkLocal,
    /// Where clouds serve credentials: `169.254.169.254`, `168.63.129.16`, `100.100.100.200`,
    /// `192.0.0.192`, `fd00:ec2::254`, `fd20:ce::254`.
    Metadata,
    /// `fc00::/7` (RFC 4193).
    UniqueLocal,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// Kept for examples: `192.0.2/24`, `198.51.100/24`, `203.0.113/24`, `2001:db8::/32`,
    /// `3fff::/20`.
    Documentation,
    /// Kept for measurements: `198.18.0.0/15`, `2001:2::/48`.
    Benchmarking,
    /// An IPv4 address in a form of IPv6 that is dead, or that leads to an address which is not
    /// public: v4-compatible, 6to4, Teredo, NAT64 for local use (`64:ff9b:1::/48`), ISATAP.
    Tunnel,
    /// Everything else that was not given out for the open internet.
    Reserved,
}

impl AddressKind {
    /// The kind of this address. An IPv4 address inside of an IPv6 address (mapped, or NAT64 at
    /// `64:ff9b::/96`) is of the kind of the inner one.
    ///
    /// ```
    /// use plumego_client::AddressKind;
    ///
    /// let kind = |text: &str| AddressKind::of(text.parse().unwrap());
    /// assert_eq!(kind("::ffff:127.0.0.1"), AddressKind::Loopback);
    /// assert_eq!(kind("64:ff9b::a00:1"), AddressKind::Private);
    /// assert_eq!(kind("2606:4700::1111"), AddressKind::Public);
    /// ```
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether it is on the open internet.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }

    /// In words, for messages: `a loopback address`.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::CarrierGrade => "an address of carrier-grade NAT",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a metadata service",
            Self::UniqueLocal => "a unique local address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Tunnel => "an IPv4 address in disguise",
            Self::Reserved => "a reserved address",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

const fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // Azure's lies within public space, Oracle's and Alibaba's in ranges refused below.
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] | [192, 0, 0, 192] => {
            AddressKind::Metadata
        }
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [100, 64..=127, ..] => AddressKind::CarrierGrade,
        [169, 254, ..] => AddressKind::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [198, 18 | 19, ..] => AddressKind::Benchmarking,
        [224..=239, ..] => AddressKind::Multicast,
        [255, 255, 255, 255] => AddressKind::Broadcast,
        // Protocol assignments, the relays of 6to4 (RFC 7526), and class E.
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

/// Only `2000::/3` was ever given out for the open internet; what is refused inside of it is
/// named, and outside of it everything is refused but NAT64 to a public address.
const fn of_v6(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            AddressKind::Metadata
        }
        [0xfc00..=0xfdff, ..] => AddressKind::UniqueLocal,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // The well-known prefix of NAT64 (RFC 6052): networks without IPv4 reach it by this.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of_v4(inner(high, low)),
        // For local use (RFC 8215), v4-compatible (RFC 4291), Teredo (RFC 4380), 6to4 (RFC 3056).
        [0x64, 0xff9b, 1, ..] | [0, 0, 0, 0, 0, 0, ..] | [0x2001, 0, ..] | [0x2002, ..] => {
            AddressKind::Tunnel
        }
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Documentation,
        [0x2001, 2, 0, ..] => AddressKind::Benchmarking,
        // Protocol assignments (RFC 2928), and the ended 6bone (RFC 3701).
        [0x2001, 0..=0x1ff, ..] | [0x3ffe, ..] => AddressKind::Reserved,
        // ISATAP (RFC 5214): the interface of a router that leads to this IPv4 address.
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, high, low] => match of_v4(inner(high, low)) {
            AddressKind::Public => AddressKind::Public,
            _ => AddressKind::Tunnel,
        },
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

/// The IPv4 address that this one leads to, for the forms of IPv6 that carry one: NAT64, ISATAP,
/// 6to4, v4-compatible and v4-translated. A mapped address is none of them: it is IPv4.
pub(crate) const fn inside(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    match address.segments() {
        [0x64, 0xff9b, 0 | 1, _, _, _, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0 | 0xffff, 0, high, low] => Some(inner(high, low)),
        _ => None,
    }
}

const fn inner(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
