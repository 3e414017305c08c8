//! Every answer to every kind of request, by name.

use bytes::Bytes;

use super::handlers::{PATHS, REFUSED};
use super::{Guarded, Then, differ};

/// The answers to these requests, one after the other on a connection, are those of the engine.
fn check(requests: &[String]) -> Result<(), String> {
    let pieces: Vec<Bytes> = requests.iter().cloned().map(Bytes::from).collect();
    let whole = [Bytes::from(requests.concat())];
    for guards in [Guarded::No, Guarded::Yes] {
        for pieces in [&pieces[..], &whole] {
            let told = |why| format!("{:?}: {why}", requests.concat());
            differ(guards, pieces, Then::CloseLater).map_err(told)?;
        }
    }
    Ok(())
}

#[test]
fn answers_are_those_of_the_engine() {
    let mut wrong = Vec::new();
    for path in PATHS.iter().chain(&REFUSED).chain(&["/get", "/text?a=b"]) {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "BREW"] {
            for fields in [
                "",
                "content-length: 0\r\n",
                "origin: https://shop.example\r\n",
            ] {
                let odd = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
                let plain = "GET /text HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
                wrong.extend(check(&[plain.clone(), odd, plain]).err());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where an answer is the engine's after all, its request has been read: the next one is found.
#[test]
fn request_behind_an_answer_of_the_engine_is_found() {
    let mut wrong = Vec::new();
    for path in PATHS {
        for length in [1, 100, 7000, 8_000, 8_200, 20_000] {
            let body = "GET /text HTTP/1.1\r\n\r\n".repeat(1000);
            let body = body.get(..length).unwrap();
            let odd =
                format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
            let plain = "GET /text HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
            wrong.extend(check(&[odd + body, plain]).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The engine would give it the time of a connection that asks nothing.
#[test]
fn half_a_head_behind_a_request_has_the_time_of_a_head() {
    for rest in ["G", "GET /text HTTP/1.1\r\nhost: x\r\n", "\r\n"] {
        let bytes = format!("GET /text HTTP/1.1\r\nhost: x\r\n\r\n{rest}");
        let record = differ(Guarded::No, &[Bytes::from(bytes)], Then::Stay).unwrap();
        assert_eq!(record.answers.len(), 1, "{rest:?}");
        assert_eq!(record.closed.as_secs(), 5, "{rest:?}");
        assert!(record.ended_by("header").is_some(), "{rest:?}");
    }
}
