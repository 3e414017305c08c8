//! libFuzzer's entrance to `plumego_fuzz::csp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::csp::run(data));
