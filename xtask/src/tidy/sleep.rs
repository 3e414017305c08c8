//! Tests wait for events, not for time.

use super::House;
use crate::report::Problem;

/// No call of `sleep` under `tests/`.
pub(super) fn sleeps(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in house.sources.iter().filter(|source| source.is_test()) {
        for (line, code) in source.lines().filter(|(_, code)| code.contains("sleep(")) {
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
    }
}
