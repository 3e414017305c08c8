//! `bench static`: files by Plumego and by nginx, in one go, turn by turn.
//!
//! One worker each, `sendfile` off, so that both copy what they send; nginx has no cache of open
//! files, which is its default. The bare series write no log, the others an access log each.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::{Ask, Client};
use super::figures::Spread;
use super::load;
use super::program::{self, BARE, PRODUCTION, Series};
use super::server::{Server, Start, free_port, launch};
use crate::cargo;

/// Plumego may take so many times the processor time of nginx.
const TARGET: f64 = 1.3;
const NGINX: &str = "nginx";
/// Names and lengths of the files.
const FILES: [(&str, usize); 3] = [
    ("1k.txt", 1024),
    ("64k.txt", 64 * 1024),
    ("1m.txt", 1024 * 1024),
];

struct Options {
    rounds: usize,
    seconds: u32,
    check: bool,
}

/// A file as one client asks for it.
#[derive(Clone, Copy)]
struct Work {
    file: &'static str,
    length: usize,
    compressed: bool,
}

/// Microseconds of a processor for a request, round by round.
#[derive(Default)]
struct Row {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let options = options(words)?;
    super::needs("wrk", "wrk")?;
    super::needs(NGINX, "nginx")?;
    super::needs("gzip", "gzip")?;
    let args = [
        "build",
        "--release",
        "--locked",
        "--package",
        "house",
        "--bin",
        "files",
    ];
    cargo::run(root, &args)?;
    let files = program::target(root)?.join("release").join("files");
    let dir = super::scratch()?;
    let web = dir.path().join("web");
    write_files(&web)?;
    println!(
        "microseconds of a processor for a request: the middle of {} rounds",
        options.rounds
    );
    println!(
        "{:<12} {:<22} {:>9} {:>9} {:>7}",
        "series", "file", "plumego", "nginx", "times"
    );
    let mut missed = 0;
    for series in [BARE, PRODUCTION] {
        for work in works() {
            let row = measure(&files, series, work, &web, dir.path(), &options)?;
            missed += usize::from(!tell(series, work, &row)?);
        }
    }
    println!(
        "\n{missed} of {} beyond the target of {TARGET} x nginx",
        2 * works().len()
    );
    if options.check && missed > 0 {
        return Err("bench static: the target was missed".to_owned());
    }
    Ok(())
}

fn options(words: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        rounds: 5,
        seconds: 2,
        check: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--quick" => (options.rounds, options.seconds) = (3, 1),
            "--check" => options.check = true,
            "--rounds" => {
                let rounds = words.next().and_then(|it| it.parse().ok());
                options.rounds = rounds
                    .filter(|rounds| (1..=100).contains(rounds))
                    .ok_or("--rounds expects a number from 1 to 100")?;
            }
            other => return Err(format!("unknown option: {other}\n\n{}", super::USAGE)),
        }
    }
    Ok(options)
}

fn works() -> Vec<Work> {
    let both = |(file, length)| {
        [false, true].map(|compressed| Work {
            file,
            length,
            compressed,
        })
    };
    FILES.into_iter().flat_map(both).collect()
}

impl Work {
    fn ask(self) -> Ask {
        let ask = Ask::get(&format!("/{}", self.file)).header("user-agent", "bench/1");
        if self.compressed {
            ask.header("accept-encoding", "gzip")
        } else {
            ask
        }
    }

    fn name(self) -> String {
        let form = if self.compressed {
            "precompressed"
        } else {
            "plain"
        };
        format!("{}, {form}", self.file)
    }
}

/// Text that shrinks to about a third, and its siblings.
fn write_files(web: &Path) -> Result<(), String> {
    let tell = |error: std::io::Error| format!("{}: {error}", web.display());
    fs::create_dir_all(web).map_err(tell)?;
    for (name, length) in FILES {
        let mut state = 7_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b'a' + state.to_be_bytes()[0] % 8
        };
        let bytes: Vec<u8> = (0..length).map(next).collect();
        let path = web.join(name);
        fs::write(&path, bytes).map_err(tell)?;
        let done = Command::new("gzip")
            .args(["-9", "-k", "-f"])
            .arg(&path)
            .status();
        if !done.map_err(tell)?.success() {
            return Err("gzip failed".to_owned());
        }
    }
    Ok(())
}

fn measure(
    program: &Path,
    series: Series,
    work: Work,
    web: &Path,
    dir: &Path,
    options: &Options,
) -> Result<Row, String> {
    let root = format!("root={}", web.display());
    let start = Start {
        program,
        series,
        workers: 1,
        more: &[&root],
        dir,
        under: &[],
    };
    let ours = start.start()?;
    let theirs = nginx(series, web, dir)?;
    same(&ours, &theirs, work)?;
    let mut row = Row::default();
    for server in [&ours, &theirs] {
        load::ask(server.port, "static", &[work.ask()], 1, dir)?;
    }
    for round in 0..options.rounds {
        // Whoever is first in one round is last in the next.
        let mut turns = [(&ours, &mut row.ours), (&theirs, &mut row.theirs)];
        if round % 2 == 1 {
            turns.reverse();
        }
        for (server, figures) in turns {
            figures.push(micros(server, work, options.seconds, dir)?);
        }
    }
    ours.end()?;
    theirs.end()?;
    Ok(row)
}

fn micros(server: &Server, work: Work, seconds: u32, dir: &Path) -> Result<f64, String> {
    let before = server.cpu_nanos()?;
    let seen = load::ask(server.port, "static", &[work.ask()], seconds, dir)?;
    let nanos = server.cpu_nanos()?.saturating_sub(before);
    server.forget_log()?;
    let float = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    Ok(float(nanos / 1_000) / float(seen.requests))
}

/// nginx as one process with the folder, and its access log as the series wants it.
fn nginx(series: Series, web: &Path, dir: &Path) -> Result<Server, String> {
    let port = free_port()?;
    let log: Option<PathBuf> = series.log.then(|| dir.join(format!("nginx.{port}.log")));
    let access = log
        .as_ref()
        .map_or("off".to_owned(), |log| log.display().to_string());
    let (web, dir_shown) = (web.display(), dir.display());
    let text = format!(
        "daemon off; master_process off; worker_processes 1;\n\
         pid {dir_shown}/nginx.{port}.pid; error_log stderr warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         \x20 types {{ text/plain txt; }} charset utf-8;\n\
         \x20 sendfile off; access_log {access}; gzip_static on; gzip_vary on;\n\
         \x20 keepalive_requests 1000000000; server_tokens off;\n\
         \x20 client_body_temp_path {dir_shown}/body; proxy_temp_path {dir_shown}/proxy;\n\
         \x20 fastcgi_temp_path {dir_shown}/fastcgi; uwsgi_temp_path {dir_shown}/uwsgi;\n\
         \x20 scgi_temp_path {dir_shown}/scgi;\n\
         \x20 server {{ listen 127.0.0.1:{port}; root {web}; }}\n\
         }}\n"
    );
    let file = dir.join(format!("nginx.{port}.conf"));
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = Command::new(NGINX);
    command.arg("-p").arg(dir).arg("-c").arg(&file);
    launch(command, NGINX, port, dir, log)
}

/// Nobody is measured before both answer the same.
fn same(ours: &Server, theirs: &Server, work: Work) -> Result<(), String> {
    let mut bodies = Vec::new();
    for (who, server) in [("plumego", ours), (NGINX, theirs)] {
        let answer = Client::connect(server.port)?.ask(&work.ask())?;
        let coding = answer.header("content-encoding");
        let expected = work.compressed.then_some("gzip");
        let is_short = answer.body.len() < work.length;
        if answer.status != 200 || coding != expected || is_short != work.compressed {
            return Err(format!(
                "{who}, {}: {} {coding:?}",
                work.name(),
                answer.status
            ));
        }
        bodies.push(answer.body);
    }
    let all_same = bodies
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a == b));
    if all_same {
        Ok(())
    } else {
        Err(format!("{}: the answers differ", work.name()))
    }
}

/// Whether the target is met.
fn tell(series: Series, work: Work, row: &Row) -> Result<bool, String> {
    let middle = |figures: &[f64]| Spread::of(figures.iter().copied()).map(|it| it.median);
    let ratios = row
        .ours
        .iter()
        .zip(&row.theirs)
        .map(|(ours, theirs)| ours / theirs);
    let times = Spread::of(ratios).map(|it| it.median);
    let (Some(ours), Some(theirs), Some(times)) = (middle(&row.ours), middle(&row.theirs), times)
    else {
        return Err("nothing was measured".to_owned());
    };
    let name = work.name();
    println!(
        "{:<12} {name:<22} {ours:>9.2} {theirs:>9.2} {times:>7.2}",
        series.name
    );
    let _ = std::io::stdout().flush();
    Ok(times <= TARGET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_asked_for_in_both_forms() {
        assert_eq!(works().len(), 6);
        let names: Vec<_> = works().into_iter().map(Work::name).collect();
        assert!(
            names.contains(&"64k.txt, precompressed".to_owned()),
            "{names:?}"
        );
    }

    #[test]
    fn options_are_read() {
        assert_eq!(options(&["--rounds", "9"]).unwrap().rounds, 9);
        assert!(options(&["--quick", "--check"]).unwrap().check);
        assert!(options(&["--fast"]).is_err() && options(&["--rounds", "0"]).is_err());
    }
}
