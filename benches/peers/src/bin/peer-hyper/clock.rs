//! One reading of a clock for everything that a request needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the program began, and the time of day by them.
pub(crate) struct Clock {
    begin: Instant,
    /// The time of day when the program began, as the last look at the wall clock had it.
    wall: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock = Self {
            begin: Instant::now(),
            wall: AtomicU64::new(0),
        };
        clock.look();
        clock
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Milliseconds since 1970 at a moment of [`Self::now`].
    pub(crate) fn unix_millis(&self, moment: u64) -> u64 {
        (self.wall.load(Ordering::Relaxed) + moment) / 1_000_000
    }

    /// Looks at the wall clock again: it may have been set.
    pub(crate) fn look(&self) {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.wall
            .store(nanos.saturating_sub(self.now()), Ordering::Relaxed);
    }
}

/// Appends a time as RFC 3339 has it, in UTC, with milliseconds.
pub(crate) fn push_time(out: &mut Vec<u8>, unix_millis: u64) {
    let (second, millis) = (unix_millis / 1000, unix_millis % 1000);
    CACHE.with_borrow_mut(|(known, text)| {
        if *known != second {
            *known = second;
            *text = seconds(second);
        }
        out.extend_from_slice(text);
    });
    out.push(b'.');
    digits(out, millis, 3);
    out.push(b'Z');
}

thread_local! {
    /// The last second that was written, and how.
    static CACHE: std::cell::RefCell<(u64, Vec<u8>)> = const {
        std::cell::RefCell::new((u64::MAX, Vec::new()))
    };
}

/// The proleptic Gregorian calendar, by days since 1970 (Howard Hinnant, `civil_from_days`).
fn seconds(unix: u64) -> Vec<u8> {
    let (days, time) = (unix / 86_400 + 719_468, unix % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let mut out = Vec::with_capacity(19);
    for (value, width, after) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (time / 3600, 2, b':'),
        (time / 60 % 60, 2, b':'),
        (time % 60, 2, b'.'),
    ] {
        digits(&mut out, value, width);
        out.push(after);
    }
    out.pop();
    out
}

fn digits(out: &mut Vec<u8>, value: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_u64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_has_them() {
        for (unix_millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_795_371_957_125, "2026-11-22T18:25:57.125Z"),
        ] {
            let mut out = Vec::new();
            push_time(&mut out, unix_millis);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
