//! Query strings.

use std::collections::BTreeMap;

use http::Uri;
use plumego_contract::Error;
use plumego_contract::extract::{MAX_PAIRS, Query};

/// Inputs to start from.
pub const SEEDS: &[&[u8]] = &[
    b"a=1&b=x+y&a=2",
    b"%C3%A9=%F0%9F%8D%B5&&=&=1&a",
    b"a=100%&b=%zz&c=%FF",
    b"0=1&0=&1=256",
];

/// It fits or is the client's error, and an error is short whatever came.
pub fn run(data: &[u8]) {
    let mut target = b"/?".to_vec();
    target.extend_from_slice(data);
    let Ok(uri) = Uri::try_from(target) else {
        return;
    };
    check(&Query::<BTreeMap<String, Vec<String>>>::from_uri(&uri));
    check(&Query::<BTreeMap<u8, Option<i64>>>::from_uri(&uri));
    check(&Query::<BTreeMap<char, bool>>::from_uri(&uri));
    let pairs = Query::<Vec<(String, String)>>::from_uri(&uri);
    check(&pairs);
    if let Ok(Query(pairs)) = pairs {
        assert!(pairs.len() <= MAX_PAIRS);
    }
}

fn check<T>(result: &Result<Query<T>, Error>) {
    if let Err(error) = result {
        assert_eq!(error.code(), "invalid_query");
        assert!(error.to_string().len() < 1_000);
    }
}
