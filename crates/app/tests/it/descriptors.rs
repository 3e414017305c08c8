//! Too few descriptors, told by a process of its own: this very binary, told by a variable to be a
//! server.
#![cfg(target_os = "linux")]

use plumego_app::{App, ServerConfig};
use plumego_contract::Error;
use plumego_observe::log::StdoutSink;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::reload::process::Process;

/// The bound on connections of the child.
const CHILD: &str = "PLUMEGO_TEST_DESCRIPTORS";
/// The descriptors that the child may have.
const LIMIT: u64 = 200;

/// The server; nothing in the process that runs the tests.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the test tells its child what it is"
)]
async fn child() -> Result<(), Error> {
    let Ok(most) = std::env::var(CHILD) else {
        return Ok(());
    };
    let mut config = ServerConfig::default();
    config.max_connections = most.parse().unwrap();
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(LIMIT),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    App::builder()
        .config(config)
        .addr("127.0.0.1:0")
        .log_sink(StdoutSink)
        .build()?
        .run()
        .await
}

#[tokio::test]
async fn fewer_descriptors_than_connections_are_told_when_it_starts() {
    for (most, is_told) in [(LIMIT + 1, true), (LIMIT, false)] {
        let mut server = Process::start("descriptors::child", |command| {
            command.env(CHILD, most.to_string());
        });
        server.line("listening on").await;
        let told = server
            .seen
            .lines()
            .find(|line| line.contains("descriptors open"));
        assert_eq!(told.is_some(), is_told, "{}", server.seen);
        if let Some(line) = told {
            for part in ["WARN", " 200 ", " 201:", "LimitNOFILE="] {
                assert!(line.contains(part), "{part:?} in {line}");
            }
        }
        server.signal("TERM").await;
        assert_eq!(server.status().await, Some(0), "{}", server.seen);
    }
}
