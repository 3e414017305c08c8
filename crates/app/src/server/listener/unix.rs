//! Unix sockets: a path, or on Linux an abstract name.
//!
//! A file is made for a path. It gets its mode before anybody can connect, since the socket listens
//! only then. A file that a dead process has left is taken away, when it is a socket and nobody
//! listens on it; no other file ever is. Processes of this kind that bind in one directory take
//! turns (`flock` of the directory), so that none takes away what another is about to listen on.

use std::fmt;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use plumego_contract::{Connection, UnixPeer};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use super::{BACKLOG, Listener};

/// How often, and how many times at most, the directory is asked for while another process binds
/// in it.
const TURN: Duration = Duration::from_millis(10);
const TURNS: usize = 100;

impl Listener for UnixListener {
    type Io = UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, Connection)>> {
        UnixListener::poll_accept(self, cx).map_ok(|(stream, _)| {
            let mut peer = UnixPeer::default();
            if let Ok(process) = stream.peer_cred() {
                peer = UnixPeer::new(process.uid(), process.gid(), process.pid());
            }
            (stream, Connection::from_unix(peer))
        })
    }
}

/// A Unix socket that is bound.
pub(crate) struct UnixBound {
    pub(super) listener: UnixListener,
    /// The file, when it is for this process to take away.
    pub(super) file: Option<SocketFile>,
}

impl UnixBound {
    /// One that another process has bound. Its file is ours only when that process says so.
    pub(crate) fn inherited(listener: UnixListener, file: Option<FileId>) -> Self {
        let path = listener.local_addr().ok();
        let path = path.and_then(|addr| addr.as_pathname().map(Path::to_owned));
        let file = path.zip(file).map(|(path, id)| SocketFile { path, id });
        Self { listener, file }
    }
}

impl fmt::Display for UnixBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addr = self.listener.local_addr().ok();
        if let Some(path) = addr.as_ref().and_then(|addr| addr.as_pathname()) {
            return write!(f, "unix:{}", path.display());
        }
        #[cfg(target_os = "linux")]
        if let Some(addr) = addr {
            use std::os::linux::net::SocketAddrExt;
            let std = std::os::unix::net::SocketAddr::from(addr);
            if let Some(name) = std.as_abstract_name() {
                return write!(f, "unix:@{}", String::from_utf8_lossy(name));
            }
        }
        f.write_str("a Unix socket without a name")
    }
}

/// Which file it is, whatever its name: device and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) number: u64,
}

impl FileId {
    /// What the name of an inherited socket says of its file.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (device, number) = name.strip_prefix(FILE)?.split_once('-')?;
        Some(Self {
            device: device.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            number: metadata.ino(),
        })
    }
}

/// The name under which a socket is handed over whose file is for the successor to take away.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE}{}-{}", self.device, self.number)
    }
}

const FILE: &str = "file-";

/// The file of a socket, which goes when this does, unless another has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
}

impl SocketFile {
    /// Leaves the file to whoever has the socket now.
    pub(super) fn keep(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody else takes it away meanwhile: the socket still listens.
        if FileId::of(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Binds `/path` or `@name`.
pub(super) async fn bind(name: &str, mode: u32) -> io::Result<UnixBound> {
    if let Some(name) = name.strip_prefix('@') {
        return bind_abstract(name);
    }
    let path = Path::new(name);
    let addr = address(path)?;
    // Relative to `.` when it has no directory; the file system keeps the lock, not the path.
    let _turn = take_turn(path).await?;
    let socket = match bind_file(path, &addr, mode) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path, &addr)?;
            bind_file(path, &addr, mode)?
        }
        bound => bound?,
    };
    let file = SocketFile {
        path: path.to_owned(),
        id: FileId::of(path)?,
    };
    socket.listen(BACKLOG)?;
    Ok(UnixBound {
        listener: into_listener(socket)?,
        file: Some(file),
    })
}

/// The most bytes of a path, the zero at its end not counted: `sun_path` holds 108 of them on Linux
/// and 104 elsewhere (unix(7)).
const MAX_PATH: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

fn address(path: &Path) -> io::Result<SockAddr> {
    let length = path.as_os_str().len();
    if length > MAX_PATH {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the path has {length} bytes, and the system takes {MAX_PATH} at most: choose a \
                 shorter one, such as in /run"
            ),
        ));
    }
    SockAddr::unix(path)
}

fn into_listener(socket: Socket) -> io::Result<UnixListener> {
    socket.set_nonblocking(true)?;
    UnixListener::from_std(OwnedFd::from(socket).into())
}

fn bind_abstract(name: &str) -> io::Result<UnixBound> {
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "only Linux has sockets without a file; name a path",
        ));
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&address(Path::new(&format!("\0{name}")))?)?;
    socket.listen(BACKLOG)?;
    Ok(UnixBound {
        listener: into_listener(socket)?,
        file: None,
    })
}

/// The file, with its mode. Nobody can connect before the socket listens.
fn bind_file(path: &Path, addr: &SockAddr, mode: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Linux makes the file with the mode of the socket, less the mask of the process.
    let handle = File::from(OwnedFd::from(socket.try_clone()?));
    let _ = handle.set_permissions(Permissions::from_mode(mode));
    socket.bind(addr)?;
    let file = fs::symlink_metadata(path)?;
    if file.file_type().is_socket() && file.permissions().mode() & 0o777 != mode {
        let changed = fs::set_permissions(path, Permissions::from_mode(mode));
        if let Err(error) = changed {
            let _ = fs::remove_file(path);
            return Err(error);
        }
    }
    Ok(socket)
}

/// The turn of this process to bind in the directory; `None` where there are no turns to take.
#[expect(
    clippy::disallowed_methods,
    reason = "the directory of the socket that is configured, opened for its lock"
)]
async fn take_turn(path: &Path) -> io::Result<Option<File>> {
    let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let Ok(directory) = File::open(parent) else {
        // What is wrong with it is told when the socket is bound.
        return Ok(None);
    };
    for _ in 0..TURNS {
        match directory.try_lock() {
            Ok(()) => return Ok(Some(directory)),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN).await,
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::WouldBlock,
        "another process holds the lock of the directory; try again when it has started",
    ))
}

/// Takes away the file that a dead process has left.
fn remove_stale(path: &Path, addr: &SockAddr) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if found.is_symlink() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a symbolic link, which is never followed: remove it, or name the path that \
             it leads to",
        ));
    }
    if !found.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file that is no socket; remove it, or choose another path",
        ));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A listener whose queue is full must not hold up the answer.
    probe.set_nonblocking(true)?;
    match probe.connect(addr) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "removing the socket that a process has left");
            fs::remove_file(path)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "there is a socket that this user may not connect to; whether anybody listens on it \
             cannot be told. Remove it, or choose another path",
        )),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}
