//! libFuzzer's entrance to `plumego_fuzz::query`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::query::run(data));
