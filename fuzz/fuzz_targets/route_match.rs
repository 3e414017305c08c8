//! libFuzzer's entrance to `plumego_fuzz::route_match`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::route_match::run(data));
