use std::time::{Duration, Instant, SystemTime};

use plumego_stdx::Timestamp;

fn check(unix_nanos: i64, expected: &str) {
    let time = Timestamp::from_unix_nanos(unix_nanos);
    assert_eq!(time.to_rfc3339(), expected);
    assert_eq!(time.to_string(), expected);
    let mut line = b"at ".to_vec();
    time.write_rfc3339_millis(&mut line);
    assert_eq!(String::from_utf8(line).unwrap(), format!("at {expected}"));
}

#[test]
fn formats_utc_with_milliseconds_rounding_down() {
    check(0, "1970-01-01T00:00:00.000Z");
    check(1_700_000_000_123_456_789, "2023-11-14T22:13:20.123Z");
    check(1_700_000_000_999_999_999, "2023-11-14T22:13:20.999Z");
    check(1_709_164_800_000_000_000, "2024-02-29T00:00:00.000Z");
    check(-1, "1969-12-31T23:59:59.999Z");
    check(i64::MIN, "1677-09-21T00:12:43.145Z");
    check(i64::MAX, "2262-04-11T23:47:16.854Z");
}

#[test]
fn the_cached_second_never_leaks_into_another_one() {
    for second in [5, 6, 5, 86_400, 5, -1, 0] {
        let fresh = std::thread::spawn(move || {
            Timestamp::from_unix_nanos(second * 1_000_000_000).to_rfc3339()
        });
        let here = Timestamp::from_unix_nanos(second * 1_000_000_000).to_rfc3339();
        assert_eq!(here, fresh.join().unwrap());
    }
}

#[test]
fn agrees_with_system_time() {
    for nanos in [0, 1, -1, 1_700_000_000_123_456_789, i64::MAX] {
        let time = Timestamp::from_unix_nanos(nanos);
        assert_eq!(Timestamp::from_system_time(time.to_system_time()), time);
    }
    let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
    assert_eq!(
        Timestamp::from_system_time(before).unix_nanos(),
        -1_500_000_000
    );
    assert_eq!(Timestamp::from_system_time(before).unix_seconds(), -2);
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000_000_000);
    assert_eq!(Timestamp::from_system_time(far).unix_nanos(), i64::MAX);
}

#[test]
fn now_is_the_system_clock() {
    #[expect(clippy::disallowed_methods, reason = "the oracle of this test")]
    let oracle = || Timestamp::from_system_time(SystemTime::now());
    let (before, now, after) = (oracle(), Timestamp::now(), oracle());
    assert!(before <= now && now <= after);
}

#[test]
fn adding_saturates() {
    let time = Timestamp::from_unix_nanos(5);
    assert_eq!(
        time.saturating_add(Duration::from_nanos(6)).unix_nanos(),
        11
    );
    assert_eq!(time.saturating_add(Duration::MAX).unix_nanos(), i64::MAX);
}

#[test]
fn serde_reads_any_offset_and_writes_utc() {
    let time: Timestamp = serde_json::from_str(r#""2023-11-14T23:13:20.123456789+01:00""#).unwrap();
    assert_eq!(time.unix_nanos(), 1_700_000_000_123_456_789);
    assert_eq!(
        serde_json::to_string(&time).unwrap(),
        r#""2023-11-14T22:13:20.123Z""#
    );
    for bad in [
        r#""yesterday""#,
        r#""2023-11-14""#,
        "5",
        r#""9000-01-01T00:00:00Z""#,
    ] {
        let error = serde_json::from_str::<Timestamp>(bad)
            .unwrap_err()
            .to_string();
        assert!(!error.is_empty(), "{bad}");
    }
    let error = serde_json::from_str::<Timestamp>(r#""yesterday""#)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(r#""yesterday" is not an RFC 3339 time"#),
        "{error}"
    );
}

#[test]
fn a_moment_ago_has_the_time_it_had() {
    // The clock may be slewed a little between two readings.
    const SLACK: Duration = Duration::from_millis(1);
    let check = |ago: Duration| {
        let before = Timestamp::now().saturating_sub(ago + SLACK);
        let instant = Instant::now().checked_sub(ago).unwrap();
        let found = Timestamp::at(instant);
        let after = Timestamp::now().saturating_sub(ago).saturating_add(SLACK);
        assert!(
            before <= found && found <= after,
            "{ago:?} ago: {found}, not {before} to {after}"
        );
    };
    for millis in [0, 0, 1, 30, 99, 500, 0, 60_000, 1] {
        check(Duration::from_millis(millis));
    }
    let later = Instant::now() + Duration::from_hours(1);
    assert!(Timestamp::at(later) <= Timestamp::now());
}
