//! The checks against a real program that does one thing wrongly: this one, told by a variable.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::program::BARE;
use super::*;

const ARGS: &str = "PLUMEGO_BENCH_FAKE_ARGS";
const WRONG: &str = "PLUMEGO_BENCH_FAKE_WRONG";

/// A stack as it should be, but for one thing.
struct Fake {
    args: HashMap<String, String>,
    wrong: String,
    asked: AtomicUsize,
    busy: AtomicUsize,
}

/// The server; nothing in the process that runs the tests.
#[test]
fn fake() {
    let Ok(args) = std::env::var(ARGS) else {
        return;
    };
    let pair = |word: &str| {
        word.split_once('=')
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    let fake = Arc::new(Fake {
        args: args.split_whitespace().filter_map(pair).collect(),
        wrong: std::env::var(WRONG).unwrap_or_default(),
        asked: AtomicUsize::new(0),
        busy: AtomicUsize::new(0),
    });
    let listener = TcpListener::bind((
        Ipv4Addr::LOCALHOST,
        u16::try_from(fake.number("port")).unwrap(),
    ))
    .unwrap();
    for stream in listener.incoming().flatten() {
        let fake = fake.clone();
        thread::spawn(move || fake.serve(stream));
    }
}

struct Asked {
    line: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |line: &String| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    };
    let headers: HashMap<_, _> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    let line = lines.into_iter().next()?;
    Some(Asked {
        line,
        headers,
        body,
    })
}

impl Fake {
    fn number(&self, name: &str) -> usize {
        let text = self.args.get(name);
        text.and_then(|text| text.parse().ok())
            .unwrap_or(usize::MAX)
    }

    fn is(&self, wrong: &str) -> bool {
        self.wrong == wrong
    }

    fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(asked) = read(&mut stream) {
            let place = self.busy.fetch_add(1, Ordering::SeqCst);
            let (status, body) = self.answer(&asked, place, &mut stream);
            let text = format!(
                "HTTP/1.1 {status} X\r\n{}content-length: {}\r\n\r\n",
                self.headers(&asked, status),
                body.len()
            );
            self.log(&asked);
            self.busy.fetch_sub(1, Ordering::SeqCst);
            let whole = [text.as_bytes(), &body].concat();
            if stream.get_mut().write_all(&whole).is_err() {
                return;
            }
        }
    }

    fn answer(
        &self,
        asked: &Asked,
        place: usize,
        stream: &mut BufReader<TcpStream>,
    ) -> (u16, Vec<u8>) {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        let count = self.asked.fetch_add(1, Ordering::SeqCst);
        let is_over = count >= self.number("burst") && !self.is("rate limit");
        if is_over {
            return (429, Vec::new());
        }
        if place >= self.number("concurrency") && !self.is("concurrency") {
            return (503, Vec::new());
        }
        if asked.body.len() > self.number("body") && !self.is("body limit") {
            return (413, Vec::new());
        }
        match path {
            _ if asked.line.starts_with("OPTIONS") => (204, Vec::new()),
            "/ping" if self.is("routes") => (200, b"ping".to_vec()),
            "/ping" => (200, b"pong".to_vec()),
            "/echo" if self.is("echo") => (200, b"{}".to_vec()),
            "/echo" => (200, asked.body.clone()),
            "/panic" if self.is("panic") => (200, Vec::new()),
            "/panic" => (500, Vec::new()),
            "/slow" if self.is("timeout") => (200, Vec::new()),
            "/slow" => {
                // As long as the check asks beside it: then it hangs up.
                if self.number("concurrency") < usize::MAX {
                    let _ = stream.fill_buf();
                }
                (504, Vec::new())
            }
            path if paths().iter().any(|it| it == path) || path.contains("probe-4815") => {
                let is_lost = self.is("a route") && path.ends_with("/emojis");
                if is_lost {
                    (404, Vec::new())
                } else {
                    (200, b"ok".to_vec())
                }
            }
            _ if self.is("not found") => (200, b"ok".to_vec()),
            _ => (404, Vec::new()),
        }
    }

    fn headers(&self, asked: &Asked, status: u16) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            if self.wrong != name {
                text.extend([name, ": ", value, "\r\n"]);
            }
        };
        let fresh = if self.is("one id") {
            "0123456789abcdef".to_owned()
        } else {
            format!("{:016x}", self.asked.load(Ordering::SeqCst))
        };
        let given = asked
            .headers
            .get("x-request-id")
            .filter(|_| !self.is("given id"));
        add("x-request-id", given.unwrap_or(&fresh));
        for (name, value) in SECURITY {
            add(name, value);
        }
        if status == 200 && asked.line.contains("/echo") {
            add("content-type", "application/json");
        }
        let origin = asked.headers.get("origin").map_or("", String::as_str);
        if origin == ORIGIN || self.is("any origin") {
            add("access-control-allow-origin", origin);
            let methods = if self.is("preflight") {
                "GET"
            } else {
                "GET, POST"
            };
            add("access-control-allow-methods", methods);
            add("access-control-allow-headers", "content-type");
        }
        text
    }

    fn log(&self, asked: &Asked) {
        let Some(file) = self.args.get("log") else {
            return;
        };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        let line = match self.wrong.as_str() {
            "log" => return,
            "plain log" => asked.line.clone(),
            _ => format!("{{\"line\":\"{}\"}}", asked.line),
        };
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// What the checks say of a program that does this wrongly.
fn told(wrong: &str, series: Series) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("fake");
    let exe = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n{ARGS}=\"$*\" {WRONG}='{wrong}' exec '{}' \
         --exact bench::correct::tests::fake --nocapture\n",
        exe.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    check(&program, series, dir.path())
}

/// What is done wrongly, and where it is told.
const CASES: &[(&str, &str)] = &[
    ("routes", "routes: /ping"),
    ("echo", "routes: /echo"),
    ("a route", "routes: /emojis"),
    ("not found", "routes: /no/such/thing"),
    ("content-type", "routes: /echo: content type"),
    ("x-request-id", "answers: x-request-id"),
    ("one id", "answers: x-request-id"),
    ("given id", "answers: x-request-id"),
    (
        "content-security-policy",
        "answers: content-security-policy",
    ),
    ("x-frame-options", "answers: x-frame-options"),
    (
        "access-control-allow-origin",
        "answers: access-control-allow-origin",
    ),
    ("any origin", "answers: CORS for a stranger"),
    ("preflight", "preflight: POST with JSON"),
    ("body limit", "body limit: a long body"),
    ("panic", "panic: /panic"),
    ("timeout", "timeout: /slow"),
    ("log", "log: lines: expected 10, found 0"),
    ("plain log", "log: not an object"),
    ("concurrency", "concurrency: a third request"),
    ("rate limit", "rate limit: nobody was refused"),
];

#[test]
fn whoever_answers_as_it_should_is_measured() {
    told("nothing", PRODUCTION).unwrap();
    told("nothing", BARE).unwrap();
}

#[test]
fn whoever_does_one_thing_wrongly_is_refused() {
    let all: Vec<_> = CASES
        .iter()
        .map(|(wrong, part)| thread::spawn(move || (wrong, part, told(wrong, PRODUCTION))))
        .collect();
    for one in all {
        let (wrong, part, told) = one.join().unwrap();
        let error = told.expect_err(wrong);
        assert!(error.contains(part), "{wrong}: {part:?} is not in\n{error}");
    }
}

#[test]
fn whoever_does_not_start_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let error = check(&dir.path().join("nobody"), BARE, dir.path()).unwrap_err();
    assert!(error.starts_with("nobody: "), "{error}");
}
