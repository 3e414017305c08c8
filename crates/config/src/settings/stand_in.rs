//! Values that stand in for one that is missing or wrong, so that reading goes on.

/// How many stand-ins are tried at one place.
pub(super) const COUNT: usize = TEXTS.len();

/// Texts, at least one of which most types accept.
const TEXTS: [&str; 16] = [
    "",
    "x",
    "1",
    "127.0.0.1",
    "127.0.0.1:80",
    "10.0.0.0/8",
    "http://localhost/",
    "a@example.com",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "UTC",
    "info",
    "1s",
    "/",
    "true",
    "00000000-0000-4000-8000-000000000000",
];

pub(super) fn text(number: usize) -> &'static str {
    TEXTS.get(number).copied().unwrap_or_default()
}

pub(super) fn integer(number: usize) -> u8 {
    const NUMBERS: [u8; 4] = [0, 1, 2, 100];
    NUMBERS.get(number).copied().unwrap_or(1)
}
