//! How this program was started, so that it can be once more.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tokio::net::unix::pipe;
use tokio::process::Command;

use super::child;
use super::notify::{PREDECESSOR, READY_FD};
use crate::server::Bound;
use crate::server::listener::passing::{FIRST_DESCRIPTOR, Passed, pass};

/// What the successor is started with.
pub(crate) struct Plan {
    sockets: Vec<Passed>,
    program: PathBuf,
    name: OsString,
    arguments: Vec<OsString>,
    directory: PathBuf,
    patience: Duration,
}

impl Plan {
    /// Notes how this process was started, or says why it cannot be handed over.
    #[expect(
        clippy::disallowed_methods,
        reason = "they are not read for what they say, but passed on"
    )]
    pub(super) fn new(bound: &[Bound], patience: Duration) -> Result<Self, String> {
        if std::process::id() == 1 {
            return Err("process 1 of a container cannot end without it; start another".into());
        }
        let sockets = pass(bound).map_err(|error| format!("a socket cannot be copied: {error}"))?;
        let Some(sockets) = sockets else {
            return Err("a listener came from the program, and only it can hand it over".into());
        };
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_default();
        let directory = env::current_dir();
        let directory = directory.map_err(|error| format!("no current directory: {error}"))?;
        let program = env::current_exe();
        let program = program.map_err(|error| format!("the path of the program: {error}"))?;
        Ok(Self {
            sockets,
            program: as_called(&name, &directory, program),
            name,
            arguments: arguments.collect(),
            directory,
            patience,
        })
    }

    /// Starts the successor and waits until it is ready. Otherwise it has ended, for the reason
    /// that is told.
    pub(super) async fn start(&self) -> Result<u32, String> {
        let path = self.program.display();
        tracing::info!(program = %path, "starting a successor");
        let cannot = |error: io::Error| format!("{path} cannot be started: {error}");
        let (reader, writer) = io::pipe().map_err(cannot)?;
        let ready = pipe::Receiver::from_owned_fd(reader.into()).map_err(cannot)?;
        let child = self.command(writer.into()).map_err(cannot)?.spawn();
        child::wait(child.map_err(cannot)?, ready, self.patience).await
    }

    fn command(&self, ready: OwnedFd) -> io::Result<Command> {
        let mut mappings = Vec::with_capacity(self.sockets.len() + 1);
        let mut next = FIRST_DESCRIPTOR;
        for passed in &self.sockets {
            mappings.push(FdMapping {
                parent_fd: passed.socket.try_clone()?,
                child_fd: next,
            });
            next += 1;
        }
        mappings.push(FdMapping {
            parent_fd: ready,
            child_fd: next,
        });
        let names: Vec<_> = self.sockets.iter().map(|one| one.name.as_str()).collect();
        let mut command = Command::new(&self.program);
        command
            .arg0(&self.name)
            .args(&self.arguments)
            .current_dir(&self.directory)
            .env("LISTEN_FDS", self.sockets.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDS_FIRST_FD")
            .env(READY_FD, next.to_string())
            .env(PREDECESSOR, std::process::id().to_string())
            // Standard error is ours: it and its children may outlive this process.
            .stdin(Stdio::null());
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        Ok(command)
    }
}

/// The path by which the program was called, when that is the program: it may lead over a link that
/// is pointed to a new version.
fn as_called(name: &OsString, directory: &Path, program: PathBuf) -> PathBuf {
    let called = directory.join(name);
    let has_directory = Path::new(name).components().count() > 1;
    let is_same = || called.canonicalize().is_ok_and(|path| path == program);
    if has_directory && is_same() {
        called
    } else {
        program
    }
}
