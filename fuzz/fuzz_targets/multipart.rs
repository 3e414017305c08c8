//! libFuzzer's entrance to `plumego_fuzz::multipart`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::multipart::run(data));
