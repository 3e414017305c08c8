/// What the allocator of a program tells of the heap, for `GET /_debug/pprof/heap`.
///
/// Rust's own allocator tells nothing; jemalloc and mimalloc do. The program knows which one it is
/// built with:
///
/// ```
/// use plumego_ops::devtools::Heap;
///
/// struct OfTheProgram;
///
/// impl Heap for OfTheProgram {
///     fn stats(&self) -> Vec<(&'static str, u64)> {
///         // Such as what `mi_process_info` or `jemalloc_ctl::stats` answer.
///         vec![("allocated_bytes", 0), ("resident_bytes", 0)]
///     }
/// }
/// ```
pub trait Heap: Send + Sync + 'static {
    /// Names and values, with the unit at the end of the name. Called on a thread of the runtime
    /// for each request: it must not block.
    fn stats(&self) -> Vec<(&'static str, u64)>;
}
