//! Request ids: 128 bits of a CSPRNG in hexadecimal.

use std::cell::RefCell;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// After how many ids a thread asks the operating system for a new seed.
const IDS_PER_SEED: u32 = 65_536;

struct Source {
    rng: ChaCha12Rng,
    left: u32,
}

thread_local! {
    static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
}

/// A new id; `None` when the operating system gives no randomness.
pub(crate) fn id() -> Option<[u8; 32]> {
    let bytes = SOURCE.with_borrow_mut(|source| {
        if source.as_ref().is_none_or(|source| source.left == 0) {
            *source = Some(seeded()?);
        }
        let source = source.as_mut()?;
        source.left -= 1;
        Some(u128::from(source.rng.next_u64()) << 64 | u128::from(source.rng.next_u64()))
    })?;
    Some(hex(bytes))
}

fn seeded() -> Option<Source> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok()?;
    Some(Source {
        rng: ChaCha12Rng::from_seed(seed),
        left: IDS_PER_SEED,
    })
}

fn hex(value: u128) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'0'; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        if let [high, low] = pair {
            *high = DIGITS[usize::from(byte >> 4)];
            *low = DIGITS[usize::from(byte & 15)];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hexadecimal_and_differ() {
        assert_eq!(&hex(0x1f), b"0000000000000000000000000000001f");
        assert_ne!(id().unwrap(), id().unwrap());
    }
}
