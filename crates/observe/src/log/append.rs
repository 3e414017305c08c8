//! Whole lines at the end of a file, also after a write that failed in the middle of one.

use std::io::{self, ErrorKind, Write};

/// Appends lines. One that a full disk cut in two is ended before the next one begins, so that it
/// spoils no other.
#[derive(Debug)]
pub(super) struct Appender<W> {
    to: W,
    /// What really arrived, with what was there before.
    bytes: u64,
    /// The last byte that arrived ends no line.
    torn: bool,
}

impl<W: Write> Appender<W> {
    /// Appends to a file that has so many bytes.
    pub(super) const fn new(to: W, bytes: u64) -> Self {
        Self {
            to,
            bytes,
            torn: false,
        }
    }

    pub(super) const fn get_ref(&self) -> &W {
        &self.to
    }

    /// How many bytes the file has.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends these lines. After an error a part of them may have arrived.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.torn {
            self.push(b"\n")?;
        }
        self.push(lines)
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    let (written, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                    self.bytes = self.bytes.saturating_add(written.len() as u64);
                    self.torn = written.last() != Some(&b'\n');
                    rest = left;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has room for so many bytes.
    struct Disk {
        room: usize,
        written: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(room: usize, expected: &str) {
        let disk = Disk {
            room,
            written: Vec::new(),
        };
        let mut appender = Appender::new(disk, 0);
        let full = appender.append(b"first\nsecond\n").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        assert_eq!(appender.bytes(), room as u64, "nothing else arrived");
        appender.to.room = 100;
        appender.append(b"third\n").unwrap();
        assert_eq!(String::from_utf8_lossy(&appender.to.written), expected);
        assert_eq!(appender.bytes(), expected.len() as u64);
    }

    #[test]
    fn a_line_that_was_cut_spoils_no_other() {
        check(0, "third\n");
        check(6, "first\nthird\n");
        check(9, "first\nsec\nthird\n");
        check(12, "first\nsecond\nthird\n");
    }
}
