//! Proxies that the environment names are not asked: they would look up the name again.

use std::process::Stdio;

use tokio::process::Command;

use crate::server::Server;
use crate::{guarded, within};

const INNER: &str = "environment::inner_request";
const URL: &str = "PLUMEGO_CLIENT_TEST_URL";

/// Runs a request in a process whose environment names a proxy.
#[tokio::test]
async fn no_proxy_of_the_environment_is_used() {
    let (server, proxy) = (Server::text("direct").await, Server::text("proxy").await);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", INNER, "--ignored", "--nocapture"])
        .env(URL, server.url("/"))
        .stdout(Stdio::null());
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env(name, proxy.url(""));
    }
    let status = within(command.status()).await.unwrap();
    assert!(status.success());
    assert_eq!((server.connections(), proxy.connections()), (1, 0));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn inner_request() {
    let url = std::env::var(URL).unwrap();
    let client = guarded().build().unwrap();
    let answer = within(client.get(url).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "direct");
}
