//! Passwords that are tried first.

use std::collections::HashSet;
use std::sync::OnceLock;

/// The most common ones of 8 characters and more, in lower case: some 4,000.
///
/// Taken in their order from the list of passwords of zxcvbn (MIT licence, Copyright (c) 2012-2016
/// Dan Wheeler and Dropbox, Inc.), as the crate zxcvbn 3.1.1 has it (MIT licence, Copyright (c)
/// 2016 Joshua Holmer).
const LIST: &str = include_str!("first_tried.txt");

/// Whether it is one of them, whatever its case.
pub(super) fn has(password: &str) -> bool {
    static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let set = SET.get_or_init(|| LIST.lines().collect());
    set.contains(password.to_lowercase().as_str())
}
