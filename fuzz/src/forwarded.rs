//! `Forwarded` and `X-Forwarded-For` behind a trusted proxy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use plumego_contract::{Connection, ForwardedHeader, TrustedProxies};

/// Inputs to start from: lines of the header as the client sent them.
pub const SEEDS: &[&[u8]] = &[
    b"for=192.0.2.1;proto=https;host=\"a.example:80\", for=\"[2001:db8::1]:_p\"",
    b"for=\"\\\"\nfor=unknown;by=_x",
    b"6.6.6.6, 10.0.0.2,, ::ffff:1.2.3.4\n\"",
];

const CLIENT: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// What a trusted proxy appends is found, whatever the client wrote before it; and nothing is
/// believed from anybody else.
pub fn run(data: &[u8]) {
    for (name, appended, header) in [
        (
            "forwarded",
            "for=203.0.113.7;proto=https",
            ForwardedHeader::Forwarded,
        ),
        (
            "x-forwarded-for",
            "203.0.113.7",
            ForwardedHeader::XForwarded,
        ),
    ] {
        let mut headers = HeaderMap::new();
        let mut lines: Vec<Vec<u8>> = data
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        if let Some(last) = lines.last_mut() {
            last.extend_from_slice(b", ");
            last.extend_from_slice(appended.as_bytes());
        }
        for line in lines {
            let Ok(line) = HeaderValue::from_bytes(&line) else {
                return;
            };
            headers.append(name, line);
        }
        let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap_or_default();
        let trusted = trusted.with_header(header);
        let from = |ip: [u8; 4]| Connection::from_peer(SocketAddr::from((ip, 1)));
        let client = trusted.resolve(&from([10, 0, 0, 1]), &headers);
        assert_eq!(client.ip, Some(IpAddr::V4(CLIENT)));
        let stranger = trusted.resolve(&from([198, 51, 100, 1]), &headers);
        assert_eq!(stranger.ip, Some(IpAddr::from([198, 51, 100, 1])));
        assert_eq!((stranger.https, stranger.host), (false, None));
    }
}
