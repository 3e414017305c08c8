//! Sockets on their way to a successor.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::Bound;
use super::inherited::{FIRST, MAX_INHERITED};

/// Where the sockets are in the successor: as service managers have it.
pub(crate) const FIRST_DESCRIPTOR: i32 = FIRST;

/// A socket that is handed over.
pub(crate) struct Passed {
    pub(crate) socket: OwnedFd,
    /// What `LISTEN_FDNAMES` says of it: which file goes with it.
    pub(crate) name: String,
}

/// The sockets, once more; `None` when they cannot be handed over, since one was made by the
/// program, or there are none or too many.
pub(crate) fn pass(bound: &[Bound]) -> io::Result<Option<Vec<Passed>>> {
    if bound.is_empty() || bound.len() > MAX_INHERITED {
        return Ok(None);
    }
    bound.iter().map(pass_one).collect()
}

fn pass_one(bound: &Bound) -> io::Result<Option<Passed>> {
    let (socket, name) = match bound {
        Bound::Tcp(listener) => (listener.as_fd(), String::new()),
        Bound::Unix(bound) => {
            let file = bound.file.as_ref().map(|file| file.id.to_string());
            (bound.listener.as_fd(), file.unwrap_or_default())
        }
        Bound::Own(_) => return Ok(None),
    };
    let socket = socket.try_clone_to_owned()?;
    Ok(Some(Passed { socket, name }))
}
