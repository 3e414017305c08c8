//! Failures of the system that may pass by themselves.
//!
//! ```
//! use std::io;
//! use plumego_stdx::may_pass;
//!
//! let missing = std::fs::metadata("/no/such/file").unwrap_err();
//! assert!(!may_pass(&missing));
//! assert!(!may_pass(&io::Error::other("it is larger than 1 MiB")));
//! ```

use std::io::{Error, ErrorKind};

/// Whether the same may succeed later though nobody mends anything: the process or the system is
/// short of descriptors or memory, a remote file system does not answer. Not so when the system
/// says that what is there is wrong (no such file, no permission), nor when the error is not one of
/// the system.
pub fn may_pass(error: &Error) -> bool {
    let of_system = error.raw_os_error().is_some();
    let is_lasting = matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::AlreadyExists
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::Unsupported
    );
    of_system && !is_lasting
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_lasts() {
        let check = |code: i32, expected: bool| {
            let error = Error::from_raw_os_error(code);
            assert_eq!(may_pass(&error), expected, "{error}");
        };
        // EINTR, EIO, EAGAIN or EDEADLK, ENOMEM, ENFILE, EMFILE: the same on every Unix.
        for code in [4, 5, 11, 12, 23, 24] {
            check(code, true);
        }
        // EPERM, ENOENT, EACCES, EEXIST, ENOTDIR, EISDIR, EINVAL, EROFS.
        for code in [1, 2, 13, 17, 20, 21, 22, 30] {
            check(code, false);
        }
    }
}
