//! Traces go out, and everything is counted.

use std::time::Duration;

use plumego_client::{Client, Retry};
use plumego_contract::{AppContext, Connection, Error as ContractError, RequestContext};
use plumego_observe::metrics::{Metrics, Value};
use plumego_observe::trace::TraceContext;

use crate::server::{Raw, Server, respond};
use crate::{guarded, trusted, within};

const INCOMING: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn the_trace_of_the_running_request_is_sent_on() {
    let server = Server::text("ok").await;
    let client = guarded().build().unwrap();
    let trace = TraceContext::from_header_values([INCOMING], ["a=b"]);
    let request = {
        let _guard = trace.enter();
        client.get(server.url("/"))
    };
    // Sent from a task that knows no trace.
    within(tokio::spawn(request.send())).await.unwrap().unwrap();
    let asked = &server.asked()[0];
    let expected = trace.traceparent();
    assert_eq!(asked.header("traceparent"), Some(expected.as_str()));
    assert!(
        expected
            .as_str()
            .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
    );
    assert_eq!(asked.header("tracestate"), None);
}

#[tokio::test]
async fn without_a_trace_none_is_made() {
    let server = Server::text("ok").await;
    let client = guarded().build().unwrap();
    within(client.get(server.url("/")).send()).await.unwrap();
    let request = {
        let _guard = TraceContext::new_root().enter();
        client.get(server.url("/")).no_trace()
    };
    within(request.send()).await.unwrap();
    for asked in server.asked() {
        assert_eq!(asked.header("traceparent"), None);
    }
}

/// What others wrote into `tracestate` is not for third parties.
#[tokio::test]
async fn tracestate_goes_to_trusted_endpoints_alone() {
    let server = Server::text("ok").await;
    let trace = TraceContext::from_header_values([INCOMING], ["vendor=secret"]);
    let outside = guarded().build().unwrap();
    within(outside.get(server.url("/")).trace(&trace).send())
        .await
        .unwrap();
    let inside = trusted(&server.url("/"));
    within(inside.get(server.url("/")).trace(&trace).send())
        .await
        .unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].header("tracestate"), None);
    assert_eq!(asked[1].header("tracestate"), Some("vendor=secret"));
    assert_eq!(
        asked[0].header("traceparent"),
        asked[1].header("traceparent")
    );
}

/// The deadline of the request that is served bounds the one that is sent.
#[tokio::test]
async fn a_request_within_another_has_no_more_time_than_that() {
    let server = Raw::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = guarded().build().unwrap();
    let (parts, ()) = http::Request::get("/")
        .header("traceparent", INCOMING)
        .body(())
        .unwrap()
        .into_parts();
    let context = RequestContext::new(AppContext::default().into(), Connection::default(), &parts);
    context.limit_deadline(tokio::time::Instant::now() + Duration::from_millis(50));
    let error = within(client.get(server.url("/")).within(&context).send())
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    let answer = ContractError::from(error);
    assert_eq!(
        (answer.status().as_u16(), answer.code()),
        (504, "upstream_timeout")
    );
}

#[track_caller]
fn counted(metrics: &Metrics, line: &str) {
    let text = metrics.encode();
    assert!(
        text.contains(&format!("{line}\n")),
        "{line:?} is not in\n{text}"
    );
}

#[tokio::test]
async fn every_outcome_is_counted_once() {
    let metrics = Metrics::default();
    let server = Server::new(|asked| match asked.head.uri.path() {
        "/large" => respond(200, vec![0; 100]),
        path => respond(path[1..].parse().unwrap(), ""),
    })
    .await;
    let client = guarded()
        .max_response_bytes(99)
        .retry(Retry::off())
        .metrics(&metrics)
        .build()
        .unwrap();
    for path in ["/200", "/204", "/302", "/404", "/500"] {
        let answer = within(client.get(server.url(path)).send()).await.unwrap();
        within(answer.bytes()).await.unwrap();
    }
    let large = within(client.get(server.url("/large")).send()).await;
    assert!(large.unwrap_err().is_too_large());
    let refused = within(client.get("http://10.0.0.1/").send()).await;
    assert!(refused.unwrap_err().is_refused());
    drop(client.get(server.url("/200")));
    for (outcome, count) in [
        ("success", 2),
        ("redirect", 1),
        ("client_error", 1),
        ("server_error", 1),
        ("too_large", 1),
        ("refused", 1),
        ("canceled", 0),
    ] {
        let series = format!("http_client_requests_total{{client=\"test\",outcome=\"{outcome}\"}}");
        counted(&metrics, &format!("{series} {count}"));
    }
    counted(
        &metrics,
        "http_client_requests_in_flight{client=\"test\"} 0",
    );
    counted(
        &metrics,
        "http_client_request_duration_seconds_count{client=\"test\"} 7",
    );
    counted(&metrics, "http_client_retries_total{client=\"test\"} 0");
}

#[tokio::test]
async fn what_is_given_up_is_counted_as_canceled() {
    let metrics = Metrics::default();
    let server = Raw::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = guarded().metrics(&metrics).build().unwrap();
    let request = client.get(server.url("/")).send();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), request)
            .await
            .is_err()
    );
    counted(
        &metrics,
        "http_client_requests_total{client=\"test\",outcome=\"canceled\"} 1",
    );
    counted(
        &metrics,
        "http_client_requests_in_flight{client=\"test\"} 0",
    );
}

/// Two clients count beside each other.
#[tokio::test]
async fn clients_are_told_apart_by_name() {
    let metrics = Metrics::default();
    let one = Client::guarded("one").metrics(&metrics).build().unwrap();
    let two = Client::trusted("two", "http://a.example")
        .metrics(&metrics)
        .build()
        .unwrap();
    assert!(within(one.get("http://10.0.0.1/").send()).await.is_err());
    assert!(within(two.get("http://b.example/").send()).await.is_err());
    for name in ["one", "two"] {
        let series = format!("http_client_requests_total{{client=\"{name}\",outcome=\"refused\"}}");
        counted(&metrics, &format!("{series} 1"));
    }
}

/// What exporters tell has the origin where the operator named it, and nothing that a stranger
/// chose without a bound.
#[tokio::test]
async fn exporters_are_told_more_and_nothing_without_a_bound() {
    let metrics = Metrics::default();
    let server =
        Server::new(|asked| respond(asked.head.uri.path()[1..].parse().unwrap(), "")).await;
    let port = server.addr.port();
    let open = guarded()
        .retry(Retry::off())
        .metrics(&metrics)
        .build()
        .unwrap();
    for path in ["/200", "/404", "/599", "/598", "/999"] {
        let answer = within(open.get(server.url(path)).send()).await.unwrap();
        within(answer.bytes()).await.unwrap();
    }
    let made_up = http::Method::from_bytes(b"MADE-UP").unwrap();
    let answer = within(open.request(made_up, server.url("/200")).send()).await;
    within(answer.unwrap().bytes()).await.unwrap();
    let own = Client::trusted("own", server.url("/"))
        .metrics(&metrics)
        .build()
        .unwrap();
    within(own.post(server.url("/201")).send()).await.unwrap();
    let elsewhere = within(own.get("http://elsewhere.example/").send()).await;
    assert!(elsewhere.unwrap_err().is_refused());

    let snapshot = metrics.for_exporters().snapshot();
    let family = snapshot.family("http_client_request_duration_seconds");
    let told: Vec<String> = family
        .unwrap()
        .samples
        .iter()
        .map(|sample| {
            let Value::Histogram(value) = &sample.value else {
                panic!("{sample:?}");
            };
            let labels: Vec<&str> = sample.labels().map(|(_, value)| value).collect();
            format!("{}: {}", labels.join(","), value.count)
        })
        .collect();
    let expected = [
        "own,GET,,,,refused: 1".to_owned(),
        format!("own,POST,127.0.0.1,{port},201,: 1"),
        "test,GET,,,,server_error: 3".to_owned(),
        "test,GET,,,200,: 1".to_owned(),
        "test,GET,,,404,404: 1".to_owned(),
        "test,_OTHER,,,200,: 1".to_owned(),
    ];
    assert_eq!(told, expected);
}
