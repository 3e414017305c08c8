//! libFuzzer's entrance to `plumego_fuzz::forwarded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::forwarded::run(data));
