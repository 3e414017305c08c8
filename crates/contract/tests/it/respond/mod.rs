#[cfg(feature = "file")]
mod file;
mod ndjson;
mod redirect;
mod reply;
mod simple;
mod sse;
mod stream;
mod tuples;
