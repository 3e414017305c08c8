//! Sockets that the process was started with: `LISTEN_FDS`, as systemd and other supervisors set it
//! (`sd_listen_fds(3)`), and as a process does that hands over to its successor.

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::unix::net::UnixListener;

use http::StatusCode;
use listenfd::ListenFd;
use plumego_contract::Error;

use super::unix::{FileId, UnixBound};
use super::{Bound, IntoListener};

/// The number of the first one.
pub(super) const FIRST: i32 = 3;
/// The most of them.
pub(super) const MAX_INHERITED: usize = 64;

/// Takes them all. Whoever asks again gets none: the variables are gone.
///
/// They are for this process when `LISTEN_PID` says so, or when there is no `LISTEN_PID`: a parent
/// that is no service manager does not know it in time.
///
/// # Errors
/// `500 listen_failed` for a socket that does not listen, for one of another kind, and for more
/// than 64; it says which one and what it is.
pub(crate) fn take() -> Result<Vec<Bound>, Error> {
    let Some(count) = variable("LISTEN_FDS") else {
        return Ok(Vec::new());
    };
    if count
        .parse::<usize>()
        .map_or(true, |count| count > MAX_INHERITED)
    {
        return Err(failed(format!(
            "LISTEN_FDS is {count:?}, expected how many sockets are inherited, 0 to {MAX_INHERITED}"
        )));
    }
    tell_whose(&count);
    let names = variable("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut sockets = ListenFd::from_env();
    let mut bound = Vec::with_capacity(sockets.len());
    for at in 0..sockets.len() {
        let name = names.next().unwrap_or_default();
        let socket = take_one(&mut sockets, at, name);
        bound.push(socket.map_err(|wrong| {
            let number = usize::try_from(FIRST).unwrap_or_default() + at;
            failed(format!(
                "the inherited descriptor {number} (LISTEN_FDS={count}) is {wrong}; expected a TCP \
                 or Unix stream socket that listens"
            ))
        })?);
    }
    Ok(bound)
}

/// Says when the sockets are not taken, since they are not for this process.
fn tell_whose(count: &str) {
    let process = variable("LISTEN_PID").unwrap_or_default();
    let ours = std::process::id();
    match process.parse::<u32>() {
        Ok(theirs) if theirs == ours => {}
        Ok(theirs) => tracing::debug!(
            "LISTEN_FDS={count} is for process {theirs} (LISTEN_PID), and this one is {ours}"
        ),
        Err(_) if process.is_empty() => {}
        Err(_) => tracing::warn!(
            "LISTEN_FDS={count} is ignored: LISTEN_PID is {process:?}, expected the number of this \
             process, {ours}, or nothing"
        ),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the protocol of service managers, no setting of the program"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn failed(detail: String) -> Error {
    Error::custom(StatusCode::INTERNAL_SERVER_ERROR, "listen_failed").with_detail(detail)
}

/// The socket, or what it is instead.
fn take_one(sockets: &mut ListenFd, at: usize, name: &str) -> Result<Bound, String> {
    if let Ok(Some(socket)) = sockets.take_tcp_listener(at) {
        let socket: TcpListener = listening(socket, "TCP")?;
        return socket.into_listener().map(Bound::Tcp).map_err(unusable);
    }
    if let Ok(Some(socket)) = sockets.take_unix_listener(at) {
        let socket: UnixListener = listening(socket, "Unix")?;
        let listener = socket.into_listener().map_err(unusable)?;
        let bound = UnixBound::inherited(listener, FileId::from_name(name));
        return Ok(Bound::Unix(bound));
    }
    // Whose they are is not known: they stay open.
    if let Ok(Some(socket)) = sockets.take_udp_socket(at) {
        let _ = socket.into_raw_fd();
        return Err("a UDP socket".to_owned());
    }
    if let Ok(Some(socket)) = sockets.take_unix_datagram(at) {
        let _ = socket.into_raw_fd();
        return Err("a Unix datagram socket".to_owned());
    }
    Err("no socket of these kinds, or not open".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn unusable(error: io::Error) -> String {
    format!("a socket that cannot be used ({error})")
}

/// The socket, when it listens. Otherwise it may be one of the runtime, and stays open.
fn listening<S: AsFd + IntoRawFd>(socket: S, kind: &str) -> Result<S, String> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    if !socket2::SockRef::from(&socket)
        .is_listener()
        .unwrap_or(false)
    {
        let is_connected = socket2::SockRef::from(&socket).peer_addr().is_ok();
        let _ = socket.into_raw_fd();
        return Err(if is_connected {
            format!("a {kind} connection (a systemd socket needs `Accept=no`)")
        } else {
            format!(
                "a {kind} socket that does not listen (whoever passes it calls `listen` before; \
                 being bound is not enough)"
            )
        });
    }
    let _ = kind;
    Ok(socket)
}
