//! Opening a file below a root, with no way out of it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

/// A folder whose files are served.
///
/// On Linux the kernel resolves the whole name below the root (`openat2` with `RESOLVE_BENEATH`):
/// links that stay below are followed, and nothing that is renamed meanwhile leads out. Where it
/// cannot, each name is opened in the folder before it and no link is followed at all.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    without_openat2: std::sync::atomic::AtomicBool,
}

/// Not waiting for the other end of a pipe, not taking over a terminal.
fn reading() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY
}

fn folder() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY
}

impl Root {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            #[cfg(target_os = "linux")]
            without_openat2: std::sync::atomic::AtomicBool::new(false),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file or folder for reading. The names are those of a
    /// [`SitePath`](crate::path::SitePath), at least one of them.
    pub(super) fn open(&self, names: &str) -> io::Result<File> {
        // The root is looked up anew: a deployment may have put another in its place.
        let root = open(&self.path, folder(), Mode::empty())?;
        Ok(File::from(self.below(root, names)?))
    }
}

#[cfg(target_os = "linux")]
impl Root {
    fn below(&self, root: OwnedFd, names: &str) -> Result<OwnedFd, Errno> {
        use std::sync::atomic::Ordering;

        if !self.without_openat2.load(Ordering::Relaxed) {
            match resolve(&root, names) {
                // An old kernel, or a sandbox that does not know the call.
                Err(Errno::ENOSYS | Errno::EPERM) => {
                    self.without_openat2.store(true, Ordering::Relaxed);
                }
                opened => return opened,
            }
        }
        walk(root, names)
    }

    #[cfg(test)]
    fn by_steps(path: PathBuf) -> Self {
        let root = Self::new(path);
        let flag = &root.without_openat2;
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
        root
    }
}

/// Somebody who renames folders all the time makes the kernel give up.
#[cfg(target_os = "linux")]
const ATTEMPTS: usize = 8;

#[cfg(target_os = "linux")]
fn resolve(root: &OwnedFd, names: &str) -> Result<OwnedFd, Errno> {
    use nix::fcntl::{OpenHow, ResolveFlag, openat2};

    let how = || {
        OpenHow::new()
            .flags(reading())
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS)
    };
    for _ in 1..ATTEMPTS {
        match openat2(root, names, how()) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            opened => return opened,
        }
    }
    openat2(root, names, how())
}

#[cfg(not(target_os = "linux"))]
impl Root {
    #[expect(clippy::unused_self, reason = "on Linux it is used")]
    fn below(&self, root: OwnedFd, names: &str) -> Result<OwnedFd, Errno> {
        walk(root, names)
    }

    #[cfg(test)]
    fn by_steps(path: PathBuf) -> Self {
        Self::new(path)
    }
}

/// One name after the other, no link among them.
fn walk(root: OwnedFd, names: &str) -> Result<OwnedFd, Errno> {
    let mut at = root;
    let mut names = names.split('/').peekable();
    while let Some(name) = names.next() {
        let flags = if names.peek().is_some() {
            folder()
        } else {
            reading()
        };
        at = openat(&at, name, flags | OFlag::O_NOFOLLOW, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "the test makes the files it opens"
    )]

    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(root: &Root, names: &str) -> Result<String, io::ErrorKind> {
        let mut text = String::new();
        let mut file = root.open(names).map_err(|error| error.kind())?;
        file.read_to_string(&mut text)
            .map_err(|error| error.kind())?;
        Ok(text)
    }

    #[test]
    fn links_lead_nowhere_outside_by_either_way() {
        let base = tempfile::tempdir().unwrap();
        let web = base.path().join("web");
        fs::create_dir_all(web.join("a/b")).unwrap();
        fs::write(base.path().join("secret"), "secret").unwrap();
        fs::write(web.join("a/b/page"), "page").unwrap();
        symlink("../secret", web.join("up")).unwrap();
        symlink(base.path().join("secret"), web.join("absolute")).unwrap();
        symlink("..", web.join("parent")).unwrap();
        symlink("/", web.join("root")).unwrap();
        symlink("/proc/self/root", web.join("magic")).unwrap();
        symlink("b/page", web.join("a/inside")).unwrap();
        symlink("loop", web.join("loop")).unwrap();
        let kernel = Root::new(web.clone());
        let steps = Root::by_steps(web);
        let outside = base.path().join("secret");
        let absolute = outside.to_str().unwrap().trim_start_matches('/');
        for root in [&kernel, &steps] {
            assert_eq!(read(root, "a/b/page").unwrap(), "page");
            for names in [
                "up",
                "absolute",
                "parent/secret",
                "loop",
                "a/b/page/x",
                "nothing",
                &format!("root/{absolute}"),
                &format!("magic/{absolute}"),
            ] {
                assert!(read(root, names).is_err(), "{names}");
            }
        }
        assert_eq!(read(&kernel, "a/inside").unwrap(), "page");
        assert!(read(&steps, "a/inside").is_err());
    }
}
