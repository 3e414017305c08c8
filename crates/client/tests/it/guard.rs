//! The guard against addresses that lead inwards, over real sockets.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Mutex;

use plumego_client::{AddressKind, Client, Refusal, Resolve, Resolving, Url, UrlError};

use crate::server::Server;
use crate::{guarded, trusted, within};

/// Answers as the test wants, one answer after the other; the last one stays.
pub(crate) struct Dns {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
}

impl Dns {
    pub(crate) fn new<const N: usize>(answers: [&[&str]; N]) -> Self {
        let read = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Self {
            answers: Mutex::new(answers.iter().map(read).collect()),
        }
    }
}

impl Resolve for Dns {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers.front().unwrap().clone()
        };
        Box::pin(async move { Ok(answer) })
    }
}

#[tokio::test]
async fn a_guarded_client_does_not_reach_this_machine() {
    let server = Server::text("inside").await;
    let client = Client::guarded("test").allow_any_port().build().unwrap();
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    let expected = Refusal::Address("127.0.0.1".parse().unwrap(), AddressKind::Loopback);
    assert_eq!(error.refusal(), Some(&expected));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_allowed_is_reached() {
    let server = Server::text("hello").await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/x?y")).send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(within(answer.text()).await.unwrap(), "hello");
    assert_eq!(server.asked()[0].head.uri, "/x?y");
}

#[tokio::test]
async fn a_trusted_client_reaches_its_origin_alone() {
    let (own, other) = (Server::text("own").await, Server::text("other").await);
    let client = trusted(&own.url("/"));
    let answer = within(client.get(own.url("/a")).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "own");
    let error = within(client.get(other.url("/")).send()).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::Origin));
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn names_are_checked_by_what_they_lead_to() {
    let server = Server::text("inside").await;
    let url = format!("http://hooks.example:{}/", server.addr.port());
    for answer in ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::", "::1"] {
        let client = Client::guarded("test")
            .allow_any_port()
            .resolver(Dns::new([&[answer]]))
            .build()
            .unwrap();
        let error = within(client.get(&url).send()).await.unwrap_err();
        assert!(error.is_refused(), "{answer}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

/// Names that lead inwards without any trick of DNS.
#[tokio::test]
async fn names_made_for_it_are_refused() {
    let server = Server::text("inside").await;
    let port = server.addr.port();
    for name in [
        "127.0.0.1.nip.io",
        "7f000001.nip.io",
        "localtest.me",
        "metadata.google.internal",
        "spoofed.burpcollaborator.example",
    ] {
        let client = Client::guarded("test")
            .allow_any_port()
            .resolver(Dns::new([&["127.0.0.1", "::1"]]))
            .build()
            .unwrap();
        let request = client.get(format!("http://{name}:{port}/"));
        assert!(
            within(request.send()).await.unwrap_err().is_refused(),
            "{name}"
        );
    }
    // By the resolver of the system.
    let client = Client::guarded("test").allow_any_port().build().unwrap();
    for name in ["localhost", "LOCALHOST"] {
        let request = client.get(format!("http://{name}:{port}/"));
        assert!(
            within(request.send()).await.unwrap_err().is_refused(),
            "{name}"
        );
    }
    assert_eq!(server.connections(), 0);
    let client = guarded().build().unwrap();
    let answer = within(client.get(format!("http://localhost:{port}/")).send()).await;
    assert_eq!(within(answer.unwrap().text()).await.unwrap(), "inside");
}

/// Of an answer that is half public only that half is dialled, in whatever order it comes.
#[tokio::test]
async fn of_a_mixed_answer_the_public_part_is_used() {
    let (outside, inside) = Server::outside_and_inside().await;
    let url = format!("http://mixed.example:{}/", outside.addr.port());
    for answer in [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]] {
        let client = Client::guarded("test")
            .allow_net("127.0.0.2")
            .allow_any_port()
            .resolver(Dns::new([&answer]))
            .build()
            .unwrap();
        let answer = within(client.get(&url).send()).await.unwrap();
        assert_eq!(within(answer.text()).await.unwrap(), "outside");
    }
    assert_eq!(inside.connections(), 0);
}

/// A connection that waits was checked when it was made; one that is new is checked anew.
#[tokio::test]
async fn a_connection_that_is_kept_is_used_and_the_next_one_is_checked() {
    let (outside, inside) = Server::outside_and_inside().await;
    let client = Client::guarded("test")
        .allow_net("127.0.0.2")
        .allow_any_port()
        .resolver(Dns::new([&["127.0.0.2"], &["127.0.0.1"]]))
        .build()
        .unwrap();
    let url = format!("http://rebind.example:{}/", outside.addr.port());
    for _ in 0..2 {
        let kept = within(client.get(&url).send()).await.unwrap();
        assert_eq!(within(kept.text()).await.unwrap(), "outside");
    }
    let (held, fresh) = tokio::join!(client.get(&url).send(), client.get(&url).send());
    let refused = [held, fresh].into_iter().filter_map(Result::err);
    assert!(refused.map(|error| error.is_refused()).eq([true]));
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn hosts_and_networks_can_be_opened_and_closed() {
    let server = Server::text("in").await;
    let port = server.addr.port();
    let client = Client::guarded("test")
        .allow_host("hooks.internal")
        .allow_host("*.team.internal")
        .only_host("*.internal")
        .only_host("closed.example")
        .allow_port(port)
        .resolver(Dns::new([&["127.0.0.1"]]))
        .build()
        .unwrap();
    let ask = async |name: &str| {
        let request = client.get(format!("http://{name}:{port}/"));
        within(request.send()).await.map(drop)
    };
    for name in [
        "hooks.internal",
        "HOOKS.internal",
        "a.team.internal",
        "b.a.team.internal",
    ] {
        assert!(ask(name).await.is_ok(), "{name}");
    }
    for name in [
        "team.internal",
        "xteam.internal",
        "hooks.internal.internal",
        "closed.example",
    ] {
        let error = ask(name).await.unwrap_err();
        assert!(
            matches!(error.refusal(), Some(Refusal::Address(..))),
            "{name}"
        );
    }
    for name in [
        "internal",
        "hooks.internal.evil.example",
        "127.0.0.1",
        "8.8.8.8",
    ] {
        let error = ask(name).await.unwrap_err();
        assert_eq!(error.refusal(), Some(&Refusal::Host), "{name}");
    }
    let denied = guarded().deny_net("127.0.0.0/24").build().unwrap();
    let error = denied.check(server.url("/")).unwrap_err();
    let address = "127.0.0.1".parse().unwrap();
    assert_eq!(error.refusal(), Some(&Refusal::Denied(address)));
    let secure = guarded().https_only().build().unwrap();
    let error = secure.check(server.url("/")).unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::Insecure));
}

/// A network that is closed is not reached by a form of IPv6 that leads there either, nor opened by
/// how it is written.
#[test]
fn a_closed_network_is_closed_in_every_form() {
    for denied in [
        "8.8.0.0/16",
        "8.8.8.8",
        "::ffff:8.8.0.0/112",
        "::ffff:8.8.8.8",
    ] {
        let client = guarded()
            .deny_net(denied)
            .allow_net("::/0")
            .build()
            .unwrap();
        for url in [
            "http://8.8.8.8/",
            "http://[::ffff:8.8.8.8]/",
            "http://[64:ff9b::808:808]/",
            "http://[64:ff9b:1::808:808]/",
            "http://[2600::5efe:808:808]/",
            "http://[2600::200:5efe:808:808]/",
            "http://[2002:808:808::1]/",
            "http://[::808:808]/",
            "http://[::ffff:0:808:808]/",
        ] {
            let error = client.check(url).unwrap_err();
            let refusal = error.refusal();
            assert!(
                matches!(refusal, Some(Refusal::Denied(_))),
                "{denied} {url}: {error}"
            );
        }
        for url in ["http://9.9.9.9/", "http://[64:ff9b::909:909]/"] {
            assert!(client.check(url).is_ok(), "{denied} {url}");
        }
    }
    let opened = Client::guarded("test").allow_net("::ffff:10.0.0.0/104");
    assert!(opened.build().unwrap().check("http://10.1.2.3/").is_ok());
}

/// A URL is refused before anything is looked up or dialled.
#[test]
fn bypass_urls_are_refused_at_once() {
    let client = Client::guarded("test").build().unwrap();
    for url in [
        "http://127.0.0.1/",
        "http://127.8.8.8/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.168.0.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:7f00:0001]/",
        "http://[::7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[ff02::1]/",
        "http://example.com:22/",
        "http://example.com:6379/",
    ] {
        let error = client.check(url).unwrap_err();
        assert!(error.refusal().is_some(), "{url}: {error}");
    }
    for url in [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://\u{2460}27.0.0.1/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1%00.example.com/",
        "file:///etc/passwd",
    ] {
        let error = client.check(url).unwrap_err();
        assert!(error.url_error().is_some(), "{url}: {error}");
    }
    for url in [
        "http://example.com/",
        "https://8.8.8.8/",
        "http://[64:ff9b::808:808]/",
    ] {
        assert!(client.check(url).is_ok(), "{url}");
    }
}

/// The answer of DNS changes between two requests: each connection is checked for itself.
#[tokio::test]
async fn a_rebinding_name_reaches_nothing() {
    let (outside, inside) = Server::outside_and_inside().await;
    let client = Client::guarded("test")
        .allow_net("127.0.0.2/32")
        .allow_any_port()
        .max_idle(0, 0)
        .resolver(Dns::new([&["127.0.0.2"], &["127.0.0.1"]]))
        .build()
        .unwrap();
    let url = format!("http://rebind.example:{}/", outside.addr.port());
    let first = within(client.get(&url).send()).await.unwrap();
    assert_eq!(within(first.text()).await.unwrap(), "outside");
    let error = within(client.get(&url).send()).await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

#[test]
fn the_text_of_a_refusal_says_what_and_why() {
    let client = Client::guarded("hooks").build().unwrap();
    let error = client.check("http://169.254.169.254/secret?x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "client `hooks`, http://169.254.169.254: refused: 169.254.169.254 is the address of a \
         metadata service; allow it with `allow_net` or its name with `allow_host`"
    );
    assert_eq!("http://a@b/".parse::<Url>(), Err(UrlError::Userinfo));
}
