//! Where a client may go: the check of a URL, and the check of the address behind it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::address::{AddressKind, inside};
use crate::url::{Host, Origin, Scheme, Url};

/// Ports that a guarded client reaches unless others are allowed.
pub(crate) const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// An address that the policy has seen. The connector takes nothing else, and only
/// [`Policy::permit`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permitted(SocketAddr);

impl Permitted {
    pub(crate) const fn get(self) -> SocketAddr {
        self.0
    }
}

/// Why a request was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The address is not on the open internet; it is of this kind.
    Address(IpAddr, AddressKind),
    /// The port is not one of those allowed.
    Port(u16),
    /// The host is not one of those the client is for.
    Host,
    /// The client is for `https` alone.
    Insecure,
    /// The address is in a network of `deny_net`.
    Denied(IpAddr),
    /// A trusted client is asked for another origin than its own.
    Origin,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, kind) => write!(
                f,
                "{address} is {kind}; allow it with `allow_net` or its name with `allow_host`"
            ),
            Self::Port(port) => write!(f, "port {port} is not allowed; see `allow_port`"),
            Self::Host => f.write_str("the host is not one of `only_host`"),
            Self::Denied(address) => write!(f, "{address} is in a network of `deny_net`"),
            Self::Insecure => f.write_str("the client is for `https` alone"),
            Self::Origin => f.write_str("the origin is not one that the client was made for"),
        }
    }
}

/// A name, or every name below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    /// `hooks.example`
    Exact(Box<str>),
    /// `.hooks.example`, of `*.hooks.example`
    Below(Box<str>),
}

impl HostPattern {
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *name,
            Self::Below(suffix) => name.len() > suffix.len() && name.ends_with(&**suffix),
        }
    }
}

/// What a guarded client allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Networks that are reached although they are not public.
    pub(crate) nets: Vec<IpNet>,
    /// Networks that are refused although they are public.
    pub(crate) denied: Vec<IpNet>,
    /// Names whose addresses are not looked at.
    pub(crate) hosts: Vec<HostPattern>,
    /// When there are any: every other name is refused.
    pub(crate) only: Vec<HostPattern>,
    pub(crate) ports: Vec<u16>,
    pub(crate) any_port: bool,
    pub(crate) https_only: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Policy {
    Guarded(Guard),
    Trusted(Vec<Origin>),
}

impl Policy {
    /// What can be known of a URL before its name is looked up.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        match self {
            Self::Trusted(origins) if origins.contains(url.origin()) => Ok(()),
            Self::Trusted(_) => Err(Refusal::Origin),
            Self::Guarded(guard) => guard.check_url(url),
        }
    }

    /// The origin when the operator named it, and not data.
    pub(crate) fn configured(&self, origin: &Origin) -> Option<&Origin> {
        match self {
            Self::Trusted(origins) => origins.iter().find(|known| *known == origin),
            Self::Guarded(_) => None,
        }
    }

    /// Those addresses of a host that may be connected to; the first refusal when none is left.
    pub(crate) fn permit(
        &self,
        origin: &Origin,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Result<Vec<Permitted>, Option<Refusal>> {
        let mut permitted = Vec::new();
        let mut refused = None;
        for address in addresses {
            // A mapped address is dialled as what it is.
            let address = address.to_canonical();
            match self.check_address(origin.host(), address) {
                Ok(()) => permitted.push(Permitted(SocketAddr::new(address, origin.port()))),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        if permitted.is_empty() {
            Err(refused)
        } else {
            Ok(permitted)
        }
    }

    fn check_address(&self, host: &Host, address: IpAddr) -> Result<(), Refusal> {
        match self {
            Self::Trusted(_) => Ok(()),
            Self::Guarded(guard) => guard.check_address(host, address),
        }
    }
}

impl Guard {
    fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        if self.https_only && url.scheme() == Scheme::Http {
            return Err(Refusal::Insecure);
        }
        let port = url.port();
        let port_fits =
            self.any_port || DEFAULT_PORTS.contains(&port) || self.ports.contains(&port);
        if !port_fits {
            return Err(Refusal::Port(port));
        }
        match url.host() {
            Host::Name(name) => {
                let among = self.only.is_empty() || self.only.iter().any(|host| host.matches(name));
                if among { Ok(()) } else { Err(Refusal::Host) }
            }
            Host::Ip(_) if !self.only.is_empty() => Err(Refusal::Host),
            Host::Ip(address) => self.check_address(url.host(), address.to_canonical()),
        }
    }

    fn check_address(&self, host: &Host, address: IpAddr) -> Result<(), Refusal> {
        // What is closed is closed by any way that leads there.
        let forms = [Some(address), inside(address).map(IpAddr::V4)];
        let is_in = |net: &IpNet| forms.iter().flatten().any(|form| net.contains(form));
        if self.denied.iter().any(is_in) {
            return Err(Refusal::Denied(address));
        }
        let kind = AddressKind::of(address);
        let by_name = match host {
            Host::Name(name) => self.hosts.iter().any(|host| host.matches(name)),
            Host::Ip(_) => false,
        };
        if kind.is_public() || by_name || self.nets.iter().any(|net| net.contains(&address)) {
            Ok(())
        } else {
            Err(Refusal::Address(address, kind))
        }
    }
}
