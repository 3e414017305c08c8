//! libFuzzer's entrance to `plumego_fuzz::http1_head`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro may write what it ran")]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plumego_fuzz::http1_head::run(data));
