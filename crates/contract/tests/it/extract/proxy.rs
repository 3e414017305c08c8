//! Whose forwarding headers are believed: the walk, and the attacks on it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_contract::{Client, Connection, ForwardedHeader, TrustedProxies};
use proptest::prelude::*;

const PEER: &str = "10.0.0.1:443";

/// The headers that a proxy writes whose first line is this one.
fn written(name: &str) -> ForwardedHeader {
    match name {
        FWD => ForwardedHeader::Forwarded,
        _ => ForwardedHeader::XForwarded,
    }
}

/// Who asks, when a proxy in `10.0.0.0/8` (or this peer) sends these lines. The first one tells
/// which headers it writes.
fn resolve_from(peer: &str, lines: &[(&str, &str)]) -> Client {
    let trusted: TrustedProxies = "10.0.0.0/8 2001:db8:1::/48".parse().unwrap();
    let first = lines.first().map_or(XFF, |(name, _)| name);
    let trusted = trusted.with_header(written(first));
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    trusted.resolve(&Connection::from_peer(peer.parse().unwrap()), &headers)
}

fn check(lines: &[(&str, &str)], expected: &str) {
    let client = resolve_from(PEER, lines);
    let expected: IpAddr = expected.parse().unwrap();
    assert_eq!(client.ip, Some(expected), "{lines:?}");
}

fn seen(lines: &[(&str, &str)]) -> (bool, Option<String>) {
    let client = resolve_from(PEER, lines);
    (client.https, client.host)
}

const XFF: &str = "x-forwarded-for";
const FWD: &str = "forwarded";

// acceptance 21.2 (19)
#[test]
fn headers_of_an_untrusted_peer_change_nothing() {
    for i in 0..=255_u8 {
        let spoofed = format!("{i}.{i}.{i}.{i}");
        let lines = [
            (XFF, spoofed.as_str()),
            (FWD, "for=1.2.3.4;proto=https;host=evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("x-real-ip", "1.2.3.4"),
        ];
        for port in [1, 50_000] {
            let client = resolve_from(&format!("198.51.100.1:{port}"), &lines);
            assert_eq!(client.ip, Some([198, 51, 100, 1].into()));
            assert_eq!((client.https, client.host), (false, None));
        }
    }
}

#[test]
fn nobody_is_trusted_by_default() {
    let mut headers = HeaderMap::new();
    headers.insert(XFF, HeaderValue::from_static("1.2.3.4"));
    for peer in ["127.0.0.1:1", "[::1]:1", "10.0.0.1:1"] {
        let peer = Connection::from_peer(peer.parse().unwrap());
        let client = TrustedProxies::default().resolve(&peer, &headers);
        assert_eq!(client.ip, peer.peer.map(|peer| peer.ip()));
    }
    let everybody: TrustedProxies = "0.0.0.0/0,::/0".parse().unwrap();
    assert_eq!(everybody.resolve(&Connection::default(), &headers).ip, None);
}

#[test]
fn the_first_untrusted_hop_from_the_right_is_the_client() {
    check(&[], "10.0.0.1");
    check(&[(XFF, "203.0.113.7")], "203.0.113.7");
    check(&[(XFF, "6.6.6.6, 203.0.113.7")], "203.0.113.7");
    check(
        &[(XFF, "6.6.6.6, 203.0.113.7, 10.0.0.3, 10.0.0.2")],
        "203.0.113.7",
    );
    check(&[(XFF, "10.0.0.4,10.0.0.3")], "10.0.0.4");
    check(&[(FWD, "for=6.6.6.6, for=203.0.113.7")], "203.0.113.7");
    check(
        &[(FWD, "for=203.0.113.7;by=10.0.0.2, For=10.0.0.9")],
        "203.0.113.7",
    );
}

#[test]
fn lines_of_one_header_are_one_list() {
    check(
        &[(XFF, "6.6.6.6"), (XFF, "203.0.113.7"), (XFF, "10.0.0.2")],
        "203.0.113.7",
    );
    check(
        &[(XFF, "203.0.113.7, "), (XFF, ""), (XFF, ", ,10.0.0.2,")],
        "203.0.113.7",
    );
    check(
        &[
            (FWD, "for=6.6.6.6"),
            (FWD, "for=203.0.113.7"),
            (FWD, "for=10.0.0.2"),
        ],
        "203.0.113.7",
    );
}

#[test]
fn nodes_are_read_as_proxies_write_them() {
    for (node, expected) in [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8:2::7", "2001:db8:2::7"),
        ("[2001:db8:2::7]", "2001:db8:2::7"),
        ("[2001:db8:2::7]:4711", "2001:db8:2::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:cb00:7107]:80", "203.0.113.7"),
    ] {
        check(&[(XFF, node)], expected);
        check(&[(FWD, &format!("for=\"{node}\""))], expected);
        check(
            &[(FWD, &format!("proto=http; for={node} ;by=_x"))],
            expected,
        );
    }
    check(&[(FWD, "for=\"203.0.113.7:_hidden\"")], "203.0.113.7");
    check(&[(FWD, "for=\"20\\3.0.113.7\"")], "203.0.113.7");
}

#[test]
fn what_is_no_address_ends_the_walk_at_the_last_trusted_hop() {
    for node in [
        "unknown",
        "_hidden",
        "fe80::1%eth0",
        "[fe80::1%25eth0]",
        "localhost",
        "203.0.113.007",
        "203.0.113.7:",
        "203.0.113.7:port",
        "203.0.113.7:123456",
        "[203.0.113.7]",
        "[::1",
        "::1]",
        "[::1]x",
        "256.1.1.1",
        "1",
        "\u{7f51}",
        "203.0.113.7;x",
    ] {
        check(&[(XFF, &format!("6.6.6.6, {node}, 10.0.0.2"))], "10.0.0.2");
        check(
            &[(FWD, &format!("for=6.6.6.6, for=\"{node}\", for=10.0.0.2"))],
            "10.0.0.2",
        );
    }
    for element in [
        "for",
        "for=",
        "=1.1.1.1",
        "for=1.1.1.1;for=2.2.2.2",
        "for=\"1.1.1.1",
        "proto=http",
    ] {
        check(
            &[(FWD, &format!("for=6.6.6.6, {element}, for=10.0.0.2"))],
            "10.0.0.2",
        );
    }
}

#[test]
fn what_a_client_wrote_cannot_change_how_the_rest_is_read() {
    for spoof in [
        "for=\"",
        "for=\"6.6.6.6",
        "for=\"6.6.6.6\\",
        "\"",
        "\\\"",
        "for=6.6.6.6;by=\"",
        ",,,,",
        "for=6.6.6.6;host=\"a,b",
        "\u{fffd}\u{fffd}",
    ] {
        check(
            &[(FWD, &format!("{spoof}, for=203.0.113.7"))],
            "203.0.113.7",
        );
        check(
            &[(FWD, &format!("{spoof}, for=\"[2001:db8:2::7]:80\""))],
            "2001:db8:2::7",
        );
        check(&[(FWD, spoof), (FWD, "for=203.0.113.7")], "203.0.113.7");
        check(&[(XFF, &format!("{spoof}, 203.0.113.7"))], "203.0.113.7");
    }
}

#[test]
fn a_comma_inside_of_quotes_does_not_split() {
    let lines = [(FWD, "for=203.0.113.7;ext=\"a, for=6.6.6.6\"")];
    check(&lines, "203.0.113.7");
}

// acceptance 21.2 (19)
#[test]
fn headers_that_the_proxy_does_not_write_are_never_looked_at() {
    let x_forwarded = [
        (XFF, "203.0.113.7"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "shop.example"),
    ];
    let forwarded = [(FWD, "for=203.0.113.7;host=shop.example")];
    // What the client sent beside them: good, empty, broken, and of the proxy's own network.
    for forged in [
        "for=6.6.6.6;proto=https;host=evil.example",
        "for=10.0.0.9;proto=https",
        "",
        ",",
        "\"",
        "for=unknown",
    ] {
        for line in [&[(FWD, forged)][..], &[(FWD, forged), (FWD, forged)]] {
            let lines = [&x_forwarded[..], line].concat();
            check(&lines, "203.0.113.7");
            assert_eq!(seen(&lines), (false, Some("shop.example".to_owned())));
        }
    }
    for forged in ["6.6.6.6", "10.0.0.9", "", "unknown"] {
        let forged = [
            (XFF, forged),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        let lines = [&forwarded[..], &forged].concat();
        check(&lines, "203.0.113.7");
        assert_eq!(seen(&lines), (false, Some("shop.example".to_owned())));
    }
}

#[test]
fn a_header_that_says_nothing_is_the_proxy_asking_for_itself() {
    for nothing in ["", ",", " ,\t,", "unknown", "\"\""] {
        check(&[(XFF, nothing)], "10.0.0.1");
        check(&[(FWD, nothing)], "10.0.0.1");
    }
}

#[test]
fn the_family_of_headers_has_a_name_and_the_first_choice_holds() {
    for (name, expected) in [
        ("x-forwarded", ForwardedHeader::XForwarded),
        ("Forwarded", ForwardedHeader::Forwarded),
    ] {
        let read: ForwardedHeader = name.parse().unwrap();
        assert_eq!(read, expected);
        assert_eq!(read.to_string(), name.to_lowercase());
        assert!(ForwardedHeader::NAMES.contains(&read.to_string().as_str()));
    }
    let error = "both".parse::<ForwardedHeader>().unwrap_err().to_string();
    assert!(error.contains("`x-forwarded` or `forwarded`"), "{error}");
    let none = TrustedProxies::default();
    assert_eq!(none.header(), ForwardedHeader::XForwarded);
    let first = none.or_header(ForwardedHeader::Forwarded);
    assert_eq!(first.header(), ForwardedHeader::Forwarded);
    let same = first.or_header(ForwardedHeader::XForwarded);
    assert_eq!(same.header(), ForwardedHeader::Forwarded);
    let other = same.with_header(ForwardedHeader::XForwarded);
    assert_eq!(other.header(), ForwardedHeader::XForwarded);
}

#[test]
fn a_network_of_everybody_is_told() {
    for (list, expected) in [
        ("", false),
        ("10.0.0.0/8, ::1", false),
        ("0.0.0.0/1, 128.0.0.0/1", false),
        ("10.0.0.0/8, 0.0.0.0/0", true),
        ("::/0", true),
        ("::ffff:0.0.0.0/96", true),
    ] {
        let proxies: TrustedProxies = list.parse().unwrap();
        assert_eq!(proxies.contains_everybody(), expected, "{list}");
    }
}

#[test]
fn scheme_and_host_come_from_where_the_walk_ended() {
    let element = "for=203.0.113.7;proto=https;host=\"Shop.example:8443\"";
    let host = Some("shop.example:8443".to_owned());
    let spoofed = format!("for=6.6.6.6;proto=http;host=evil.example, {element}");
    assert_eq!(seen(&[(FWD, &spoofed)]), (true, host.clone()));
    let inner = format!("{element}, for=10.0.0.2;proto=http;host=inner");
    assert_eq!(seen(&[(FWD, &inner)]), (true, host.clone()));
    // Who hides the address may still tell scheme and host.
    let hidden = "for=_hidden;proto=HTTPS;host=shop.example";
    assert_eq!(
        seen(&[(FWD, hidden)]),
        (true, Some("shop.example".to_owned()))
    );
    let garbled = "for=\"6.6.6.6;proto=https, for=10.0.0.2;proto=https;host=inner";
    assert_eq!(seen(&[(FWD, garbled)]), (false, None));
    let lines = [
        (XFF, "203.0.113.7"),
        ("x-forwarded-proto", "http, https"),
        ("x-forwarded-host", "evil.example, Shop.example:8443"),
    ];
    assert_eq!(seen(&lines), (true, host));
}

#[test]
fn a_scheme_or_host_that_is_none_is_ignored() {
    for proto in ["", "ftp", "javascript", "https://", "http s"] {
        assert_eq!(
            seen(&[("x-forwarded-proto", proto)]),
            (false, None),
            "{proto}"
        );
    }
    for host in [
        "",
        ":80",
        "a b",
        "evil.example/path",
        "user@evil.example",
        "a\\b",
        "a:99999",
        "a:+1",
        "a:",
        "[::1",
        "::1",
        "[evil]",
        "<script>",
        "\u{e9}.example",
        "a%2eb",
        &"a".repeat(300),
    ] {
        assert_eq!(seen(&[("x-forwarded-host", host)]).1, None, "{host}");
    }
}

#[test]
fn the_walk_is_bounded_in_hops_and_bytes() {
    let hops = vec!["10.0.0.9"; 31].join(",");
    check(&[(XFF, &format!("6.6.6.6,10.0.0.8,{hops}"))], "10.0.0.8");
    check(&[(XFF, &format!("6.6.6.6,{hops}"))], "6.6.6.6");
    let padding = ",".repeat(5_000);
    check(&[(XFF, &format!("6.6.6.6{padding}10.0.0.2"))], "10.0.0.2");
    let long = "x".repeat(100_000);
    check(&[(XFF, &format!("6.6.6.6,{long}"))], "10.0.0.1");
    check(
        &[(FWD, &format!("for=\"{long}\", for=203.0.113.7"))],
        "203.0.113.7",
    );
}

#[test]
fn networks_and_peers_in_ipv6_clothes_are_ipv4() {
    let client = resolve_from("[::ffff:10.0.0.1]:1", &[(XFF, "203.0.113.7")]);
    assert_eq!(client.ip, Some([203, 0, 113, 7].into()));
    let client = resolve_from("[::ffff:198.51.100.1]:1", &[(XFF, "6.6.6.6")]);
    assert_eq!(client.ip, Some([198, 51, 100, 1].into()));
    let mapped: TrustedProxies = "::ffff:10.0.0.0/104".parse().unwrap();
    assert!(mapped.contains([10, 1, 2, 3].into()));
    assert!(!mapped.contains([11, 1, 2, 3].into()));
}

#[test]
fn a_list_of_proxies_is_read_and_a_bad_item_named() {
    let read: TrustedProxies = " 10.0.0.1, fd00::/8\n192.0.2.0/24 ".parse().unwrap();
    assert_eq!(read.to_string(), "10.0.0.1/32,fd00::/8,192.0.2.0/24");
    assert_eq!(read.to_string().parse::<TrustedProxies>().unwrap(), read);
    assert!("".parse::<TrustedProxies>().unwrap().is_empty());
    for bad in ["proxy.local", "10.0.0.0/33", "10.0.0", "*", "10.0.0.1:80"] {
        let error = format!("::1,{bad}").parse::<TrustedProxies>().unwrap_err();
        assert_eq!(error.item(), bad);
        assert!(
            error
                .to_string()
                .starts_with(&format!("`{bad}` is no network")),
            "{error}"
        );
    }
}

proptest! {
    #[test]
    fn no_header_panics_and_what_a_trusted_proxy_appends_is_found(
        spoof in "[ -~]{0,60}",
        bytes in prop::collection::vec(0x80_u8..=0xff, 0..8),
    ) {
        let mut value = spoof.into_bytes();
        value.extend(bytes);
        for (name, appended) in [(XFF, "203.0.113.7"), (FWD, "for=203.0.113.7")] {
            let mut line = value.clone();
            line.extend(b", ");
            line.extend(appended.as_bytes());
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(&line).unwrap());
            let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
            let trusted = trusted.with_header(written(name));
            let peer = Connection::from_peer(PEER.parse().unwrap());
            prop_assert_eq!(trusted.resolve(&peer, &headers).ip, Some([203, 0, 113, 7].into()));
        }
    }
}
