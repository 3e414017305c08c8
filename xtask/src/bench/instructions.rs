//! Instructions in user space for a request, by callgrind.

use std::fs;
use std::path::Path;

use super::client;
use super::program::{Series, Work};
use super::server::Start;

/// Connections that are kept open.
const CONNECTIONS: usize = 8;
/// Requests of the two runs. What they cost apart from each other is the cost of the requests, and
/// the start of the program is not in it. So many, since some work is done by time and falls into
/// one of the runs or the other.
const FEW: usize = 504;
const MANY: usize = 10_504;

/// Instructions for a request of a server with one worker.
pub(crate) fn count(program: &Path, series: Series, work: Work, dir: &Path) -> Result<u64, String> {
    let few = total(program, series, work, dir, FEW)?;
    let many = total(program, series, work, dir, MANY)?;
    let requests = u64::try_from(MANY - FEW).unwrap_or(u64::MAX);
    Ok(many.saturating_sub(few) / requests)
}

fn total(
    program: &Path,
    series: Series,
    work: Work,
    dir: &Path,
    count: usize,
) -> Result<u64, String> {
    let file = dir.join("callgrind.out");
    let under = [
        "valgrind".to_owned(),
        "--quiet".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", file.display()),
    ];
    let start = Start {
        program,
        series,
        workers: 1,
        more: &[],
        dir,
        under: &under,
    };
    let server = start.start()?;
    // The first answer is slower than the rest: what is made once is made now.
    let asks = work.asks();
    let first = asks.first().ok_or("nothing to ask")?;
    client::Client::connect(server.port)?.ask(first)?;
    client::lockstep(server.port, CONNECTIONS, &asks, count)?;
    server.end()?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    read(&text).ok_or_else(|| format!("{}: no line `totals:`", file.display()))
}

/// The sum over all threads.
fn read(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(
            read("events: Ir\nfn=(1)\n0 3\n\ntotals: 48151\n"),
            Some(48151)
        );
        assert_eq!(read("events: Ir\n"), None);
    }
}
