use std::collections::HashSet;

use plumego_stdx::random;

#[test]
fn a_hundred_thousand_ids_over_many_threads_are_all_different() {
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..25_000).map(|_| random::id::<16>()).collect::<Vec<_>>()))
        .collect();
    let ids: HashSet<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(ids.len(), 100_000);
}

#[test]
fn every_length_is_filled_to_its_end() {
    for length in [0, 1, 16, 255, 256, 257, 4096, 10_000] {
        // A byte that stays zero in eight draws has a chance of 2^-64 to be a coincidence.
        let mut seen = vec![0_u8; length];
        for _ in 0..8 {
            let mut dest = vec![0; length];
            random::fill(&mut dest).unwrap();
            seen.iter_mut()
                .zip(dest)
                .for_each(|(seen, byte)| *seen |= byte);
        }
        assert!(seen.iter().all(|byte| *byte != 0), "{length}");
    }
}

#[test]
fn bits_are_balanced() {
    let ones: u32 = (0..4096)
        .flat_map(|_| random::bytes::<32>().unwrap())
        .map(u8::count_ones)
        .sum();
    // 2^20 bits: one standard deviation is 512 ones; ten of them are no coincidence.
    assert!(ones.abs_diff(1 << 19) < 5120, "{ones}");
}

#[test]
fn hex_has_two_lower_case_digits_a_byte() {
    let text = random::hex::<16>();
    assert_eq!(text.as_str().len(), 32);
    assert!(
        text.as_str()
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    );
}
