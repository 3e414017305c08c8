//! Names of settings: one spelling for each, and the nearest one to a mistake.

/// Longest name a suggestion is computed for; the distance is quadratic in the length.
const MAX_SUGGESTED: usize = 64;

/// The one spelling of a key: `lower_snake_case`.
///
/// `CamelCase`, acronyms, `UPPER_SNAKE` and `kebab-case` meet here. A run of capitals is one word,
/// digits stay with the word before them, and the plural of an acronym (`URLs`) is one word. Only
/// ASCII letters change. A name that holds a dot is kept as it is, in quotes, because the dot
/// separates the parts of a path.
///
/// ```
/// use plumego_config::normalize;
///
/// for name in ["MaxHTTPConns", "maxHttpConns", "MAX_HTTP_CONNS", "max-http-conns"] {
///     assert_eq!(normalize(name), "max_http_conns");
/// }
/// assert_eq!(normalize("EnableHTTP2"), "enable_http2");
/// ```
pub fn normalize(name: &str) -> String {
    if name.contains('.') {
        let bare = name.trim_matches('"');
        return format!("\"{bare}\"");
    }
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &c) in chars.iter().enumerate() {
        if is_separator(c) {
            separate(&mut out);
            continue;
        }
        if c.is_ascii_uppercase() && starts_word(&chars, index) {
            separate(&mut out);
        }
        out.push(c.to_ascii_lowercase());
    }
    let trimmed = out.trim_end_matches('_');
    if trimmed.is_empty() {
        name.to_owned()
    } else {
        trimmed.to_owned()
    }
}

/// `parent.child`, or the one that is not empty.
pub(crate) fn join(parent: &str, child: &str) -> String {
    match (parent.is_empty(), child.is_empty()) {
        (true, _) => child.to_owned(),
        (_, true) => parent.to_owned(),
        _ => format!("{parent}.{child}"),
    }
}

/// Whether `path` is `ancestor` or lies under it.
pub(crate) fn is_within(path: &str, ancestor: &str) -> bool {
    ancestor.is_empty()
        || path
            .strip_prefix(ancestor)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The last part of a path.
pub(crate) fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Whether a name says that its value is not for printing.
pub(crate) fn looks_secret(path: &str) -> bool {
    const WORDS: [&str; 10] = [
        "secret",
        "password",
        "passwd",
        "passphrase",
        "token",
        "api_key",
        "private_key",
        "credential",
        "dsn",
        "database_url",
    ];
    let name = last_part(path);
    WORDS.iter().any(|word| name.contains(word))
}

/// The candidate nearest to `wrong`, when it is near enough to have been meant.
pub(crate) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if wrong.len() > MAX_SUGGESTED {
        return None;
    }
    let allowed = (wrong.len() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_SUGGESTED)
        .map(|candidate| (score(wrong, candidate), candidate))
        .filter(|(score, _)| *score <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Distance of two names; the same last part in another place counts as one step.
fn score(wrong: &str, candidate: &str) -> usize {
    let whole = distance(wrong, candidate);
    if last_part(wrong) == last_part(candidate) {
        whole.min(1)
    } else {
        whole
    }
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, ca) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let replace = at(&last, j) + usize::from(ca != cb);
            let mut best = replace.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = j > 0 && previous == Some(cb) && b.get(j - 1) == Some(&ca);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        previous = Some(ca);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

fn is_separator(c: char) -> bool {
    matches!(c, '_' | '-' | ' ')
}

fn separate(out: &mut String) {
    if !out.is_empty() && !out.ends_with('_') {
        out.push('_');
    }
}

/// Whether the capital at `index` begins a word: after a small letter or digit, or as the last of
/// a run of capitals that a small letter follows.
fn starts_word(chars: &[char], index: usize) -> bool {
    let Some(before) = index.checked_sub(1).and_then(|i| chars.get(i)) else {
        return false;
    };
    if before.is_ascii_lowercase() || before.is_ascii_digit() {
        return true;
    }
    let next_is_small = chars.get(index + 1).is_some_and(char::is_ascii_lowercase);
    before.is_ascii_uppercase() && next_is_small && !is_plural(chars, index)
}

/// `URLs`: the `s` after a run of capitals ends the word.
fn is_plural(chars: &[char], index: usize) -> bool {
    chars.get(index + 1) == Some(&'s')
        && !chars
            .get(index + 2)
            .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}
