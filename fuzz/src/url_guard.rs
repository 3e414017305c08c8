//! URLs that came from data, before a request is sent there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use ipnet::IpNet;
use plumego_client::{Client, Host, Url};

/// Inputs to start from: a URL, and a reference that is read relative to it.
pub const SEEDS: &[&[u8]] = &[
    b"https://Hooks.example:8443/in?x=1#top\n../a/./b?c",
    b"http://127.0.0.1/\n//169.254.169.254/latest",
    b"http://[::ffff:7f00:1]/\nhttp://[64:ff9b::7f00:1]:80",
    b"http://2130706433/\nhttp://0x7f.1/",
    b"http://a.example@127.0.0.1:80/\n//a.example:80@[::1]/",
    b"http://8.8.8.8.\\@a/\n/\\b",
    b"http://xn--bcher-kva.example/%2e%2e/\n?d#e",
    b"HTTPS://[2001:db8::1]:0443/..//..\nhttp:/x",
];

/// What is read is read alike by WHATWG's rules, and what is let out is public by a plain list.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (text, reference) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(url) = text.parse::<Url>() else {
        assert!(client().check(text).is_err());
        return;
    };
    assert_eq!(url.to_string().parse::<Url>().as_ref(), Ok(&url));
    let theirs = url::Url::parse(text);
    if let Ok(theirs) = &theirs {
        same_origin(&url, theirs);
    }
    guarded(&url);
    let Ok(joined) = url.join(reference) else {
        return;
    };
    if let Some(theirs) = theirs.ok().and_then(|base| base.join(reference).ok()) {
        same_origin(&joined, &theirs);
    }
    guarded(&joined);
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| match Client::guarded("fuzz").build() {
        Ok(client) => client,
        Err(problems) => unreachable!("{problems}"),
    })
}

/// Two readers that disagree about the host are how a guard is passed by.
fn same_origin(ours: &Url, theirs: &url::Url) {
    assert_eq!(ours.scheme().as_str(), theirs.scheme());
    assert_eq!(Some(ours.port()), theirs.port_or_known_default());
    assert!(theirs.username().is_empty() && theirs.password().is_none());
    match (ours.host(), theirs.host()) {
        (Host::Name(name), Some(url::Host::Domain(domain))) => assert_eq!(&**name, domain),
        (Host::Ip(IpAddr::V4(ours)), Some(url::Host::Ipv4(theirs))) => assert_eq!(*ours, theirs),
        (Host::Ip(IpAddr::V6(ours)), Some(url::Host::Ipv6(theirs))) => assert_eq!(*ours, theirs),
        (ours, theirs) => unreachable!("{ours:?} and {theirs:?}"),
    }
}

/// What the client lets out is public and at a port of the web.
fn guarded(url: &Url) {
    if client().check(url).is_err() {
        return;
    }
    assert!([80, 443].contains(&url.port()));
    match url.host() {
        Host::Ip(IpAddr::V4(address)) => assert!(is_public_v4(*address), "{address}"),
        Host::Ip(IpAddr::V6(address)) => assert!(is_public_v6(*address), "{address}"),
        Host::Name(name) => assert!(name.parse::<IpAddr>().is_err()),
    }
}

/// RFC 6890 and its successors, as a list.
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
];

fn is_special(address: IpAddr) -> bool {
    SPECIAL
        .iter()
        .filter_map(|net| net.parse::<IpNet>().ok())
        .any(|net| net.contains(&address))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !is_special(address.into())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let inner = Ipv4Addr::from(u32::try_from(bits & 0xffff_ffff).unwrap_or_default());
    match bits >> 32 {
        // Mapped, and the well-known prefix of NAT64.
        0xffff | 0x0064_ff9b_0000_0000_0000_0000 => is_public_v4(inner),
        _ => bits >> 125 == 1 && !is_special(address.into()),
    }
}
