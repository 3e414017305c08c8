//! A server under measurement: started, asked what it costs, ended.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::program::Series;

/// How long a server may take until it listens, or until it has ended. Generous for valgrind.
const PATIENCE: Duration = Duration::from_secs(90);
const STEP: Duration = Duration::from_millis(20);

/// A running server. Ends with this value.
pub(crate) struct Server {
    child: Child,
    name: String,
    pub(crate) port: u16,
    /// Its access log, when it writes one.
    pub(crate) log: Option<PathBuf>,
}

/// How to start one.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) series: Series,
    pub(crate) workers: usize,
    /// Arguments besides those of the series.
    pub(crate) more: &'a [&'a str],
    /// Where its log and its output go.
    pub(crate) dir: &'a Path,
    /// What it runs under, with the arguments of that.
    pub(crate) under: &'a [String],
}

impl Start<'_> {
    /// Starts it and waits until it listens.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let port = free_port()?;
        let name = self
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let log = self
            .series
            .log
            .then(|| self.dir.join(format!("{name}.{port}.log")));
        let mut command = self.command();
        command.args(self.series.args).args(self.more);
        command
            .arg(format!("port={port}"))
            .arg(format!("workers={}", self.workers));
        if let Some(log) = &log {
            command.arg(format!("log={}", log.display()));
        }
        launch(command, &name, port, self.dir, log)
    }

    fn command(&self) -> Command {
        let Some((first, rest)) = self.under.split_first() else {
            return Command::new(self.program);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(self.program);
        command
    }
}

/// Starts a program that listens on that port, and waits until it does.
pub(crate) fn launch(
    mut command: Command,
    name: &str,
    port: u16,
    dir: &Path,
    log: Option<PathBuf>,
) -> Result<Server, String> {
    let output = dir.join(format!("{name}.{port}.out"));
    let out =
        fs::File::create(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let err = out.try_clone().map_err(|error| error.to_string())?;
    // What a panic looks like is not what is measured.
    command.env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    let child = command
        .spawn()
        .map_err(|error| format!("{name}: {error}"))?;
    let mut server = Server {
        child,
        name: name.to_owned(),
        port,
        log,
    };
    server.wait_until_it_listens().map_err(|error| {
        let said = fs::read_to_string(&output).unwrap_or_default();
        format!("{name}: {error}\n{said}")
    })?;
    Ok(server)
}

impl Server {
    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("ended before it listened: {status}"));
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            thread::sleep(STEP);
        }
        Err("does not listen".to_owned())
    }

    /// Nanoseconds on a processor, of all its threads.
    pub(crate) fn cpu_nanos(&self) -> Result<u64, String> {
        let dir = format!("/proc/{}/task", self.child.id());
        let threads = fs::read_dir(&dir).map_err(|error| format!("{dir}: {error}"))?;
        let mut sum = 0;
        for thread in threads.flatten() {
            // A thread may end in between.
            let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let nanos = text.split(' ').next().and_then(|it| it.parse::<u64>().ok());
            sum += nanos.unwrap_or(0);
        }
        Ok(sum)
    }

    /// Its memory that is resident, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64, String> {
        let file = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| format!("{file}: no VmRSS"))
    }

    /// Empties its log, so that a long measurement does not fill the disk.
    pub(crate) fn forget_log(&self) -> Result<(), String> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let emptied = fs::OpenOptions::new().write(true).truncate(true).open(log);
        emptied
            .map(|_| ())
            .map_err(|error| format!("{}: {error}", log.display()))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) -> Result<(), String> {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        kill.map_err(|error| format!("kill: {error}"))?;
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return Ok(());
            }
            thread::sleep(STEP);
        }
        Err(format!("{} did not end when asked to", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback that nobody listens on.
pub(crate) fn free_port() -> Result<u16, String> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    bound
        .map(|addr| addr.port())
        .map_err(|error| format!("no free port: {error}"))
}
