//! The rules of W3C Trace Context, sections 3.2, 3.3 and 4.

use plumego_observe::trace::{SpanId, TraceContext, TraceId, current};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn read(traceparent: &str) -> TraceContext {
    TraceContext::from_header_values(Some(traceparent), None::<&str>)
}

fn check_continued(traceparent: &str, sampled: bool) {
    let trace = read(traceparent);
    assert_eq!(trace.trace_id().to_string(), TRACE, "{traceparent}");
    assert_eq!(trace.parent().unwrap().to_string(), PARENT, "{traceparent}");
    assert_ne!(trace.span_id().to_string(), PARENT, "{traceparent}");
    assert_eq!(trace.is_sampled(), sampled, "{traceparent}");
}

fn check_new(traceparent: &str) {
    let trace = read(traceparent);
    assert_eq!(trace.parent(), None, "{traceparent:?}");
    assert_ne!(trace.trace_id().to_string(), TRACE, "{traceparent:?}");
    assert!(trace.is_sampled(), "{traceparent:?}");
    assert_eq!(trace.tracestate(), None, "{traceparent:?}");
}

#[test]
fn a_valid_traceparent_continues_the_trace_with_a_fresh_span() {
    check_continued(&format!("00-{TRACE}-{PARENT}-00"), false);
    check_continued(&format!("00-{TRACE}-{PARENT}-01"), true);
    check_continued(&format!("00-{TRACE}-{PARENT}-03"), true);
    check_continued(&format!("00-{TRACE}-{PARENT}-fe"), false);
    check_continued(&format!("00-{TRACE}-{PARENT}-ff"), true);
    // A later version may add fields, and only with a dash between.
    check_continued(&format!("01-{TRACE}-{PARENT}-01"), true);
    check_continued(
        &format!("cc-{TRACE}-{PARENT}-01-what-the-future-brings"),
        true,
    );
    check_continued(&format!("fe-{TRACE}-{PARENT}-01-"), true);
}

#[test]
fn a_malformed_traceparent_starts_a_new_trace() {
    check_new("");
    check_new("00");
    check_new(&format!("00-{TRACE}-{PARENT}"));
    check_new(&format!("00-{TRACE}-{PARENT}-"));
    check_new(&format!("00-{TRACE}-{PARENT}-1"));
    check_new(&format!("0-{TRACE}-{PARENT}-01"));
    check_new(&format!("ff-{TRACE}-{PARENT}-01"));
    check_new(&format!("FE-{TRACE}-{PARENT}-01"));
    check_new(&format!(".0-{TRACE}-{PARENT}-01"));
    check_new(&format!("00-{}-{PARENT}-01", TRACE.to_uppercase()));
    check_new(&format!("00-{TRACE}-{}-01", PARENT.to_uppercase()));
    check_new(&format!("00-{TRACE}-{PARENT}-0A"));
    check_new(&format!("00-{}-{PARENT}-01", "0".repeat(32)));
    check_new(&format!("00-{TRACE}-{}-01", "0".repeat(16)));
    check_new(&format!("00-{TRACE}-{PARENT}-01-"));
    check_new(&format!("00-{TRACE}-{PARENT}-01-more"));
    check_new(&format!("00-{TRACE}-{PARENT}-01."));
    check_new(&format!("cc-{TRACE}-{PARENT}-01.more"));
    check_new(&format!(" 00-{TRACE}-{PARENT}-01"));
    check_new(&format!("00-{TRACE}-{PARENT}-01 "));
    check_new(&format!("00-{TRACE}_{PARENT}-01"));
    check_new(&format!("00-{}-{PARENT}-01", TRACE.replace('0', "g")));
    check_new(&format!("00-{}-{PARENT}-001", &TRACE[1..]));
    check_new(&format!("00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01"));
}

#[test]
fn two_traceparent_headers_start_a_new_trace() {
    let value = format!("00-{TRACE}-{PARENT}-01");
    let trace = TraceContext::from_header_values([&value, &value], ["a=1"]);
    assert_eq!((trace.parent(), trace.tracestate()), (None, None));
}

#[test]
fn no_traceparent_starts_a_new_trace_and_ignores_tracestate() {
    let trace = TraceContext::from_header_values(None::<&str>, ["a=1"]);
    assert_eq!((trace.parent(), trace.tracestate()), (None, None));
    assert_ne!(trace.trace_id(), TraceContext::new_root().trace_id());
}

fn check_state(values: &[&str], expected: Option<&str>) {
    let trace = TraceContext::from_header_values([format!("00-{TRACE}-{PARENT}-01")], values);
    assert_eq!(trace.parent().unwrap().to_string(), PARENT);
    assert_eq!(trace.tracestate(), expected, "{values:?}");
}

#[test]
fn a_valid_tracestate_is_handed_on() {
    check_state(
        &["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
        Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    );
    check_state(&["a=1 ,\tb=2", "c=3"], Some("a=1,b=2,c=3"));
    check_state(&["a=1,,  ,b=2", ""], Some("a=1,b=2"));
    check_state(&["0tenant@system=x y!"], Some("0tenant@system=x y!"));
    check_state(&["a_-*/9=~"], Some("a_-*/9=~"));
    let longest = format!("{}={}", "k".repeat(256), "v".repeat(255));
    check_state(&[&longest], Some(&longest));
}

#[test]
fn a_malformed_tracestate_is_dropped_and_the_trace_goes_on() {
    for bad in [
        "a",
        "=1",
        "a=",
        "A=1",
        "9=1",
        "a=b=c",
        "a b=1",
        "a=1\u{7f}",
        "a=é",
        "a =1",
        "@b=1",
        "a@=1",
        "a@9=1",
        "a@b@c=1",
        "a=1;b=2 ,=",
        "a=\t1",
    ] {
        check_state(&[bad], None);
        check_state(&["ok=1", bad], None);
    }
    check_state(&[&format!("{}=1", "k".repeat(257))], None);
    check_state(&[&format!("k={}", "v".repeat(257))], None);
    check_state(&[&format!("t@{}=1", "s".repeat(15))], None);
    check_state(&[&format!("{}@s=1", "t".repeat(242))], None);
    check_state(&[""], None);
    let bytes: &[u8] = b"a=\xff";
    let trace = TraceContext::from_header_values([format!("00-{TRACE}-{PARENT}-01")], [bytes]);
    assert_eq!(trace.tracestate(), None);
}

#[test]
fn tracestate_has_at_most_32_members_and_512_bytes() {
    let members = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>();
    let exactly = members(32).join(",");
    check_state(&[&exactly], Some(&exactly));
    check_state(&[&members(33).join(",")], None);
    // Long members go first, then the last ones.
    let long = format!("long={}", "x".repeat(200));
    let short = |name: &str| format!("{name}={}", "x".repeat(98));
    let kept = [short("a"), short("b"), short("c"), short("d"), short("e")].join(",");
    check_state(&[&long, &kept], Some(&kept));
    let six = [
        short("a"),
        short("b"),
        short("c"),
        short("d"),
        short("e"),
        short("f"),
    ]
    .join(",");
    check_state(&[&six], Some(&kept));
}

#[test]
fn what_is_handed_on_names_this_span_as_the_parent() {
    let trace = read(&format!("00-{TRACE}-{PARENT}-01"));
    assert_eq!(
        trace.traceparent().as_str(),
        format!("00-{TRACE}-{}-01", trace.span_id())
    );
    let unsampled = trace.clone().with_sampled(false);
    assert!(unsampled.traceparent().to_string().ends_with("-00"));
    let child = trace.child();
    assert_eq!(
        (child.trace_id(), child.parent()),
        (trace.trace_id(), Some(trace.span_id()))
    );
    assert_ne!(child.span_id(), trace.span_id());
    assert!(
        TraceContext::new_root()
            .traceparent()
            .as_str()
            .ends_with("-03")
    );
}

#[test]
fn ids_are_never_zero() {
    assert_eq!(TraceId::from_bytes([0; 16]), None);
    assert_eq!(SpanId::from_bytes([0; 8]), None);
    assert_eq!(TraceId::from_hex(TRACE).unwrap().to_hex().as_str(), TRACE);
    assert_eq!(
        format!("{:?}", SpanId::from_hex(PARENT).unwrap()),
        format!("SpanId({PARENT})")
    );
}

#[test]
fn entering_nests_and_is_undone_on_unwind() {
    let (outer, inner) = (TraceContext::new_root(), TraceContext::new_root());
    let guard = outer.enter();
    let caught = std::panic::catch_unwind(|| {
        let _guard = inner.enter();
        assert_eq!(current().unwrap().span_id, inner.span_id());
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(caught.is_err());
    assert_eq!(current().unwrap().span_id, outer.span_id());
    assert_eq!(std::thread::spawn(current).join().unwrap(), None);
    drop(guard);
    assert_eq!(current(), None);
}

proptest! {
    #[test]
    fn any_bytes_give_a_valid_context(
        parents in prop::collection::vec(any::<Vec<u8>>(), 0..3),
        states in prop::collection::vec(any::<Vec<u8>>(), 0..3),
    ) {
        let trace = TraceContext::from_header_values(parents, states);
        let again = read(trace.traceparent().as_str());
        prop_assert_eq!(again.trace_id(), trace.trace_id());
    }

    #[test]
    fn near_misses_never_panic_and_stay_bounded(
        head in "[0-9a-f]{2}-[0-9a-fA-F]{30,34}-[0-9a-f]{15,17}-[0-9a-f]{2}.{0,4}",
        states in prop::collection::vec("([a-z0-9@_]{1,12}=[ -~]{0,40},){0,40}", 0..3),
    ) {
        let trace = TraceContext::from_header_values([head], states);
        if let Some(state) = trace.tracestate() {
            prop_assert!((1..=512).contains(&state.len()));
            prop_assert!(state.split(',').count() <= 32);
        }
    }

    #[test]
    fn what_one_writes_the_next_reads(
        id in any::<[u8; 16]>(),
        sampled: bool,
        state in "[a-z]{1,9}=[!-+]{1,20}",
    ) {
        let Some(id) = TraceId::from_bytes(id) else { return Ok(()) };
        let value = format!("00-{id}-{}-{:02x}", SpanId::random(), u8::from(sampled));
        let first = TraceContext::from_header_values([value], [state.clone()]);
        let next = TraceContext::from_header_values(
            [first.traceparent()],
            first.tracestate(),
        );
        prop_assert_eq!(next.trace_id(), id);
        prop_assert_eq!(next.parent(), Some(first.span_id()));
        prop_assert_eq!(next.is_sampled(), sampled);
        prop_assert_eq!(next.tracestate(), Some(state.as_str()));
    }
}
