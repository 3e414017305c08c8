//! What every program has to answer before it is measured: whoever does less work is not faster.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Answer, Ask, Client};
use super::program::{ORDER, ORIGIN, PRODUCTION, Series, paths};
use super::server::{Server, Start};

/// How long a log line, or a refusal, may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(20);
/// Requests whose lines in the log are counted.
const LOGGED: usize = 10;

/// The policy of every stack; also in `benches/task`.
const SECURITY: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    (
        "content-security-policy",
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// Checks a program in one of its series. The error has everything that is wrong.
pub(crate) fn check(program: &Path, series: Series, dir: &Path) -> Result<(), String> {
    let start = |more: &'static [&'static str]| {
        let start = Start {
            program,
            series,
            workers: 2,
            more,
            dir,
            under: &[],
        };
        start.start()
    };
    let mut wrong = Wrong::default();
    let server = start(&["body=1000", "timeout=300"])?;
    wrong.note("routes", routes(&server));
    if series.args.first() == PRODUCTION.args.first() {
        wrong.note("answers", marks(&server));
        wrong.note("preflight", preflight(&server));
        wrong.note("body limit", body_limit(&server));
        wrong.note("panic", status(&server, "/panic", &[500]));
        wrong.note("timeout", status(&server, "/slow", &[504]));
        wrong.note("log", log(&server));
        wrong.note(
            "concurrency",
            concurrency(&start(&["concurrency=2", "timeout=8000"])?),
        );
        wrong.note("rate limit", rate(&start(&["rate=20", "burst=20"])?));
    }
    wrong.told()
}

#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn note(&mut self, what: &str, result: Result<(), String>) {
        if let Err(error) = result {
            self.0.push(format!("  {what}: {error}"));
        }
    }

    fn told(self) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.0.join("\n"))
    }
}

fn ask(server: &Server, ask: Ask) -> Result<Answer, String> {
    let ask = ask.header("origin", ORIGIN);
    Client::connect(server.port)?.ask(&ask)
}

fn expect<T: Copy + PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    wanted: T,
) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}: expected {wanted:?}, found {found:?}"))
}

fn status(server: &Server, path: &str, wanted: &[u16]) -> Result<(), String> {
    let found = ask(server, Ask::get(path))?.status;
    if wanted.contains(&found) {
        return Ok(());
    }
    Err(format!("{path}: expected {wanted:?}, found {found}"))
}

/// All routes, and what is none.
fn routes(server: &Server) -> Result<(), String> {
    let ping = ask(server, Ask::get("/ping"))?;
    expect("/ping", (ping.status, ping.body.as_slice()), (200, b"pong"))?;
    let echo = ask(server, Ask::post("/echo", ORDER.trim_end().as_bytes()))?;
    let body = String::from_utf8_lossy(&echo.body).into_owned();
    expect(
        "/echo",
        (echo.status, body.as_str()),
        (200, ORDER.trim_end()),
    )?;
    let kind = echo.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(format!("/echo: content type {kind:?}"));
    }
    status(server, "/no/such/thing", &[404])?;
    for path in paths() {
        let answer = ask(server, Ask::get(&path))?;
        expect(&path, (answer.status, answer.body.as_slice()), (200, b"ok"))?;
    }
    Ok(())
}

/// Request id, security headers, CORS.
fn marks(server: &Server) -> Result<(), String> {
    let first = ask(server, Ask::get("/ping"))?;
    let second = ask(server, Ask::get("/ping"))?;
    let id = |answer: &Answer| answer.header("x-request-id").map(str::to_owned);
    if id(&first).is_none_or(|id| id.len() < 16) || id(&first) == id(&second) {
        return Err(format!(
            "x-request-id: {:?}, then {:?}",
            id(&first),
            id(&second)
        ));
    }
    let given = ask(
        server,
        Ask::get("/ping").header("x-request-id", "given-4815"),
    )?;
    expect(
        "x-request-id",
        given.header("x-request-id"),
        Some("given-4815"),
    )?;
    for (name, value) in SECURITY {
        expect(name, first.header(name), Some(value))?;
    }
    let allowed = "access-control-allow-origin";
    expect(allowed, first.header(allowed), Some(ORIGIN))?;
    let other = Ask::get("/ping").header("origin", "https://evil.example");
    let other = Client::connect(server.port)?.ask(&other)?;
    expect("CORS for a stranger", other.header(allowed), None)
}

fn preflight(server: &Server) -> Result<(), String> {
    let mut question = Ask::get("/echo")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    question.method = "OPTIONS";
    let answer = ask(server, question)?;
    if ![200, 204].contains(&answer.status) {
        return Err(format!("status {}", answer.status));
    }
    let header = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    expect(
        "origin",
        header("access-control-allow-origin").as_str(),
        ORIGIN,
    )?;
    let methods = header("access-control-allow-methods").contains("post");
    let headers = header("access-control-allow-headers").contains("content-type");
    expect("POST with JSON", (methods, headers), (true, true))
}

/// The limit is 1,000 bytes.
fn body_limit(server: &Server) -> Result<(), String> {
    let filler = " ".repeat(4_000);
    let long = format!("{filler}{ORDER}");
    let answer = ask(server, Ask::post("/echo", long.as_bytes()))?;
    expect("a long body", answer.status, 413)
}

/// A line for each request.
fn log(server: &Server) -> Result<(), String> {
    let Some(file) = &server.log else {
        return Ok(());
    };
    let mut client = Client::connect(server.port)?;
    let probe = Ask::get("/users/probe-4815/gists");
    for _ in 0..LOGGED {
        client.ask(&probe)?;
    }
    let begin = Instant::now();
    loop {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("probe-4815"))
            .collect();
        if let Some(line) = lines
            .iter()
            .find(|it| !it.starts_with('{') || !it.ends_with('}'))
        {
            return Err(format!("not an object: {line}"));
        }
        if lines.len() >= LOGGED || begin.elapsed() > PATIENCE {
            return expect("lines", lines.len(), LOGGED);
        }
        thread::sleep(STEP);
    }
}

/// While as many run as may, another is refused. Some peers say 429 to that.
fn concurrency(server: &Server) -> Result<(), String> {
    let slow = Ask::get("/slow");
    let mut busy = [Client::connect(server.port)?, Client::connect(server.port)?];
    for client in &mut busy {
        client.send(&slow.bytes())?;
    }
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE / 2 {
        if [429, 503].contains(&ask(server, Ask::get("/ping"))?.status) {
            return Ok(());
        }
        thread::sleep(STEP);
        // It came to another thread while the request above still ran, and was the third.
        for client in &mut busy {
            if !client.is_waiting()? {
                client.receive()?;
                client.send(&slow.bytes())?;
            }
        }
    }
    Err("a third request was let in beside two".to_owned())
}

/// The quota is 20 a second.
fn rate(server: &Server) -> Result<(), String> {
    let mut client = Client::connect(server.port)?;
    let ask = Ask::get("/ping");
    expect("the first request", client.ask(&ask)?.status, 200)?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if client.ask(&ask)?.status == 429 {
            return Ok(());
        }
    }
    Err("nobody was refused".to_owned())
}

#[cfg(all(test, unix))]
mod tests;
