//! A small HTTP/1.1 client: for answers that are looked at, and for load that is always the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How long an answer may take. Under valgrind everything is fifty times slower.
const PATIENCE: Duration = Duration::from_mins(1);
/// The most bytes of an answer that are looked at.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// A request: what stands between the method and the end of the body.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A `POST` of JSON.
    pub(crate) fn post(path: &str, body: &[u8]) -> Self {
        Self {
            method: "POST",
            path: path.to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_vec(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// As it goes over the wire, on a connection that is kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: 127.0.0.1\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() {
            text.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Result<Self, String> {
        let open = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(BufReader::new(stream))
        };
        open()
            .map(|stream| Self { stream })
            .map_err(|error: std::io::Error| format!("127.0.0.1:{port}: {error}"))
    }

    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<Answer, String> {
        self.send(&ask.bytes())?;
        self.receive()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = self.stream.get_mut().write_all(bytes);
        sent.map_err(|error| format!("request: {error}"))
    }

    /// Whether no answer has begun to come.
    pub(crate) fn is_waiting(&self) -> Result<bool, String> {
        let stream = self.stream.get_ref();
        let look = || {
            stream.set_nonblocking(true)?;
            let seen = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            match seen {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(true),
                seen => seen.map(|_| false),
            }
        };
        look().map_err(|error: std::io::Error| format!("answer: {error}"))
    }

    pub(crate) fn receive(&mut self) -> Result<Answer, String> {
        self.read().map_err(|error| format!("answer: {error}"))
    }

    fn read(&mut self) -> std::io::Result<Answer> {
        let mut answer = Answer {
            status: status(&self.line()?)?,
            ..Answer::default()
        };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                let pair = (name.to_ascii_lowercase(), value.trim().to_owned());
                answer.headers.push(pair);
            }
        }
        answer.body = self.body(&answer)?;
        Ok(answer)
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn body(&mut self, answer: &Answer) -> std::io::Result<Vec<u8>> {
        if matches!(answer.status, 100..=199 | 204 | 304) {
            return Ok(Vec::new());
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            return self.chunks();
        }
        let length = answer.header("content-length");
        match length.and_then(|length| length.parse::<u64>().ok()) {
            Some(length) => self.exactly(length),
            None => Err(std::io::Error::other(
                "neither chunked nor of a known length",
            )),
        }
    }

    fn exactly(&mut self, length: u64) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        let most = length.min(BODY_BYTES_MAX);
        (&mut self.stream).take(most).read_to_end(&mut body)?;
        if u64::try_from(body.len()).ok() != Some(length) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(body)
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let size = u64::from_str_radix(&size, 16).map_err(std::io::Error::other)?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

fn status(line: &str) -> std::io::Result<u16> {
    let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.ok_or_else(|| std::io::Error::other(format!("no status line: {line:?}")))
}

/// Sends the requests of `asks`, one after the other and over again, `count` in all: one on each
/// connection, then all the answers. So a server always finds the same.
pub(crate) fn lockstep(
    port: u16,
    connections: usize,
    asks: &[Ask],
    count: usize,
) -> Result<(), String> {
    let mut clients = (0..connections)
        .map(|_| Client::connect(port))
        .collect::<Result<Vec<_>, _>>()?;
    let wire: Vec<Vec<u8>> = asks.iter().map(Ask::bytes).collect();
    let mut next = wire.iter().cycle();
    let mut left = count;
    while left > 0 {
        let turn = left.min(connections);
        for client in clients.iter_mut().take(turn) {
            if let Some(bytes) = next.next() {
                client.send(bytes)?;
            }
        }
        for client in clients.iter_mut().take(turn) {
            let answer = client.receive()?;
            if answer.status != 200 {
                return Err(format!("a request was answered with {}", answer.status));
            }
        }
        left -= turn;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What the client makes of an answer.
    fn read(wire: &'static str) -> Result<Answer, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 16];
            stream.read_exact(&mut head).unwrap();
            stream.write_all(wire.as_bytes()).unwrap();
        });
        let answer = Client::connect(port).unwrap().ask(&Ask::get("/"));
        server.join().unwrap();
        answer
    }

    #[test]
    fn bodies_of_both_kinds_are_read() {
        let fixed = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok").unwrap();
        assert_eq!((fixed.status, fixed.body.as_slice()), (200, &b"ok"[..]));
        assert_eq!(fixed.header("x"), Some("y"));
        let chunked = "HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let chunked = read(chunked).unwrap();
        assert_eq!((chunked.status, chunked.body.as_slice()), (500, &b"ok"[..]));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        for wire in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "hello\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nok",
        ] {
            assert!(read(wire).is_err(), "{wire:?}");
        }
    }
}
