//! Load by wrk: 64 connections that are kept, each asks again when it was answered.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::client::Ask;
use super::program::Work;

pub(crate) const CONNECTIONS: usize = 64;

/// What one run of wrk saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Asks for `seconds`. Every answer has to be 2xx, and no connection may fail.
pub(crate) fn run(port: u16, work: Work, seconds: u32, dir: &Path) -> Result<Seen, String> {
    ask(port, work.name(), &work.asks(), seconds, dir)
}

/// The same for requests of one's own.
pub(crate) fn ask(
    port: u16,
    name: &str,
    asks: &[Ask],
    seconds: u32,
    dir: &Path,
) -> Result<Seen, String> {
    let script = dir.join(format!("{name}.lua"));
    fs::write(&script, lua(asks)).map_err(|error| format!("{}: {error}", script.display()))?;
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &CONNECTIONS.to_string()])
        .args([
            "--duration",
            &format!("{seconds}s"),
            "--latency",
            "--script",
        ])
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}"))
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("wrk: {}: {text}{error}", output.status));
    }
    read(&text)
}

/// A script that sends the requests in turn, and tells what it saw in one line.
fn lua(asks: &[Ask]) -> String {
    let quoted = |bytes: &[u8]| {
        let escape = |byte: &u8| format!("\\{byte:03}");
        bytes.iter().map(escape).collect::<Vec<_>>().concat()
    };
    let asks: Vec<String> = asks.iter().map(|ask| quoted(&ask.bytes())).collect();
    format!(
        "local asks = {{\"{}\"}}\n\
         local at, count = 0, #asks\n\
         function request()\n\
         \x20 at = at % count + 1\n\
         \x20 return asks[at]\n\
         end\n\
         function done(summary, latency)\n\
         \x20 local e = summary.errors\n\
         \x20 io.write(string.format(\"seen %d %d %d %d %d %d\\n\", summary.requests,\n\
         \x20   summary.duration, latency:percentile(50), latency:percentile(99),\n\
         \x20   e.status, e.connect + e.read + e.write + e.timeout))\n\
         end\n",
        asks.join("\",\n\"")
    )
}

fn read(text: &str) -> Result<Seen, String> {
    let line = text.lines().find_map(|line| line.strip_prefix("seen "));
    let numbers = line.map(|line| line.split(' ').filter_map(|it| it.parse::<u32>().ok()));
    let numbers: Vec<u32> = numbers.into_iter().flatten().collect();
    let [requests, micros, p50, p99, status, socket] = numbers.as_slice() else {
        return Err(format!("wrk did not tell what it saw:\n{text}"));
    };
    if (*status, *socket) != (0, 0) {
        return Err(format!(
            "{status} answers were not 2xx, {socket} connections failed: nothing was measured"
        ));
    }
    if *requests == 0 {
        return Err("no request was answered: nothing was measured".to_owned());
    }
    Ok(Seen {
        requests: u64::from(*requests),
        seconds: f64::from(*micros) / 1e6,
        p50_ms: f64::from(*p50) / 1e3,
        p99_ms: f64::from(*p99) / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_saw_is_read() {
        let seen = read("Running\nseen 1000 2000000 500 4000 0 0\nx\n").unwrap();
        let expected = Seen {
            requests: 1000,
            seconds: 2.0,
            p50_ms: 0.5,
            p99_ms: 4.0,
        };
        assert_eq!(seen, expected);
    }

    #[test]
    fn answers_and_connections_that_fail_are_errors() {
        for (line, part) in [
            ("seen 1000 2000000 500 4000 1 0", "1 answers were not 2xx"),
            ("seen 1000 2000000 500 4000 0 2", "2 connections failed"),
            ("seen 0 2000000 0 0 0 0", "no request"),
            ("", "did not tell"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn requests_are_escaped_for_lua() {
        let script = lua(&[Ask::get("/a\"b")]);
        assert!(
            script.contains("\\071\\069\\084\\032\\047\\097\\034\\098"),
            "{script}"
        );
    }
}
