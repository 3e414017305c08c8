//! libFuzzer's entrance to `plumego_fuzz::route_pattern`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::route_pattern::run(data));
