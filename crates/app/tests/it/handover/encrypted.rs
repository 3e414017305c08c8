//! TLS is spoken over the sockets that are handed over, and over inherited ones.

use std::net::TcpListener;

use super::{Servers, TLS, gone};
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
