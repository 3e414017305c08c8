//! libFuzzer's entrance to `plumego_fuzz::range`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro may write what it ran")]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::range::run(data));
