//! libFuzzer's entrance to `plumego_fuzz::dotenv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::dotenv::run(data));
