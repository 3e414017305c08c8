//! Wall-clock time: the one place that asks the system what time it is.
//!
//! Not for measuring how long something took: the wall clock may jump, [`std::time::Instant`]
//! does not.
//!
//! ```
//! use plumego_stdx::Timestamp;
//!
//! let then = Timestamp::from_unix_nanos(1_700_000_000_123_456_789);
//! assert_eq!(then.to_rfc3339(), "2023-11-14T22:13:20.123Z");
//! assert!(Timestamp::now() > then);
//! ```
//!
//! Limits: years 1677 to 2262, the range of 64-bit nanoseconds.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
/// For how long a reading of the system's clock is good.
const ANCHOR_LASTS: Duration = Duration::from_millis(100);

/// `2023-11-14T22:13:20.` for the second it belongs to.
type SecondText = [u8; 20];
const EPOCH: SecondText = *b"1970-01-01T00:00:00.";

thread_local! {
    /// The last second written by this thread: a busy server formats many times a second.
    static LAST_SECOND: Cell<(i64, SecondText)> = const { Cell::new((0, EPOCH)) };
    /// What both clocks showed when this thread last read them.
    static ANCHOR: Cell<Option<(Instant, Timestamp)>> = const { Cell::new(None) };
}

/// A point in time: nanoseconds since the Unix epoch, UTC.
///
/// [`Display`](fmt::Display) and serde use RFC 3339 in UTC with milliseconds
/// (`2023-11-14T22:13:20.123Z`); reading accepts any RFC 3339 offset and up to nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_nanos: i64,
}

impl Timestamp {
    /// The time now, from the system's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn now() -> Self {
        Self::from_system_time(SystemTime::now())
    }

    /// The time at `instant`, which was a moment ago: for who has read the other clock already.
    /// The system's clock is asked ten times a second and thread, so a step of it shows that much
    /// later.
    pub fn at(instant: Instant) -> Self {
        let known = ANCHOR.try_with(Cell::get).ok().flatten();
        let near = known.and_then(|(then, time)| {
            let after = instant.checked_duration_since(then)?;
            (after < ANCHOR_LASTS).then(|| time.saturating_add(after))
        });
        near.unwrap_or_else(|| {
            let (now, time) = (Instant::now(), Self::now());
            let _ = ANCHOR.try_with(|anchor| anchor.set(Some((now, time))));
            time.saturating_sub(now.saturating_duration_since(instant))
        })
    }

    /// The time `unix_nanos` nanoseconds after (or, negative, before) the Unix epoch.
    pub const fn from_unix_nanos(unix_nanos: i64) -> Self {
        Self { unix_nanos }
    }

    /// The same point in time; beyond the years 1677 to 2262 the nearest bound.
    pub fn from_system_time(time: SystemTime) -> Self {
        let unix_nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(error) => {
                i64::try_from(error.duration().as_nanos()).map_or(i64::MIN, |before| -before)
            }
        };
        Self { unix_nanos }
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> i64 {
        self.unix_nanos
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.unix_nanos.div_euclid(NANOS_PER_SECOND)
    }

    /// The same point in time as std has it.
    pub fn to_system_time(self) -> SystemTime {
        let distance = Duration::from_nanos(self.unix_nanos.unsigned_abs());
        let time = if self.unix_nanos < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// This time less `duration`; the first representable time when that is out of range.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            unix_nanos: self.unix_nanos.saturating_sub(nanos),
        }
    }

    /// This time plus `duration`; the last representable time when that is out of range.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            unix_nanos: self.unix_nanos.saturating_add(nanos),
        }
    }

    /// RFC 3339 in UTC with milliseconds: `2023-11-14T22:13:20.123Z`. Rounds down.
    pub fn to_rfc3339(self) -> String {
        let mut text = Vec::with_capacity(24);
        self.write_rfc3339_millis(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends [`to_rfc3339`](Self::to_rfc3339) to `out`: 24 ASCII bytes.
    ///
    /// The calendar is computed once per second and thread; a call within the same second
    /// copies it.
    pub fn write_rfc3339_millis(self, out: &mut Vec<u8>) {
        let second = self.unix_seconds();
        let millis = self.unix_nanos.rem_euclid(NANOS_PER_SECOND) / NANOS_PER_MILLI;
        out.extend_from_slice(&cached_second_text(second));
        out.extend_from_slice(&[digit(millis / 100), digit(millis / 10), digit(millis), b'Z']);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let time: jiff::Timestamp = text
            .parse()
            .map_err(|_| D::Error::custom(format_args!("{text:?} is not an RFC 3339 time")))?;
        i64::try_from(time.as_nanosecond())
            .map(Self::from_unix_nanos)
            .map_err(|_| {
                D::Error::custom(format_args!("{text:?} is outside the years 1677 to 2262"))
            })
    }
}

fn cached_second_text(second: i64) -> SecondText {
    LAST_SECOND
        .try_with(|last| {
            let (cached, text) = last.get();
            if cached == second {
                return text;
            }
            let text = second_text(second);
            last.set((second, text));
            text
        })
        // The thread is ending and its locals are gone.
        .unwrap_or_else(|_| second_text(second))
}

fn second_text(second: i64) -> SecondText {
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil: DateTime = Offset::UTC.to_datetime(time);
    let year = i64::from(civil.year());
    let [month, day, hour, minute, second] = [
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
    ]
    .map(i64::from);
    [
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
        b'T',
        digit(hour / 10),
        digit(hour),
        b':',
        digit(minute / 10),
        digit(minute),
        b':',
        digit(second / 10),
        digit(second),
        b'.',
    ]
}

/// The last decimal digit of `value` in ASCII.
fn digit(value: i64) -> u8 {
    b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or_default()
}
