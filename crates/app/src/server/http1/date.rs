//! The `Date` of answers (RFC 9110, section 6.6.1), written once a second and thread.

use std::cell::Cell;
use std::time::SystemTime;

use plumego_stdx::Timestamp;

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(super) type DateText = [u8; 29];

const EPOCH: DateText = *b"Thu, 01 Jan 1970 00:00:00 GMT";

thread_local! {
    static LAST: Cell<(i64, DateText)> = const { Cell::new((0, EPOCH)) };
}

/// What time it is.
pub(super) fn now() -> DateText {
    at(Timestamp::now())
}

fn at(time: Timestamp) -> DateText {
    let second = time.unix_seconds();
    let (last, text) = LAST.get();
    if second == last {
        return text;
    }
    // A date before 1970 cannot be written.
    let time = time.to_system_time().max(SystemTime::UNIX_EPOCH);
    let written = httpdate::fmt_http_date(time);
    let text = written.as_bytes().try_into().unwrap_or(text);
    LAST.set((second, text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_second(second: i64) -> String {
        let time = Timestamp::from_unix_nanos(second * 1_000_000_000 + 999_999_999);
        String::from_utf8(at(time).to_vec()).unwrap()
    }

    #[test]
    fn a_date_is_that_of_its_second() {
        assert_eq!(at_second(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at_second(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at_second(784_111_778), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(at_second(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(at_second(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
