//! Ranges of bytes, held against a reading of RFC 9110, section 14, byte by byte.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use plumego_contract::conditional::{EntityTag, Validators};
use plumego_contract::range::{MAX_RANGES, Requested, requested};
use proptest::prelude::*;

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let line =
        |(name, value): &(HeaderName, &str)| (name.clone(), HeaderValue::from_str(value).unwrap());
    lines.iter().map(line).collect()
}

fn ask(range: &str, length: u64) -> Requested {
    let headers = headers(&[(header::RANGE, range)]);
    requested(&headers, length, &Validators::default())
}

#[test]
fn ranges_are_read_as_rfc_9110_says() {
    let one = |start, end| Requested::Parts(std::iter::once(start..end).collect());
    for (range, length, expected) in [
        ("bytes=0-0", 10, one(0, 1)),
        ("bytes=2-5", 10, one(2, 6)),
        ("bytes=2-", 10, one(2, 10)),
        ("bytes=-3", 10, one(7, 10)),
        ("bytes=-99", 10, one(0, 10)),
        ("bytes=9-99999999999999999999999", 10, one(9, 10)),
        ("BYTES=0-0", 10, one(0, 1)),
        ("bytes= 0-0", 10, one(0, 1)),
        ("bytes=,0-0,", 10, one(0, 1)),
        ("bytes=10-", 10, Requested::Beyond),
        ("bytes=-0", 10, Requested::Beyond),
        ("bytes=0-", 0, Requested::Beyond),
        ("bytes=-5", 0, Requested::Beyond),
        ("bytes=99999999999999999999999-", 10, Requested::Beyond),
        ("bytes=10-11, -0", 10, Requested::Beyond),
        ("bytes=0-1,4-5", 10, Requested::Parts(vec![0..2, 4..6])),
        ("bytes=4-5 ,\t0-1", 10, Requested::Parts(vec![0..2, 4..6])),
        ("bytes=0-4,2-6,7-7", 10, one(0, 8)),
        ("bytes=0-0,20-30", 10, one(0, 1)),
        ("bytes=5-2", 10, Requested::Whole),
        ("bytes=0-1,5-2", 10, Requested::Whole),
        ("bytes=a-b", 10, Requested::Whole),
        ("bytes=+1-2", 10, Requested::Whole),
        ("bytes=-", 10, Requested::Whole),
        ("bytes=--1", 10, Requested::Whole),
        ("bytes=1", 10, Requested::Whole),
        ("bytes=", 10, Requested::Whole),
        ("bytes=,", 10, Requested::Whole),
        ("bytes =0-1", 10, Requested::Whole),
        ("bytes=0 - 1", 10, Requested::Whole),
        ("items=0-1", 10, Requested::Whole),
        ("", 10, Requested::Whole),
    ] {
        assert_eq!(ask(range, length), expected, "{range} of {length}");
    }
}

#[test]
fn too_many_ranges_and_too_many_commas_are_ignored() {
    let list = |count: usize| {
        let ranges: Vec<_> = (0..count).map(|n| format!("{}-{}", n * 4, n * 4)).collect();
        format!("bytes={}", ranges.join(","))
    };
    let Requested::Parts(parts) = ask(&list(MAX_RANGES), 10_000) else {
        panic!("{MAX_RANGES} ranges are not too many");
    };
    assert_eq!(parts.len(), MAX_RANGES);
    assert_eq!(ask(&list(MAX_RANGES + 1), 10_000), Requested::Whole);
    let commas = format!("bytes=0-0{}", ",".repeat(100_000));
    assert_eq!(ask(&commas, 10), Requested::Whole);
}

#[test]
fn two_lines_are_ignored() {
    let two = headers(&[(header::RANGE, "bytes=0-0"), (header::RANGE, "bytes=1-1")]);
    let mut map = HeaderMap::new();
    for value in two.get_all(header::RANGE) {
        map.append(header::RANGE, value.clone());
    }
    map.append(header::RANGE, HeaderValue::from_static("bytes=1-1"));
    assert_eq!(
        requested(&map, 10, &Validators::default()),
        Requested::Whole
    );
}

#[test]
fn if_range_holds_for_the_same_state_alone() {
    let modified = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
    let mut current = Validators::tagged(EntityTag::strong("a"));
    current.modified = Some(modified);
    let old = httpdate::fmt_http_date(modified);
    let later = httpdate::fmt_http_date(modified + Duration::from_secs(1));
    for (value, holds) in [
        ("\"a\"", true),
        ("W/\"a\"", false),
        ("\"b\"", false),
        ("*", false),
        ("a", false),
        ("\"a\", \"b\"", false),
        (old.as_str(), true),
        (later.as_str(), false),
    ] {
        let asked = headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, value)]);
        let expected = if holds {
            Requested::Parts(std::iter::once(0..1).collect())
        } else {
            Requested::Whole
        };
        assert_eq!(requested(&asked, 10, &current), expected, "{value}");
    }
    // Changed within this second: a later change in it would have the same date.
    let now = plumego_stdx::clock::Timestamp::now().to_system_time();
    let fresh = now + Duration::from_secs(5);
    let date = httpdate::fmt_http_date(fresh);
    let asked = headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, &date)]);
    assert_eq!(
        requested(&asked, 10, &Validators::modified(fresh)),
        Requested::Whole
    );
}

/// One range as it is written.
#[derive(Debug, Clone)]
enum Spec {
    FromTo(u64, u64),
    From(u64),
    Last(u64),
}

impl Spec {
    fn text(&self) -> String {
        match self {
            Self::FromTo(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(count) => format!("-{count}"),
        }
    }

    fn takes(&self, at: u64, length: u64) -> bool {
        match *self {
            Self::FromTo(first, last) => (first..=last).contains(&at),
            Self::From(first) => at >= first,
            Self::Last(count) => at + count >= length,
        }
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    prop_oneof![
        (0..40_u64, 0..20_u64).prop_map(|(first, more)| Spec::FromTo(first, first + more)),
        (0..40_u64).prop_map(Spec::From),
        (0..40_u64).prop_map(Spec::Last),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_parts_are_the_bytes_that_were_asked_for(
        specs in proptest::collection::vec(spec(), 1..=MAX_RANGES),
        length in 0..32_u64,
    ) {
        let text: Vec<_> = specs.iter().map(Spec::text).collect();
        let asked = ask(&format!("bytes={}", text.join(", ")), length);
        let expected: Vec<u64> = (0..length)
            .filter(|at| specs.iter().any(|spec| spec.takes(*at, length)))
            .collect();
        match asked {
            Requested::Beyond => prop_assert!(expected.is_empty()),
            Requested::Parts(parts) => {
                for pair in parts.windows(2) {
                    prop_assert!(pair[0].end < pair[1].start, "{parts:?}");
                }
                let got: Vec<u64> = parts.into_iter().flatten().collect();
                prop_assert_eq!(got, expected);
            }
            Requested::Whole => prop_assert!(false, "ignored"),
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,80}", length in 0..1000_u64) {
        let Ok(value) = HeaderValue::from_str(&text) else { return Ok(()) };
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, value);
        if let Requested::Parts(parts) = requested(&headers, length, &Validators::default()) {
            prop_assert!(!parts.is_empty() && parts.len() <= MAX_RANGES);
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= length));
        }
    }
}
