//! `traceparent` and `tracestate`.

use plumego_observe::trace::TraceContext;

/// Inputs to start from: `traceparent`, a line break, `tracestate`.
pub const SEEDS: &[&[u8]] = &[
    b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nrojo=1,congo=t61rcWkgMzE",
    b"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what\na@b=1",
    b"00-00000000000000000000000000000000-0000000000000000-00\n=",
];

/// Whatever comes in, what goes out is well formed and is read back as itself.
pub fn run(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let (parent, state) = (lines.next(), lines.next());
    let context = TraceContext::from_header_values(parent, state);
    let out = context.traceparent();
    let again = TraceContext::from_header_values(Some(out.as_str()), context.tracestate());
    assert_eq!(again.trace_id(), context.trace_id());
    assert_eq!(again.parent(), Some(context.span_id()));
    assert_eq!(again.tracestate(), context.tracestate());
}
