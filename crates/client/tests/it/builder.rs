//! What cannot be is told at build, all of it, with the lines.

use std::time::Duration;

use plumego_client::Client;
use plumego_observe::metrics::Metrics;

#[test]
fn every_problem_is_told_at_once() {
    let problems = Client::guarded("Not A Name")
        .allow_net("10.0.0.0/99")
        .allow_net("internal")
        .allow_host("10.0.0.1")
        .allow_host("*.10.0.0.1")
        .only_host("a..b")
        .connect_timeout(Duration::ZERO)
        .timeout(Duration::from_hours(48))
        .max_in_flight(0, 5)
        .user_agent("line\nbreak")
        .build()
        .unwrap_err();
    let text = problems.to_string();
    for expected in [
        "\"Not A Name\" cannot name a client",
        "`allow_net(\"10.0.0.0/99\")` is no network",
        "`allow_net(\"internal\")` is no network",
        "`allow_host(\"10.0.0.1\")` is an address; use `allow_net`",
        "`allow_host(\"*.10.0.0.1\")` is an address",
        "`only_host(\"a..b\")`: the host is missing or no valid name",
        "`connect_timeout` is 0ns; it has to be from 1ms to 86400s",
        "`timeout` is 172800s",
        "`max_in_flight` is 0; it has to be from 1 to 100000",
        "`user_agent` cannot be sent",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    for problem in &problems {
        let [line] = problem.locations[..] else {
            panic!("{problem} has no line");
        };
        assert!(line.file().ends_with("tests/it/builder.rs"), "{problem}");
    }
}

#[test]
fn a_trusted_client_needs_an_endpoint_that_can_be_read() {
    let problems = Client::trusted("otlp", "localhost:4318")
        .build()
        .unwrap_err();
    assert!(
        problems.to_string().contains("the URL is not absolute"),
        "{problems}"
    );
    let two = Client::trusted("issuer", "https://id.internal")
        .and_origin("https://keys.internal:8443/x")
        .build()
        .unwrap();
    assert!(two.check("https://id.internal/any").is_ok());
    assert!(two.check("https://keys.internal:8443/").is_ok());
    for url in [
        "https://keys.internal/",
        "http://id.internal/",
        "https://id.internal.evil.example/",
    ] {
        assert!(two.check(url).unwrap_err().is_refused(), "{url}");
    }
}

#[test]
fn times_that_contradict_each_other_are_a_problem() {
    let built = Client::guarded("test")
        .timeout(Duration::from_secs(1))
        .build();
    assert!(
        built
            .unwrap_err()
            .to_string()
            .contains("longer than `timeout`")
    );
}

#[test]
fn a_metric_that_is_taken_by_another_kind_is_a_problem() {
    let metrics = Metrics::default();
    metrics
        .gauge("http_client_requests", "Something else.")
        .unwrap();
    let built = Client::guarded("test").metrics(&metrics).build();
    assert!(
        built
            .unwrap_err()
            .to_string()
            .contains("metrics of the client")
    );
}

#[test]
fn debug_shows_the_policy_and_no_secret() {
    let client = Client::guarded("test")
        .allow_net("10.0.0.0/8")
        .build()
        .unwrap();
    let text = format!("{client:?}");
    assert!(
        text.contains("10.0.0.0/8") && text.contains("\"test\""),
        "{text}"
    );
}
