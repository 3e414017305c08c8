//! CPU profiles over a real socket.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::GzDecoder;
use plumego_ops::{Devtools, Guard};

use crate::client::{OPERATE, app, bearer, get, secret, start};

/// Keeps a thread busy in functions of the standard library, which has frame pointers, called from
/// one with this name.
#[inline(never)]
fn busy_in_the_test(until: &AtomicBool) {
    let mut text = String::new();
    while !until.load(Ordering::Relaxed) {
        text.clear();
        let third = std::hint::black_box(1.0_f64) / 3.0;
        std::fmt::write(&mut text, format_args!("{third} {third:e} {third:?}")).unwrap();
        std::hint::black_box(&text);
    }
}

// There is one timer in a process, so all of it is one test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_shows_what_was_busy_one_at_a_time_and_within_bounds() {
    let guard = Guard::new().operate(&secret(OPERATE));
    let app = start(app(true).component(Devtools::new(guard))).await;
    let addr = app.addr();
    let done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&done);
    let busy = std::thread::spawn(move || busy_in_the_test(&until));

    let slow = get(addr, "/_debug/pprof/profile?seconds=2&frequency=500", &[]);
    let slow = tokio::spawn(slow);
    // Until the first one is at work, the second one is; then it is refused.
    let mut refused = 0;
    while !slow.is_finished() {
        let other = get(
            addr,
            "/_debug/pprof/flamegraph?seconds=1&frequency=100",
            &[],
        )
        .await;
        match other.status() {
            409 => refused += 1,
            200 => {}
            status => panic!("{status}: {}", other.text()),
        }
        tokio::task::yield_now().await;
    }
    let mut profile = slow.await.unwrap();
    if profile.status() == 409 {
        profile = get(addr, "/_debug/pprof/profile?seconds=1&frequency=500", &[]).await;
    } else {
        assert!(refused > 0, "two profiles at the same time");
    }
    assert_eq!(profile.status(), 200, "{}", profile.text());
    let mut message = Vec::new();
    GzDecoder::new(&profile.bytes[..])
        .read_to_end(&mut message)
        .unwrap();
    let text = String::from_utf8_lossy(&message);
    assert!(
        text.contains("busy_in_the_test"),
        "the busy function was not seen"
    );
    assert!(text.contains("nanoseconds"));

    let picture = get(
        addr,
        "/_debug/pprof/flamegraph?seconds=1&frequency=500",
        &[],
    )
    .await;
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    let policy = picture.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(picture.text().contains("busy_in_the_test"));
    done.store(true, Ordering::Relaxed);
    busy.join().unwrap();

    for query in [
        "seconds=0",
        "seconds=61",
        "frequency=0",
        "frequency=1001",
        "seconds=x",
    ] {
        let path = format!("/_debug/pprof/profile?{query}");
        get(addr, &path, &[]).await.assert(400, "invalid_query");
    }
    let wrong = bearer("wrong-wrong-wrong-wrong");
    let stranger = get(addr, "/_debug/pprof/profile", &[&wrong]).await;
    stranger.assert(401, "invalid_token");
    app.stop().await.unwrap();
}
