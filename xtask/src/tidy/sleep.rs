//! Tests wait for events, not for time.

use super::House;
use crate::report::Problem;

/// No call of `sleep` under `tests/`; and in the unit tests of a `tests.rs` none of a thread, where
/// no clock can be paused.
pub(super) fn sleeps(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in &house.sources {
        let call = match () {
            () if source.is_test() => "sleep(",
            () if source.path.ends_with("/tests.rs") => "thread::sleep(",
            () => continue,
        };
        for (line, code) in source.lines().filter(|(_, code)| code.contains(call)) {
            let message = format!(
                "`{}`: wait for the event, or let a paused clock advance",
                code.trim()
            );
            problems.push(Problem::new(&source.path, line, message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[test]
    fn a_sleeping_test_fails_and_a_comment_does_not() {
        let text = "// sleep(1)\nthread::sleep(D);\n";
        check(
            sleeps,
            &[("crates/x/tests/it/a.rs", text)],
            &["a.rs:2: `thread::sleep(D);`"],
        );
        check(sleeps, &[("crates/x/src/a.rs", text)], &[]);
        let both = "thread::sleep(D);\ntokio::time::sleep(D).await;\n";
        check(
            sleeps,
            &[("crates/x/src/a/tests.rs", both)],
            &["tests.rs:1: `thread::sleep(D);`"],
        );
    }
}
