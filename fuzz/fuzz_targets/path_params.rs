//! libFuzzer's entrance to `plumego_fuzz::path_params`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::path_params::run(data));
