//! Parameters of a path, as types.

use std::collections::BTreeMap;
use std::net::IpAddr;

use plumego_contract::extract::Path;
use plumego_contract::{Error, Params};

/// Inputs to start from: values, separated by line breaks.
pub const SEEDS: &[&[u8]] = &[
    b"7",
    b"-170141183460469231731687303715884105728",
    b"true\n\xc3\xa9",
    b"::1\n1e308\n+0",
    b"a/b c\n\n",
];

/// A value fits or is the client's error, and an error is short whatever the value.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut params = Params::new();
    let mut names = Vec::new();
    for (index, value) in text.split('\n').take(8).enumerate() {
        params.push(value);
        names.push(format!("p{index}"));
    }
    check(Path::<u8>::from_params(&names, &params));
    check(Path::<i128>::from_params(&names, &params));
    check(Path::<f64>::from_params(&names, &params));
    check(Path::<(bool, char)>::from_params(&names, &params));
    check(Path::<(IpAddr, f32, i8)>::from_params(&names, &params));
    check(Path::<BTreeMap<String, u64>>::from_params(&names, &params));
    let pairs = Path::<Vec<(String, String)>>::from_params(&names, &params);
    let read: Option<Vec<String>> = pairs
        .ok()
        .map(|Path(pairs)| pairs.into_iter().map(|(_, value)| value).collect());
    let given: Vec<String> = params.values().map(str::to_owned).collect();
    assert_eq!(read, Some(given));
}

fn check<T>(result: Result<Path<T>, Error>) {
    if let Err(error) = result {
        assert_eq!(error.code(), "invalid_path_parameter");
        assert!(error.to_string().len() < 1_000);
    }
}
