//! The trie against a matcher that knows none: a list, tried from end to end.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use plumego_contract::AppContext;
use plumego_router::{Frozen, Router};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};
use proptest::{collection, prop_oneof, sample};

use crate::client::{ask, tell};

/// A part of a pattern, in the order of priority.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    One,
    Rest,
}

/// A route: a method or `ANY`, and a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    method: &'static str,
    parts: Vec<Part>,
}

impl Rule {
    /// The pattern, its parameters named after their places and the method.
    fn pattern(&self) -> String {
        let part = |(i, part): (usize, &Part)| match part {
            Part::Text(text) => format!("/{}", text.replace('%', "%25")),
            Part::One => format!("/{{p{i}{}}}", self.method),
            Part::Rest => format!("/{{*p{i}{}}}", self.method),
        };
        self.parts.iter().enumerate().map(part).collect()
    }

    /// The raw values of the parameters, when the path has the shape.
    fn values<'a>(&self, path: &'a str) -> Option<Vec<(&'a str, bool)>> {
        let mut values = Vec::new();
        let mut rest = path.strip_prefix('/');
        for part in &self.parts {
            let left = rest?;
            let (segment, next) = match left.split_once('/') {
                Some((segment, next)) => (segment, Some(next)),
                None => (left, None),
            };
            rest = next;
            match part {
                Part::Text(text) if decode(segment).as_deref() == Some(*text) => {}
                Part::One if !segment.is_empty() => values.push((segment, false)),
                Part::Rest if !left.is_empty() => {
                    values.push((left, true));
                    return Some(values);
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(values)
    }

    /// How well it serves a method; lower is better.
    fn serves(&self, method: &str) -> Option<u8> {
        match self.method {
            own if own == method => Some(0),
            "GET" if method == "HEAD" => Some(1),
            "ANY" => Some(2),
            _ => None,
        }
    }

    fn shape(&self) -> String {
        format!("{} {:?}", self.method, self.parts)
    }
}

fn rank(part: &Part) -> u8 {
    match part {
        Part::Text(_) => 0,
        Part::One => 1,
        Part::Rest => 2,
    }
}

fn by_priority(a: &Rule, b: &Rule) -> Ordering {
    a.parts.iter().map(rank).cmp(b.parts.iter().map(rank))
}

/// Decoded text, or nothing when an escape is broken.
fn decode(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    for (i, byte) in bytes.iter().enumerate() {
        if *byte == b'%' {
            let digits = bytes.get(i + 1..i + 3)?;
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
        }
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// The value of a wildcard: the escape of a slash stays.
fn decode_rest(rest: &str) -> Option<String> {
    // No generated text holds the mark.
    let marked = rest.replace("%2F", "\u{1}").replace("%2f", "\u{1}");
    Some(decode(&marked)?.replace('\u{1}', "%2F"))
}

/// What a router of these rules must answer.
fn expected(rules: &[Rule], method: &str, path: &str) -> (StatusCode, String) {
    let matching: Vec<_> = rules
        .iter()
        .filter_map(|rule| Some((rule, rule.values(path)?)))
        .collect();
    let best = matching
        .iter()
        .filter_map(|(rule, values)| Some((rule.serves(method)?, rule, values)))
        .min_by(|(a, x, _), (b, y, _)| by_priority(x, y).then(a.cmp(b)));
    if let Some((_, rule, values)) = best {
        let mut text = format!("{method}: {} {}", rule.method, rule.pattern());
        for (value, is_rest) in values {
            let decoded = if *is_rest {
                decode_rest(value)
            } else {
                decode(value)
            };
            let Some(decoded) = decoded else {
                return (StatusCode::BAD_REQUEST, "malformed_path".to_owned());
            };
            text.push('|');
            text.push_str(&decoded);
        }
        return (StatusCode::OK, text);
    }
    if matching.is_empty() {
        return (StatusCode::NOT_FOUND, "not_found".to_owned());
    }
    let mut allow: BTreeSet<&str> = matching.iter().map(|(rule, _)| rule.method).collect();
    if allow.contains("GET") {
        allow.insert("HEAD");
    }
    allow.insert("OPTIONS");
    let allow = allow.into_iter().collect::<Vec<_>>().join(", ");
    if method == "OPTIONS" {
        (StatusCode::NO_CONTENT, allow)
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, allow)
    }
}

async fn answer(frozen: &Frozen, method: &str, path: &str) -> (StatusCode, String) {
    let answer = ask(frozen, method, path).await;
    let text = match answer.status {
        // The answer to HEAD has no body: only that there is one can be told.
        StatusCode::OK => answer.body,
        StatusCode::NO_CONTENT | StatusCode::METHOD_NOT_ALLOWED => {
            answer.header("allow").unwrap().to_owned()
        }
        _ if method == "HEAD" => String::new(),
        _ => answer.code(),
    };
    (answer.status, text)
}

fn router(rules: &[Rule]) -> Router {
    rules.iter().fold(Router::new(), |router, rule| {
        let pattern = rule.pattern();
        match rule.method {
            "ANY" => router.any(&pattern, tell),
            method => router.method(
                Method::from_bytes(method.as_bytes()).unwrap(),
                &pattern,
                tell,
            ),
        }
    })
}

/// Texts about as long as a word of the machine, or two, and one that looks like an escape.
const LONG: [&str; 8] = [
    "sevenbs",
    "eight-bs",
    "nine-byte",
    "sixteen-bytes-16",
    "sixteen-bytes-1",
    "more-than-sixteen-bytes",
    "more-than-sixteen-byteS",
    "%61",
];

fn rule() -> impl Strategy<Value = Rule> {
    let method = sample::select(vec![
        "GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PURGE", "ANY",
    ]);
    let part = prop_oneof![
        3 => sample::select(vec!["a", "b", "me", "\u{e9}"]).prop_map(Part::Text),
        1 => sample::select(LONG.to_vec()).prop_map(Part::Text),
        2 => Just(Part::One),
    ];
    let end = prop_oneof![
        4 => Just(None),
        2 => Just(Some(Part::Rest)),
        1 => Just(Some(Part::Text(""))),
    ];
    (method, collection::vec(part, 0..4), end).prop_map(|(method, mut parts, end)| {
        parts.extend(end);
        if parts.is_empty() {
            parts.push(Part::Text(""));
        }
        Rule { method, parts }
    })
}

fn target() -> impl Strategy<Value = (&'static str, String)> {
    let methods = vec![
        "GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PURGE", "BREW",
    ];
    let segment = sample::select(vec![
        "a",
        "a",
        "b",
        "b",
        "me",
        "c",
        "",
        "%61",
        "m%65",
        "%C3%A9",
        "a%2Fb",
        "%2f",
        "%zz",
        "%ff",
        "%",
        "a b%20",
        "sevenbs",
        "eight-bs",
        "eight-bs-",
        "eight%2Dbs",
        "nine-byte",
        "sixteen-bytes-16",
        "sixteen-bytes-1",
        "more-than-sixteen-bytes",
        "more-than-sixteen-byteS",
        "more-than-sixteen-byte%53",
        "%2561",
        "sixteen-bytes-1%36",
    ]);
    (sample::select(methods), collection::vec(segment, 1..5)).prop_map(|(method, segments)| {
        (method, format!("/{}", segments.join("/")).replace(' ', "+"))
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(256))]

    // acceptance 21.2 (1)
    #[test]
    fn any_routes_in_any_order_answer_as_the_list_does(
        rules in collection::vec(rule(), 1..24),
        mut seed in any::<u64>(),
        targets in collection::vec(target(), 1..40),
    ) {
        let mut seen = BTreeSet::new();
        let mut unique = rules.clone();
        unique.retain(|rule| seen.insert(rule.shape()));
        let frozen = router(&rules).freeze(AppContext::default());
        prop_assert_eq!(frozen.is_ok(), unique.len() == rules.len());
        let mut shuffled = unique.clone();
        for i in (1..shuffled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, usize::try_from(seed >> 33).unwrap() % (i + 1));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for rules in [&unique, &shuffled] {
            let frozen = router(rules).freeze(AppContext::default()).unwrap();
            for (method, path) in targets.iter().chain(targets.iter().rev()) {
                let (status, mut text) = expected(&unique, method, path);
                if method == &"HEAD" && (status == StatusCode::OK || !text.contains("OPTIONS")) {
                    text.clear();
                }
                let found = runtime.block_on(answer(&frozen, method, path));
                prop_assert_eq!(found, (status, text), "{} {} among {:?}", method, path, frozen);
            }
        }
    }
}
