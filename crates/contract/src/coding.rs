//! Content codings, and which of them a client accepts (RFC 9110, section 12.5.3).
//!
//! Pure decisions, for whoever has a body in more than one coding.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, header};
//! use plumego_contract::coding::{Accepted, Coding};
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0.5, br"));
//! let accepted = Accepted::of(&headers, &Coding::ALL);
//! assert_eq!(accepted.coding, Some(Coding::Brotli));
//! ```
//!
//! # Limits and defaults
//! Of `Accept-Encoding` the first 32 members count, whatever lines they stand in.

use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// More members than this in `Accept-Encoding` are not looked at.
const MAX_MEMBERS: usize = 32;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `zstd` (RFC 8878): the fastest, and the densest at that.
    Zstd,
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952): every client has it.
    Gzip,
}

impl Coding {
    /// All, the one to prefer first.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The coding of that name, in whatever case; `x-gzip` is `gzip`.
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        let mut all = Self::ALL.into_iter();
        all.find(|coding| name.eq_ignore_ascii_case(coding.as_str()))
    }

    /// The name as the value of `Content-Encoding`.
    pub const fn to_value(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }
}

/// What a client accepts of what was offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The coding to use, if any.
    pub coding: Option<Coding>,
    /// Whether the client refuses a body as it is.
    pub identity_refused: bool,
}

/// Weights in thousandths, as the client gave them.
#[derive(Default)]
struct Weights {
    codings: Vec<(Coding, u16)>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Accepted {
    /// What these headers choose of what is offered, the coding to prefer first.
    pub fn of(headers: &HeaderMap, offered: &[Coding]) -> Self {
        let weights = Weights::of(headers);
        let mut best: Option<(Coding, u16)> = None;
        for &coding in offered {
            let weight = weights.of_coding(coding);
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((coding, weight));
            }
        }
        let identity = weights
            .identity
            .or(weights.any.filter(|weight| *weight == 0));
        let plain_wins = |weight| weights.identity.is_some_and(|plain| plain > weight);
        Self {
            coding: best
                .filter(|(_, weight)| !plain_wins(*weight))
                .map(|(coding, _)| coding),
            identity_refused: identity == Some(0),
        }
    }
}

impl Weights {
    fn of(headers: &HeaderMap) -> Self {
        let mut weights = Self::default();
        let lines = headers.get_all(ACCEPT_ENCODING).iter();
        let members = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        for member in members.take(MAX_MEMBERS) {
            weights.add(member);
        }
        weights
    }

    fn add(&mut self, member: &str) {
        let (name, weight) = match member.split_once(';') {
            Some((name, parameter)) => (name.trim(), weight(parameter).unwrap_or(0)),
            None => (member.trim(), 1000),
        };
        // Said twice, the smaller weight counts: a refusal is not to be overlooked.
        let lower = |there: Option<u16>| Some(there.map_or(weight, |there| there.min(weight)));
        if name == "*" {
            self.any = lower(self.any);
        } else if name.eq_ignore_ascii_case("identity") {
            self.identity = lower(self.identity);
        } else if let Some(coding) = Coding::parse(name) {
            match self.codings.iter_mut().find(|(there, _)| *there == coding) {
                Some((_, there)) => *there = weight.min(*there),
                None => self.codings.push((coding, weight)),
            }
        }
    }

    fn of_coding(&self, coding: Coding) -> u16 {
        let mut named = self.codings.iter();
        let named = named.find(|(there, _)| *there == coding);
        named.map(|(_, weight)| *weight).or(self.any).unwrap_or(0)
    }
}

/// `q=0.5` in thousandths; `None` for what is no weight.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_choose_and_refuse() {
        for (header, coding, identity_refused) in [
            ("", None, false),
            ("gzip", Some(Coding::Gzip), false),
            ("X-GZIP", Some(Coding::Gzip), false),
            ("gzip, deflate, br, zstd", Some(Coding::Zstd), false),
            ("gzip;q=1.0, br;q=0.5", Some(Coding::Gzip), false),
            ("gzip;q=0.8,br;q=0.8", Some(Coding::Brotli), false),
            ("gzip;q=0", None, false),
            ("gzip;q=0.000, br", Some(Coding::Brotli), false),
            ("*", Some(Coding::Zstd), false),
            ("*;q=0.1, zstd;q=0", Some(Coding::Brotli), false),
            ("identity, gzip;q=0.5", None, false),
            ("identity;q=0.5, gzip;q=0.5", Some(Coding::Gzip), false),
            ("identity;q=0, gzip", Some(Coding::Gzip), true),
            ("identity;q=0", None, true),
            ("*;q=0", None, true),
            ("*;q=0, identity", None, false),
            ("*;q=0, gzip;q=0.001", Some(Coding::Gzip), true),
            ("deflate, compress", None, false),
            ("gzipped, gzip2, brotli", None, false),
            ("gzip;q=2", None, false),
            ("gzip;q=-1", None, false),
            ("gzip;q=0.1234", None, false),
            ("gzip;q=", None, false),
            ("gzip;q", None, false),
            ("gzip;level=9", None, false),
            ("gzip;q=1;x=y", None, false),
            ("gzip;q=1.001", None, false),
            (" gzip ; Q = 1 ", Some(Coding::Gzip), false),
            (",,gzip,,", Some(Coding::Gzip), false),
            ("gzip, gzip;q=0", None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            let expected = Accepted {
                coding,
                identity_refused,
            };
            assert_eq!(Accepted::of(&headers, &Coding::ALL), expected, "{header}");
        }
        assert_eq!(
            Accepted::of(&HeaderMap::new(), &Coding::ALL),
            Accepted::default()
        );
    }
}
