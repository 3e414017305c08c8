//! What forwarding headers say, from a trusted proxy and from anybody else.

use plumego::contract::ForwardedHeader;
use plumego::contract::extract::{ClientIp, Host, Scheme};
use plumego::middleware::rate_limit::AbuseGuardConfig;
use plumego::prelude::*;

use crate::house::{House, house_with};

/// The headers that a proxy writes which sends these lines.
fn written(lines: &str) -> ForwardedHeader {
    if lines.starts_with("Forwarded") {
        ForwardedHeader::Forwarded
    } else {
        ForwardedHeader::XForwarded
    }
}

/// An application that tells the address of its client, and lets each in three times.
async fn echo(trusted: &str, header: ForwardedHeader) -> House {
    let mut guard = AbuseGuardConfig::default();
    (guard.rate, guard.burst) = (1, 3);
    let trust = |config: &mut ServerConfig| {
        config.trusted_proxies = trusted.parse().unwrap();
        config.forwarded_header = header;
    };
    house_with(trust, |app| {
        app.guards(move |guards| guards.abuse_guard = Some(guard))
            .routes(|r| {
                r.get("/", async |ClientIp(ip): ClientIp| ip.to_string())
                    .get("/origin", async |scheme: Scheme, host: Host| {
                        format!("{scheme}://{host}")
                    })
            })
    })
    .await
}

/// A request with these lines, on a connection and so from a port of its own.
async fn ask(house: &House, lines: &str) -> (u16, String) {
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
    let answer = house.send(request).await;
    (answer.status(), answer.body)
}

/// Lines of a head, and the client that they tell of.
const TOLD: &[(&str, &str)] = &[
    ("", "127.0.0.1"),
    ("X-Forwarded-For: 203.0.113.1\r\n", "203.0.113.1"),
    ("x-forwarded-for:203.0.113.2:4711\r\n", "203.0.113.2"),
    ("X-Forwarded-For: 2001:db8:0:3::1\r\n", "2001:db8:0:3::1"),
    (
        "X-Forwarded-For: [2001:db8:0:4::1]:443\r\n",
        "2001:db8:0:4::1",
    ),
    ("X-Forwarded-For: ::ffff:203.0.113.5\r\n", "203.0.113.5"),
    // What the client wrote itself stands to the left, in the same line or in one before.
    ("X-Forwarded-For: 1.1.1.1, 203.0.113.6\r\n", "203.0.113.6"),
    (
        "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n",
        "203.0.113.7",
    ),
    (
        "X-Forwarded-For: 1.1.1.1, 203.0.113.8\r\nx-forwarded-for: 127.0.0.1\r\n",
        "203.0.113.8",
    ),
    ("X-Forwarded-For: \t 203.0.113.9 \t,, ,\r\n", "203.0.113.9"),
    (
        "X-Forwarded-For: \"1.1.1.1, 203.0.113.10\r\n",
        "203.0.113.10",
    ),
    // No address ends the walk at the proxy.
    ("X-Forwarded-For: 203.0.113.11, unknown\r\n", "127.0.0.1"),
    ("X-Forwarded-For: 1.1.1.1 203.0.113.12\r\n", "127.0.0.1"),
    ("X-Forwarded-For: 203.0.113.013\r\n", "127.0.0.1"),
    ("X-Forwarded-For: 203.0.113.\u{e4}\r\n", "127.0.0.1"),
    (
        "X-Real-IP: 203.0.113.14\r\nCF-Connecting-IP: 203.0.113.14\r\n",
        "127.0.0.1",
    ),
    (
        "Forwarded: for=203.0.113.15;proto=https\r\n",
        "203.0.113.15",
    ),
    (
        "Forwarded: For=\"[2001:db8:0:16::1]:4711\"\r\n",
        "2001:db8:0:16::1",
    ),
    (
        "Forwarded: for=1.1.1.1\r\nForwarded: proto=http;for=\"203.0.113.17\"\r\n",
        "203.0.113.17",
    ),
    (
        "Forwarded: for=1.1.1.1, for=203.0.113.18\r\n",
        "203.0.113.18",
    ),
    (
        "Forwarded: for=\"1.1.1.1, for=203.0.113.19\r\n",
        "203.0.113.19",
    ),
    ("Forwarded: for=_hidden\r\n", "127.0.0.1"),
    ("Forwarded: for=unknown, for=127.0.0.1\r\n", "127.0.0.1"),
    (
        "Forwarded: for=203.0.113.20;for=203.0.113.21\r\n",
        "127.0.0.1",
    ),
    // One header is written by the proxy, the other one by the client.
    (
        "Forwarded: for=203.0.113.22\r\nX-Forwarded-For: 1.1.1.1\r\n",
        "203.0.113.22",
    ),
    (
        "X-Forwarded-For: 203.0.113.23\r\nForwarded: for=1.1.1.1\r\n",
        "203.0.113.23",
    ),
    (
        "X-Forwarded-For: 203.0.113.24\r\nForwarded:\r\n",
        "203.0.113.24",
    ),
    ("Forwarded:\r\n", "127.0.0.1"),
];

// acceptance 21.2 (19)
#[tokio::test]
async fn trusted_proxy_tells_who_asks_and_what_the_client_forged_changes_nothing() {
    // Each row has an application of its own, so that no row uses up what another has.
    for (lines, client) in TOLD {
        let house = echo("127.0.0.0/8", written(lines)).await;
        assert_eq!(
            ask(&house, lines).await,
            (200, (*client).to_owned()),
            "{lines}"
        );
        house.stop().await;
    }
}

/// A proxy that is configured as the book says writes `X-Forwarded-*` and hands on what the client
/// sent as `Forwarded`.
// acceptance 21.2 (19)
#[tokio::test]
async fn client_forges_nothing_with_the_header_that_the_proxy_does_not_write() {
    let house = echo("127.0.0.1", ForwardedHeader::XForwarded).await;
    let written = "X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Proto: http\r\n\
                   X-Forwarded-Host: shop.example\r\n";
    let mut passed = 0;
    for n in 0..30 {
        let forged = format!("Forwarded: for=198.51.100.{n};proto=https;host=evil.example\r\n");
        let (status, client) = ask(&house, &format!("{written}{forged}")).await;
        assert!(status == 429 || client == "203.0.113.1", "{client}");
        passed += u32::from(status == 200);
    }
    assert!(
        (3..=20).contains(&passed),
        "one client, one quota: {passed}"
    );
    let forged = "Forwarded: for=198.51.100.9;proto=https;host=evil.example\r\n";
    let other = written.replace("203.0.113.1", "203.0.113.2");
    let request = format!("GET /origin HTTP/1.1\r\nHost: x\r\n{forged}{other}\r\n");
    assert_eq!(house.send(request).await.body, "http://shop.example");
    house.stop().await;
}

// acceptance 21.2 (19)
#[tokio::test]
async fn nobody_else_is_believed_by_any_of_the_headers_or_from_any_port() {
    let house = echo("10.0.0.0/8", ForwardedHeader::XForwarded).await;
    let (mut passed, mut refused) = (0, 0);
    for (lines, _) in TOLD {
        match ask(&house, lines).await {
            (200, client) => {
                assert_eq!(client, "127.0.0.1", "{lines}");
                passed += 1;
            }
            (status, _) => {
                assert_eq!(status, 429, "{lines}");
                refused += 1;
            }
        }
    }
    // A slow machine may earn a few more while it asks.
    assert!(
        (3..=20).contains(&passed) && refused > 0,
        "{passed} {refused}"
    );
    let clients = house.samples("http_abuse_guard_clients");
    assert_eq!(clients, ["http_abuse_guard_clients 1"]);
    house.stop().await;
}

/// RFC 9112, section 5.2: a proxy that joins the lines and a server that does not would see
/// different clients.
// acceptance 21.2 (19)
#[tokio::test]
async fn folded_line_is_refused_and_the_connection_closed() {
    for fold in ["\r\n 1.1.1.1", "\r\n\t, 1.1.1.1", "\n 1.1.1.1"] {
        for name in ["X-Forwarded-For", "Forwarded", "X-Anything"] {
            let house = echo("127.0.0.0/8", written(name)).await;
            let mut client = house.connect().await;
            let first = "GET / HTTP/1.1\r\nHost: x\r\n";
            let folded = format!("{first}{name}: for=203.0.113.1{fold}\r\n\r\n{first}\r\n");
            client.send(folded).await;
            let all = client.rest().await;
            assert!(all.starts_with("HTTP/1.1 400 "), "{name} {fold:?}: {all}");
            assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{all}");
            house.stop().await;
        }
    }
}

/// A header that cannot be told apart from a smuggled one.
#[tokio::test]
async fn name_with_a_space_before_its_colon_is_refused() {
    let house = echo("127.0.0.0/8", ForwardedHeader::XForwarded).await;
    for line in [
        "X-Forwarded-For : 1.1.1.1\r\n",
        " X-Forwarded-For: 1.1.1.1\r\n",
    ] {
        assert_eq!(ask(&house, line).await.0, 400, "{line}");
    }
    house.stop().await;
}

// acceptance 21.2 (19)
#[tokio::test]
async fn addresses_of_one_ipv6_network_and_ports_of_one_address_share_a_quota() {
    let forms: [fn(u32) -> String; 4] = [
        |n| format!("X-Forwarded-For: 2001:db8:0:1:{n:x}::{n:x}\r\n"),
        |n| format!("Forwarded: for=\"[2001:db8:0:2::{n:x}]:{}\"\r\n", 1000 + n),
        |n| format!("X-Forwarded-For: 203.0.113.1:{}\r\n", 1000 + n),
        |n| format!("X-Forwarded-For: 198.51.100.{n}, 203.0.113.2\r\n"),
    ];
    for form in forms {
        let house = echo("127.0.0.1/32", written(&form(0))).await;
        let mut passed = 0;
        for n in 0..30 {
            passed += u32::from(ask(&house, &form(n)).await.0 == 200);
        }
        assert!((3..=20).contains(&passed), "{}: {passed}", form(0));
        let clients = house.samples("http_abuse_guard_clients");
        assert_eq!(clients, ["http_abuse_guard_clients 1"], "{}", form(0));
        // The network beside it, and another address, have quotas of their own.
        for other in ["2001:db8:0:9::1", "2001:db8:0:a::1"] {
            let line = match written(&form(0)) {
                ForwardedHeader::XForwarded => format!("X-Forwarded-For: {other}\r\n"),
                ForwardedHeader::Forwarded => format!("Forwarded: for=\"[{other}]\"\r\n"),
            };
            assert_eq!(ask(&house, &line).await.0, 200, "{other}");
        }
        house.stop().await;
    }
}
