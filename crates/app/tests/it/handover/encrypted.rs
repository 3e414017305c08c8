//! TLS is spoken over the sockets that are handed over, and over inherited ones.

use std::net::TcpListener;

use super::{REDIRECT, Servers, TLS, gone};
use crate::tls::authority::Authority;
use crate::tls::foreign::{curl, has};

#[tokio::test]
async fn successor_speaks_tls_on_the_sockets_of_its_predecessor() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("handover");
    let (cert, key) = authority.write("site", &authority.server(&["localhost"]));
    let files = format!("{},{}", cert.display(), key.display());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let this = std::env::current_exe().unwrap();
    let mut servers = Servers::start_with(&this, vec![listener.into()], |command| {
        command.env(TLS, files);
    });
    servers.line("listening on https://").await;
    let ca = authority.file();
    let args = [
        "--cacert",
        ca.to_str().unwrap(),
        "https://localhost:{port}/pid",
    ];
    curl(addr, &args).await.has(&servers.group.to_string());
    let new = servers.hand_over(servers.group).await;
    gone(servers.group).await;
    curl(addr, &args).await.has(&new.to_string());
}

/// It was forgotten in silence, and nobody was sent from http to https.
#[tokio::test]
async fn redirect_that_no_inherited_socket_is_for_is_named() {
    let authority = Authority::new("redirect");
    let (cert, key) = authority.write("site", &authority.server(&["localhost"]));
    let files = format!("{},{}", cert.display(), key.display());
    let this = std::env::current_exe().unwrap();
    for is_passed in [false, true] {
        let site = TcpListener::bind("127.0.0.1:0").unwrap();
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = plain.local_addr().unwrap().port();
        let mut sockets = vec![site.into()];
        if is_passed {
            sockets.push(plain.into());
        }
        let mut servers = Servers::start_with(&this, sockets, |command| {
            command.env(TLS, &files).env(REDIRECT, format!(":{port}"));
        });
        if is_passed {
            servers.line("listening on http://").await;
            assert!(!servers.seen.contains("not used"), "{}", servers.seen);
        } else {
            let line = servers.line("not used: TLS_REDIRECT_ADDR.").await;
            assert!(line.contains(&format!("({port})")), "{line}");
        }
    }
}
