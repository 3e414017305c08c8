//! Randomness: the one place that asks the operating system for it.
//!
//! - [`fill`] and [`bytes`] are for secrets (keys, tokens, nonces). They are cryptographically
//!   strong or they fail; there is no weaker fallback.
//! - [`id`] and [`hex`] are for identifiers (request ids, trace ids), which are made for every
//!   request and told to everybody. They never fail, and are as unlikely to meet as random ones:
//!   each thread counts, and hashes the count with 128 random bits of its own (`SipHash`, by which
//!   std keys its maps). Nobody has promised that they cannot be guessed, so an identifier must
//!   never be what grants access.
//!
//! Each thread draws 4 KiB for secrets at a time, so one system call serves many. Bytes that were
//! handed out are wiped from that buffer. A process that forks without `exec` would share with its
//! child what is left in the buffer, and the ids to come; do not do that.
//!
//! ```
//! use plumego_stdx::random;
//!
//! let key: [u8; 32] = random::bytes()?;
//! let request_id = random::hex::<16>();
//! assert_eq!(request_id.as_str().len(), 32);
//! assert_ne!(key, random::bytes::<32>()?);
//! # Ok::<(), random::RandomError>(())
//! ```

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crate::hex::Hex;

/// How much one system call draws for a thread.
const BUFFER_BYTES: usize = 4096;
/// Asked for more than this at once, the source is read directly.
const DIRECT_BYTES: usize = 256;

thread_local! {
    static BUFFER: RefCell<Buffer> = const { RefCell::new(Buffer::new()) };
    static IDS: Ids = Ids::default();
}

/// The operating system gave no randomness.
///
/// Practically only before the kernel's generator is seeded, or in a sandbox that forbids the
/// system call. Answer 503 or refuse to start; do not make up a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError {
    os_error: Option<i32>,
}

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes")?;
        match self.os_error {
            Some(code) => write!(f, " (os error {code})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RandomError {}

/// Fills `dest` with cryptographically strong random bytes.
///
/// On an error `dest` is zeroed.
pub fn fill(dest: &mut [u8]) -> Result<(), RandomError> {
    let drawn = if dest.len() > DIRECT_BYTES {
        os_fill(dest)
    } else {
        BUFFER
            .try_with(|buffer| match buffer.try_borrow_mut() {
                Ok(mut buffer) => buffer.take(dest, os_fill),
                Err(_) => os_fill(dest),
            })
            // The thread is ending and its buffer is gone.
            .unwrap_or_else(|_| os_fill(dest))
    };
    if drawn.is_err() {
        dest.fill(0);
    }
    drawn
}

/// `N` cryptographically strong random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// `N` bytes for an identifier, as unlikely to be made twice, in whatever process, as random ones.
/// Never for a secret: use [`bytes`].
pub fn id<const N: usize>() -> [u8; N] {
    // A thread that is ending has lost its own.
    IDS.try_with(Ids::next)
        .unwrap_or_else(|_| Ids::default().next())
}

/// [`id`] as text: `2 * BYTES` lower-case hexadecimal digits.
pub fn hex<const BYTES: usize>() -> Hex<BYTES> {
    Hex::new(id())
}

struct Buffer {
    bytes: [u8; BUFFER_BYTES],
    /// Bytes before this index are used up and zero.
    used: usize,
}

impl Buffer {
    const fn new() -> Self {
        Self {
            bytes: [0; BUFFER_BYTES],
            used: BUFFER_BYTES,
        }
    }

    /// Copies the next bytes to `dest` and wipes them here; draws anew when too few are left.
    fn take<S>(&mut self, dest: &mut [u8], source: S) -> Result<(), RandomError>
    where
        S: FnOnce(&mut [u8]) -> Result<(), RandomError>,
    {
        if BUFFER_BYTES - self.used < dest.len() {
            // Until the draw succeeds nothing in here may be handed out.
            self.used = BUFFER_BYTES;
            source(&mut self.bytes)?;
            self.used = 0;
        }
        let end = self.used + dest.len();
        let Some(ready) = self.bytes.get_mut(self.used..end) else {
            return Err(RandomError { os_error: None });
        };
        dest.copy_from_slice(ready);
        ready.fill(0);
        self.used = end;
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that draws randomness"
)]
fn os_fill(dest: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(dest).map_err(|error| RandomError {
        os_error: error.raw_os_error(),
    })
}

/// Where a thread's identifiers come from.
#[derive(Default)]
struct Ids {
    keys: RandomState,
    made: Cell<u64>,
}

impl Ids {
    fn next<const N: usize>(&self) -> [u8; N] {
        let mut id = [0; N];
        for chunk in id.chunks_mut(8) {
            let count = self.made.get();
            self.made.set(count.wrapping_add(1));
            let hash = self.keys.hash_one(count).to_ne_bytes();
            chunk.copy_from_slice(hash.get(..chunk.len()).unwrap_or_default());
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BUFFER_BYTES, Buffer, Cell, Ids, RandomError};

    fn all(value: u8) -> impl FnOnce(&mut [u8]) -> Result<(), RandomError> {
        move |bytes| {
            bytes.fill(value);
            Ok(())
        }
    }

    #[test]
    fn handed_out_bytes_are_wiped_from_the_buffer() {
        let mut buffer = Buffer::new();
        let mut dest = [0; 100];
        buffer.take(&mut dest, all(7)).unwrap();
        assert_eq!(dest, [7; 100]);
        assert!(buffer.bytes[..100].iter().all(|byte| *byte == 0));
        assert!(buffer.bytes[100..].iter().all(|byte| *byte == 7));
    }

    #[test]
    fn one_draw_serves_many_and_no_byte_is_served_twice() {
        let mut buffer = Buffer::new();
        let mut draws = 0;
        for _ in 0..BUFFER_BYTES / 16 {
            let mut dest = [0; 16];
            buffer
                .take(&mut dest, |bytes| {
                    draws += 1;
                    all(1)(bytes)
                })
                .unwrap();
            assert_eq!(dest, [1; 16]);
        }
        assert_eq!(draws, 1);
        buffer.take(&mut [0; 16], all(2)).unwrap();
        assert_eq!(buffer.bytes[16], 2);
    }

    #[test]
    fn a_failed_draw_hands_out_nothing_and_is_tried_again() {
        let mut buffer = Buffer::new();
        let failure = RandomError { os_error: Some(38) };
        assert_eq!(buffer.take(&mut [0; 16], |_| Err(failure)), Err(failure));
        assert_eq!(
            failure.to_string(),
            "the operating system gave no random bytes (os error 38)"
        );
        let mut dest = [0; 16];
        buffer.take(&mut dest, all(9)).unwrap();
        assert_eq!(dest, [9; 16]);
    }

    #[test]
    fn ids_of_any_length_go_on_where_the_last_one_ended() {
        let ids = Ids::default();
        let whole: [u8; 24] = Ids {
            keys: ids.keys.clone(),
            made: Cell::default(),
        }
        .next();
        let (first, second): ([u8; 16], [u8; 5]) = (ids.next(), ids.next());
        assert_eq!([&first[..], &second[..]].concat(), whole[..21]);
        assert_eq!(ids.made.get(), 3);
    }

    #[test]
    fn ids_of_two_sources_share_nothing() {
        let (one, other) = (Ids::default(), Ids::default());
        let parts = |ids: &Ids| (0..10_000).map(|_| ids.next::<8>()).collect::<HashSet<_>>();
        let (one, other) = (parts(&one), parts(&other));
        assert_eq!((one.len(), other.len()), (10_000, 10_000));
        assert!(one.is_disjoint(&other));
    }
}
