//! libFuzzer's entrance to `plumego_fuzz::trace_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::trace_header::run(data));
