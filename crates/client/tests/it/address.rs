//! Which addresses are public, and by what spelling of IPv6 the others could be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumego_client::AddressKind::{self, *};
use proptest::prelude::*;

#[track_caller]
fn check(address: &str, expected: AddressKind) {
    let address: IpAddr = address.parse().unwrap();
    assert_eq!(AddressKind::of(address), expected, "{address}");
}

#[test]
fn special_purpose_addresses_of_ipv4() {
    for (address, kind) in [
        ("0.0.0.0", Unspecified),
        ("0.255.255.255", Unspecified),
        ("1.0.0.0", Public),
        ("9.255.255.255", Public),
        ("10.0.0.0", Private),
        ("10.255.255.255", Private),
        ("11.0.0.0", Public),
        ("100.63.255.255", Public),
        ("100.64.0.0", CarrierGrade),
        ("100.100.100.200", Metadata),
        ("100.127.255.255", CarrierGrade),
        ("100.128.0.0", Public),
        ("126.255.255.255", Public),
        ("127.0.0.0", Loopback),
        ("127.255.255.255", Loopback),
        ("128.0.0.0", Public),
        ("168.63.129.16", Metadata),
        ("168.63.129.17", Public),
        ("169.253.255.255", Public),
        ("169.254.0.0", LinkLocal),
        ("169.254.169.254", Metadata),
        ("169.254.170.2", LinkLocal),
        ("169.254.255.255", LinkLocal),
        ("169.255.0.0", Public),
        ("172.15.255.255", Public),
        ("172.16.0.0", Private),
        ("172.31.255.255", Private),
        ("172.32.0.0", Public),
        ("191.255.255.255", Public),
        ("192.0.0.0", Reserved),
        ("192.0.0.192", Metadata),
        ("192.0.0.255", Reserved),
        ("192.0.1.0", Public),
        ("192.0.2.0", Documentation),
        ("192.0.2.255", Documentation),
        ("192.0.3.0", Public),
        ("192.88.99.1", Reserved),
        ("192.167.255.255", Public),
        ("192.168.0.0", Private),
        ("192.168.255.255", Private),
        ("192.169.0.0", Public),
        ("198.17.255.255", Public),
        ("198.18.0.0", Benchmarking),
        ("198.19.255.255", Benchmarking),
        ("198.20.0.0", Public),
        ("198.51.100.7", Documentation),
        ("203.0.113.7", Documentation),
        ("223.255.255.255", Public),
        ("224.0.0.0", Multicast),
        ("239.255.255.255", Multicast),
        ("240.0.0.0", Reserved),
        ("255.255.255.254", Reserved),
        ("255.255.255.255", Broadcast),
    ] {
        check(address, kind);
    }
}

#[test]
fn special_purpose_addresses_of_ipv6() {
    for (address, kind) in [
        ("::", Unspecified),
        ("::1", Loopback),
        ("::2", Tunnel),
        ("::127.0.0.1", Tunnel),
        ("::8.8.8.8", Tunnel),
        ("::ffff:127.0.0.1", Loopback),
        ("::ffff:0:127.0.0.1", Reserved),
        ("::ffff:7f00:1", Loopback),
        ("::ffff:a9fe:a9fe", Metadata),
        ("::ffff:8.8.8.8", Public),
        ("64:ff9b::7f00:1", Loopback),
        ("64:ff9b::a9fe:a9fe", Metadata),
        ("64:ff9b::808:808", Public),
        ("64:ff9b:0:0:0:1::", Reserved),
        ("64:ff9b:1::808:808", Tunnel),
        ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("100::1", Reserved),
        ("1fff:ffff::", Reserved),
        ("2000::1", Public),
        ("2001::1", Tunnel),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Tunnel),
        ("2001:2::1", Benchmarking),
        ("2001:10::1", Reserved),
        ("2001:20::1", Reserved),
        ("2001:1ff::1", Reserved),
        ("2001:200::1", Public),
        ("2001:db8::1", Documentation),
        ("2001:4860:4860::8888", Public),
        ("2002:7f00:1::", Tunnel),
        ("2002:808:808::1", Tunnel),
        ("2606:4700:4700::1111", Public),
        ("2606:4700::5efe:a00:1", Tunnel),
        ("2606:4700::200:5efe:7f00:1", Tunnel),
        ("2606:4700::5efe:808:808", Public),
        ("3ffe::1", Reserved),
        ("3fff::1", Documentation),
        ("3fff:fff::1", Documentation),
        ("3fff:1000::1", Public),
        ("4000::1", Reserved),
        ("5f00::1", Reserved),
        ("fc00::1", UniqueLocal),
        ("fd00:ec2::254", Metadata),
        ("fd20:ce::254", Metadata),
        ("fdff::1", UniqueLocal),
        ("fe80::1", LinkLocal),
        ("febf::1", LinkLocal),
        ("fec0::1", Private),
        ("ff02::1", Multicast),
    ] {
        check(address, kind);
    }
}

/// Every form that carries this address, however dead.
fn forms(inner: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(u32::from(inner));
    let with = |prefix: &str, shift: u32| {
        let prefix: Ipv6Addr = prefix.parse().unwrap();
        Ipv6Addr::from(u128::from(prefix) | (bits << shift))
    };
    vec![
        with("::", 0),
        with("::ffff:0:0", 0),
        with("::ffff:0:0:0", 0),
        with("64:ff9b::", 0),
        with("64:ff9b:1::", 0),
        with("2002::", 80),
        with("2001::", 64),
        with("2001:0:808:808::", 0),
        with("2606:4700::5efe:0:0", 0),
        with("2606:4700::200:5efe:0:0", 0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is not public stays so inside of every form.
    #[test]
    fn no_form_of_ipv6_makes_an_address_public(bits: u32) {
        let inner = Ipv4Addr::from(bits);
        if !AddressKind::of(inner.into()).is_public() {
            for form in forms(inner) {
                prop_assert!(!AddressKind::of(form.into()).is_public(), "{form} of {inner}");
            }
        }
    }

    /// Outside of 2000::/3 nothing is public but what carries a public address by a form in use.
    #[test]
    fn only_global_unicast_is_public(bits: u128) {
        let address = Ipv6Addr::from(bits);
        if address.segments()[0] >> 13 != 1 {
            prop_assert!(!AddressKind::of(address.into()).is_public(), "{address}");
        }
    }
}

#[test]
fn forms_of_the_addresses_that_matter_are_refused() {
    for inner in [
        [127, 0, 0, 1],
        [10, 0, 0, 1],
        [169, 254, 169, 254],
        [0, 0, 0, 0],
        [192, 168, 1, 1],
        [100, 64, 0, 1],
    ] {
        for form in forms(inner.into()) {
            assert!(!AddressKind::of(form.into()).is_public(), "{form}");
        }
    }
}
