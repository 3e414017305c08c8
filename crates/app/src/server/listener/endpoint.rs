//! Where a server is told to listen.

use std::fmt;
use std::io;

use plumego_contract::Error;

use super::bound::{Bound, ErasedListener};
use super::{IntoListener, tcp};

/// What the address of a Unix socket begins with.
pub(crate) const UNIX: &str = "unix:";

type MakeListener = Box<dyn FnOnce() -> io::Result<Box<dyn ErasedListener>> + Send>;

/// Where a server is to listen.
pub(crate) enum Endpoint {
    /// `host:port`, `:port` for all interfaces, `unix:/path`, or `unix:@name`.
    Addr(String),
    /// A listener that the program brought.
    Own(MakeListener),
}

impl Endpoint {
    pub(crate) fn own<L: IntoListener>(listener: L) -> Self {
        Self::Own(Box::new(move || {
            Ok(Box::new(listener.into_listener()?) as Box<dyn ErasedListener>)
        }))
    }

    /// Binds it, or says at once why not. The file of a Unix socket gets this mode.
    pub(crate) async fn bind(self, mode: u32) -> Result<Bound, Error> {
        match self {
            Self::Addr(addr) => {
                let bound = bind(&addr, mode).await;
                bound.map_err(|error| refused(&addr, &error))
            }
            Self::Own(make) => {
                let listener = make().map_err(|error| refused("the given socket", &error))?;
                Ok(Bound::Own(listener))
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => f.debug_tuple("Addr").field(addr).finish(),
            Self::Own(_) => f.write_str("Own"),
        }
    }
}

async fn bind(addr: &str, mode: u32) -> io::Result<Bound> {
    #[cfg(unix)]
    if let Some(name) = addr.strip_prefix(UNIX) {
        return super::unix::bind(name, mode).await.map(Bound::Unix);
    }
    let _ = mode;
    tcp::bind(addr).await.map(Bound::Tcp)
}

fn refused(addr: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or choose another address",
        io::ErrorKind::AddrNotAvailable => {
            "; it is not an address of this machine: choose one that is, or listen on all of them \
             with `:port`"
        }
        io::ErrorKind::PermissionDenied if addr.starts_with(UNIX) => {
            "; the directory must let this user create files"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        io::ErrorKind::NotFound if addr.starts_with(UNIX) => "; create its directory first",
        _ => "",
    };
    Error::custom(http::StatusCode::INTERNAL_SERVER_ERROR, "listen_failed")
        .with_detail(format!("cannot listen on {addr}: {error}{hint}"))
}
