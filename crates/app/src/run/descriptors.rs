//! Whether the process may have as many descriptors as connections.

use std::fs;

/// Where Linux says what bounds the process. Elsewhere there is no such file, and nothing is told.
const LIMITS: &str = "/proc/self/limits";

/// What to tell when connections run out of descriptors before they reach their bound.
pub(super) fn warning(max_connections: usize) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the system says of the process, no setting of the program"
    )]
    let limits = fs::read_to_string(LIMITS).ok()?;
    let limit = soft_limit(&limits)?;
    let is_less = usize::try_from(limit).is_ok_and(|limit| limit < max_connections);
    is_less.then(|| {
        format!(
            "this process may have {limit} descriptors open, and server.max_connections is \
             {max_connections}: raise the limit above it (`LimitNOFILE=` of systemd, `ulimit -n`), \
             or lower APP_MAX_CONNECTIONS"
        )
    })
}

/// The number that holds now; `None` without a bound.
fn soft_limit(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let numbers = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    numbers.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let check = |line: &str, expected: Option<u64>| {
            let head = "Limit                     Soft Limit           Hard Limit           Units";
            let text = format!("{head}\nMax processes 7 7 processes\n{line}\n");
            assert_eq!(soft_limit(&text), expected, "{line}");
        };
        check(
            "Max open files            1024       4096      files",
            Some(1024),
        );
        check("Max open files            unlimited  unlimited files", None);
        check("", None);
    }
}
