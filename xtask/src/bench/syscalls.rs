//! System calls for a request, by strace.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::load;
use super::program::{Series, Work};
use super::server::Start;

/// How long strace may take to write its table.
const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(20);

/// System calls for a request, under the load that the tables have. strace makes everything slower,
/// so a server finds more to do each time that it looks, which flatters those that batch.
pub(crate) fn count(
    program: &Path,
    series: Series,
    work: Work,
    seconds: u32,
    dir: &Path,
) -> Result<f64, String> {
    let (idle, _) = total(program, series, work, 0, dir)?;
    let (busy, requests) = total(program, series, work, seconds, dir)?;
    let calls = u32::try_from(busy.saturating_sub(idle)).unwrap_or(u32::MAX);
    let requests = u32::try_from(requests).unwrap_or(u32::MAX);
    Ok(f64::from(calls) / f64::from(requests))
}

/// Calls of a server from its start to its end, and the requests that it answered.
fn total(
    program: &Path,
    series: Series,
    work: Work,
    seconds: u32,
    dir: &Path,
) -> Result<(u64, u64), String> {
    let file = dir.join("strace.out");
    let _ = fs::remove_file(&file);
    // `-D`: the process that is started is the server, not strace.
    let mut under: Vec<String> = ["strace", "-D", "-f", "-c", "-q", "-U", "calls,name", "-o"]
        .map(str::to_owned)
        .to_vec();
    under.push(file.display().to_string());
    let start = Start {
        program,
        series,
        workers: 2,
        more: &[],
        dir,
        under: &under,
    };
    let server = start.start()?;
    let requests = match seconds {
        0 => 0,
        seconds => load::run(server.port, work, seconds, dir)?.requests,
    };
    server.end()?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(calls) = fs::read_to_string(&file).ok().as_deref().and_then(read) {
            return Ok((calls, requests));
        }
        thread::sleep(STEP);
    }
    Err("strace wrote no table: may this process trace others?".to_owned())
}

fn read(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .rev()
        .find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        let table =
            "    calls syscall\n--------- ----\n   12 read\n--------- ----\n   4815 total\n";
        assert_eq!(read(table), Some(4815));
        assert_eq!(read("    calls syscall\n"), None);
    }
}
