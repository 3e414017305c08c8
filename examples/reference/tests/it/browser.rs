//! The page in a real browser, driven over the `DevTools` protocol. Needs Chromium.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::foreign;
use crate::process::Reference;

/// Waits in the page for an answer that `wanted` takes. It looks when the text changes.
const HELPERS: &str = r##"
const pre = document.querySelector("#answer pre");
const row = (name) => [...document.forms].find((f) => f.querySelector("code").textContent === name);
const answer = (wanted) => new Promise((resolve) => {
  const watch = new MutationObserver(() => {
    if (!wanted(pre.textContent)) return;
    watch.disconnect();
    resolve(pre.textContent);
  });
  watch.observe(pre, { childList: true, characterData: true, subtree: true });
});
const press = (form, wanted) => {
  pre.textContent = "";
  const text = answer(wanted);
  form.querySelector("button").click();
  return text;
};
"##;

#[test]
fn every_line_of_the_page_can_be_tried() {
    let password = ("REFERENCE_DEMO_PASSWORD", "a password of the browser");
    let Some(mut page) = Page::open_with(&[password]) else {
        return;
    };
    let answers = page.run(
        r#"
        const login = row("POST /api/auth/login").elements.json;
        login.value = JSON.stringify({ username: "admin", password: "a password of the browser" });
        const answers = {};
        for (const form of document.forms) {
          const name = form.querySelector("code").textContent;
          const input = form.querySelector("input[type=file]");
          if (input) {
            const files = new DataTransfer();
            files.items.add(new File(["hello"], "a \"b\" ü.txt", { type: "text/plain" }));
            files.items.add(new File([], "empty.bin"));
            input.files = files.files;
          }
          answers[name] = await press(form, (text) =>
            name.includes("/events") ? text.includes("is over") : text !== "");
        }
        return answers;"#,
    );
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for (line, expected) in [
        ("GET /ping", "\n200 text/plain; charset=utf-8\n\npong"),
        ("GET /api/users/me", "\"route\": \"me\""),
        ("GET /api/users/{id}", "\"id\": \"42\""),
        ("GET /api/users/{id}/posts/{post}", "\"post\": \"first\""),
        ("GET /api/files/{*path}", "\"path\": \"docs/readme.md\""),
        ("POST /api/echo", "\"city\": \"London\""),
        ("POST /api/upload", hello),
        ("GET /api/slow?ms={ms}", "\"ms\": 500"),
        ("GET /api/panic", "\n500 application/problem+json\n"),
        (
            "GET /api/events?count={count}&interval_ms={interval_ms}",
            "\n\ntick 1\ntick 2\ntick 3\ntick 4\ntick 5\n(the stream is over)",
        ),
        ("GET /api/large?bytes={bytes}", "The quick brown fox"),
        ("POST /api/auth/login", "\"token_type\": \"Bearer\""),
        ("GET /api/me", "\"username\": \"admin\""),
        ("GET /api/admin/stats", "\"passwords_checked\": 2"),
        ("POST /api/auth/refresh", "\"token_type\": \"Bearer\""),
        ("POST /api/auth/logout", "\n204 \n"),
        ("GET /.well-known/jwks.json", "\"kty\": \"EC\""),
        ("GET /health/live", "\n200 application/json\n"),
        ("GET /health/ready", "\"ready\": true"),
        ("GET /health/build", env!("CARGO_PKG_VERSION")),
        ("GET /metrics", "build_info{version="),
        ("GET /nowhere", "\n404 application/problem+json\n"),
    ] {
        let answer = answers[line].as_str().unwrap_or_default();
        assert!(answer.contains(expected), "{line}: {answer}");
    }
    assert_eq!(answers.as_object().unwrap().len(), 22, "a line has no test");
    page.assert_no_mistakes();
}

#[test]
fn a_stream_that_is_refused_shows_why() {
    let Some(mut page) = Page::open() else { return };
    let answer = page.run(
        r#"
        const form = row("GET /api/events?count={count}&interval_ms={interval_ms}");
        form.elements.count.value = "-5";
        return press(form, (text) => text.includes("\n400 ") || text.includes("is over"));"#,
    );
    let answer = answer.as_str().unwrap();
    assert!(
        answer.contains("\n400 application/problem+json\n") && answer.contains("`count`"),
        "{answer}"
    );
    page.assert_no_mistakes();
}

#[test]
fn only_the_answer_to_the_last_press_is_shown() {
    let Some(mut page) = Page::open() else { return };
    let shown = page.run(
        r#"
        row("GET /api/slow?ms={ms}").querySelector("button").click();
        const events = row("GET /api/events?count={count}&interval_ms={interval_ms}");
        await press(events, (text) => text.includes("tick 1"));
        await press(row("GET /ping"), (text) => text.includes("pong"));
        // Sent after the first one, and as slow: when it is back, the first one is too.
        await fetch("/api/slow?ms=900");
        return pre.textContent;"#,
    );
    assert_eq!(shown, "GET /ping\n200 text/plain; charset=utf-8\n\npong");
}

/// The first page, open in a browser of its own.
pub(crate) struct Page {
    /// The server; it ends with the page.
    _app: Reference,
    browser: Child,
    socket: TcpStream,
    last_id: u64,
    /// Exceptions, and messages of the console that are no failed requests.
    mistakes: Vec<Value>,
}

impl Page {
    fn open() -> Option<Self> {
        Self::open_with(&[])
    }

    /// The first page of an application with these variables.
    pub(crate) fn open_with(variables: &[(&str, &str)]) -> Option<Self> {
        let program = foreign::program(&["chromium", "chromium-browser", "google-chrome"])?;
        let app = Reference::start(&["--addr", "127.0.0.1:0"], variables);
        let (browser, devtools) = launch(&program);
        let pages = targets(devtools);
        let page = pages
            .as_array()
            .unwrap()
            .iter()
            .find(|target| target["type"] == "page");
        let url = page.unwrap()["webSocketDebuggerUrl"].as_str().unwrap();
        let socket = connect(devtools, &url[url.find("/devtools").unwrap()..]);
        let url = format!("http://{}/", app.addr);
        let mut page = Self {
            _app: app,
            browser,
            socket,
            last_id: 0,
            mistakes: Vec::new(),
        };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.call(domain, &json!({}));
        }
        page.call("Page.navigate", &json!({ "url": url }));
        while page.message()["method"] != "Page.loadEventFired" {}
        Some(page)
    }

    /// What this body of an async function returns in the page.
    pub(crate) fn run(&mut self, body: &str) -> Value {
        let expression = format!("(async () => {{ {HELPERS} {body} }})()");
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer.get("exceptionDetails").is_none(), "{answer:#}");
        answer["result"]["value"].clone()
    }

    fn assert_no_mistakes(&self) {
        assert!(self.mistakes.is_empty(), "{:#?}", self.mistakes);
    }

    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let text = json!({ "id": id, "method": method, "params": params }).to_string();
        send_frame(&mut self.socket, text.as_bytes());
        loop {
            let mut message = self.message();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    fn message(&mut self) -> Value {
        let message: Value = serde_json::from_slice(&read_message(&mut self.socket)).unwrap();
        let entry = &message["params"]["entry"];
        let refused = entry["source"] == "network" || entry["level"] != "error";
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.mistakes.push(message.clone()),
            Some("Log.entryAdded") if !refused => self.mistakes.push(message.clone()),
            _ => {}
        }
        message
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

/// A browser without a window, and where it can be driven.
fn launch(program: &Path) -> (Child, SocketAddr) {
    let profile = format!("chromium-{:?}", std::thread::current().id());
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(profile);
    // One origin is opened, and it is ours: the sandbox, which root cannot have, is not missed.
    let mut browser = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--disable-sync", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("about:blank")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
    let devtools = lines.find_map(|line| {
        let line = line.unwrap();
        let address = line.strip_prefix("DevTools listening on ws://")?;
        Some(address.split('/').next().unwrap().parse().unwrap())
    });
    // It must not block on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (browser, devtools.expect("the address of the browser"))
}

/// What the browser has open. It keeps the connection, so the length tells where the answer ends.
fn targets(addr: SocketAddr) -> Value {
    let mut socket = TcpStream::connect(addr).unwrap();
    let head = request(
        &mut socket,
        &format!("GET /json/list HTTP/1.1\r\nHost: {addr}\r\n\r\n"),
    );
    let length = head.to_ascii_lowercase();
    let length = length.split_once("content-length:").unwrap().1;
    let length = length.split("\r\n").next().unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Sends a request without a body; answers the head of the response.
fn request(socket: &mut TcpStream, text: &str) -> String {
    socket
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(read::<1>(socket)[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A WebSocket (RFC 6455), as much of it as a client of a well-behaved server needs.
fn connect(addr: SocketAddr, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(addr).unwrap();
    let upgrade = format!(
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let head = request(&mut socket, &upgrade);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    socket
}

fn send_frame(socket: &mut TcpStream, text: &[u8]) {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]); // a mask that changes nothing
    frame.extend_from_slice(text);
    socket.write_all(&frame).unwrap();
}

/// One whole message, its fragments joined.
fn read_message(socket: &mut TcpStream) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let [first, second] = read(socket);
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(read(socket))),
            127 => u64::from_be_bytes(read(socket)),
            short => u64::from(short),
        };
        let start = message.len();
        message.resize(start + usize::try_from(length).unwrap(), 0);
        socket.read_exact(&mut message[start..]).unwrap();
        assert!(matches!(first & 0x0f, 0 | 1), "not a text: {first:#x}");
        if first & 0x80 != 0 {
            return message;
        }
    }
}

fn read<const N: usize>(socket: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}
