//! What somebody does who wants more than a fair share.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use plumego_contract::{AppContext, Body, Request, RequestContext, Response};
use plumego_middleware::AbuseGuardLayer;
use plumego_middleware::rate_limit::AbuseGuardConfig;

use crate::harness::{get, get_from, run};

fn guard(rate: u64, burst: u64, max_keys: usize) -> AbuseGuardLayer {
    let mut config = AbuseGuardConfig::default();
    (config.rate, config.burst, config.max_keys) = (rate, burst, max_keys);
    AbuseGuardLayer::new(config).unwrap()
}

async fn status(guard: &AbuseGuardLayer, request: Request) -> u16 {
    let ok = |_: Request| async { Response::new(Body::empty()) };
    run(guard.clone(), ok, request).await.status().as_u16()
}

/// acceptance 21.2 (19)
#[tokio::test(start_paused = true)]
async fn forwarding_headers_of_a_stranger_buy_nothing() {
    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
    ] {
        let guard = guard(1, 5, 1_000);
        let mut passed = 0;
        for host in 0..200_u32 {
            let mut request = get_from("203.0.113.9", "/");
            let ip = Ipv4Addr::from_bits(0x0a00_0000 + host);
            let value = if name == "forwarded" {
                format!("for={ip}")
            } else {
                ip.to_string()
            };
            let value = HeaderValue::from_str(&value).unwrap();
            let headers = request.headers_mut();
            headers.append(HeaderName::from_static(name), value.clone());
            headers.append(HeaderName::from_static(name), value);
            passed += u32::from(status(&guard, request).await == 200);
        }
        assert_eq!(passed, 5, "{name}");
        assert_eq!(guard.stats().keys, 1);
    }
}

/// Behind a trusted proxy each client has its own quota, and what a client writes to the left of
/// its own address changes nothing.
#[tokio::test(start_paused = true)]
async fn behind_a_trusted_proxy_the_client_counts_and_not_what_it_claims() {
    let mut app = AppContext::default();
    app.trusted_proxies = "10.0.0.0/8".parse().unwrap();
    let app = Arc::new(app);
    let guard = guard(1, 5, 1_000);
    let mut passed = [0, 0];
    for claim in 0..50_u32 {
        for (client, passed) in passed.iter_mut().enumerate() {
            let request = get_from("10.0.0.1", "/");
            let connection = *request.extensions().get().unwrap();
            let (mut parts, body) = request.into_parts();
            let claimed = Ipv4Addr::from_bits(0x0100_0000 + claim);
            let hops = format!("{claimed}, 203.0.113.{client}, 10.0.0.2");
            parts
                .headers
                .insert("x-forwarded-for", hops.parse().unwrap());
            let context = RequestContext::new(Arc::clone(&app), connection, &parts);
            parts.extensions.insert(context);
            let request = Request::from_parts(parts, body);
            *passed += u32::from(status(&guard, request).await == 200);
        }
    }
    assert_eq!(passed, [5, 5]);
}

/// acceptance 21.2 (19)
#[tokio::test(start_paused = true)]
async fn a_new_port_is_the_same_client() {
    let guard = guard(1, 5, 1_000);
    let mut passed = 0;
    for _ in 0..100 {
        passed += u32::from(status(&guard, get_from("203.0.113.9", "/")).await == 200);
    }
    assert_eq!(passed, 5);
}

#[tokio::test(start_paused = true)]
async fn a_whole_ipv6_network_is_one_client() {
    let guard = guard(1, 5, 1_000);
    let own = 0x2001_0db8_0000_0001_u128 << 64;
    let mut passed = 0;
    for host in 0..200_u128 {
        let ip = Ipv6Addr::from_bits(own + host * 0x1234_5678_9abc);
        passed += u32::from(status(&guard, get_from(&ip.to_string(), "/")).await == 200);
    }
    assert_eq!(passed, 5);
    let neighbour = Ipv6Addr::from_bits(own + (1 << 64));
    assert_eq!(
        status(&guard, get_from(&neighbour.to_string(), "/")).await,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn an_ipv4_client_is_the_same_over_ipv6() {
    let guard = guard(1, 1, 1_000);
    assert_eq!(status(&guard, get_from("192.0.2.1", "/")).await, 200);
    assert_eq!(status(&guard, get_from("::ffff:192.0.2.1", "/")).await, 429);
    // Mapped addresses are not one network.
    assert_eq!(status(&guard, get_from("::ffff:192.0.2.2", "/")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn without_an_address_all_share_one_quota() {
    let guard = guard(1, 3, 1_000);
    let mut passed = 0;
    for _ in 0..10 {
        passed += u32::from(status(&guard, get("/")).await == 200);
    }
    assert_eq!((passed, guard.stats().keys), (3, 1));
}

/// acceptance 21.2 (19): who is refused stays refused, and memory stays bounded.
#[tokio::test(start_paused = true)]
async fn a_flood_of_addresses_neither_frees_the_attacker_nor_takes_memory() {
    let guard = guard(1, 1, 500);
    assert_eq!(status(&guard, get_from("203.0.113.9", "/")).await, 200);
    let mut refused = 0;
    for host in 0..20_000_u32 {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 + host).to_string();
        refused += u32::from(status(&guard, get_from(&ip, "/")).await == 429);
        if host % 1_000 == 0 {
            assert_eq!(status(&guard, get_from("203.0.113.9", "/")).await, 429);
        }
    }
    let stats = guard.stats();
    assert_eq!(stats.keys, 500, "{stats:?}");
    assert!(
        stats.overflowed > 18_000 && u64::from(refused) >= stats.overflowed - 1,
        "{stats:?}"
    );
    assert_eq!(stats.allowed + stats.refused, 20_021);
}
