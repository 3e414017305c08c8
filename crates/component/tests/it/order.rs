//! The order in which components start.

use plumego_component::{Lifecycle, LifecycleConfig, from_fn};
use plumego_contract::Problems;
use proptest::prelude::*;

use crate::scripted::{Log, Scripted};

fn order(components: &[(&'static str, &[&'static str])]) -> Result<Vec<String>, Problems> {
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    for (name, needs) in components {
        builder.component(Scripted::new(name, needs, &Log::default()));
    }
    let (lifecycle, _) = builder.build()?;
    Ok(lifecycle.names().map(str::to_owned).collect())
}

fn messages(components: &[(&'static str, &[&'static str])]) -> Vec<String> {
    let problems = order(components).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.locations.is_empty()));
    problems
        .iter()
        .map(|problem| problem.message.clone())
        .collect()
}

#[test]
fn dependencies_come_first_and_registration_decides_the_rest() {
    let check = |components: &[(&'static str, &[&'static str])], expected: &[&str]| {
        assert_eq!(order(components).unwrap(), expected);
    };
    check(&[], &[]);
    check(&[("b", &[]), ("a", &[]), ("c", &[])], &["b", "a", "c"]);
    // acceptance 21.2 (10)
    check(
        &[("a", &["b"]), ("b", &["c"]), ("c", &[])],
        &["c", "b", "a"],
    );
    check(&[("a", &["c"]), ("b", &[]), ("c", &[])], &["b", "c", "a"]);
    check(&[("a", &["c", "c"]), ("c", &[])], &["c", "a"]);
}

// acceptance 21.2 (10)
#[test]
fn a_cycle_is_spelled_out() {
    assert_eq!(
        messages(&[("a", &["b"]), ("b", &["a"])]),
        ["components need each other in a circle: a -> b -> a"]
    );
    assert_eq!(
        messages(&[("a", &["a"])]),
        ["components need each other in a circle: a -> a"]
    );
    assert_eq!(
        messages(&[
            ("x", &["b"]),
            ("a", &["c"]),
            ("b", &["a"]),
            ("c", &["b"]),
            ("p", &["q"]),
            ("q", &["p"]),
        ]),
        [
            "components need each other in a circle: b -> a -> c -> b",
            "components need each other in a circle: p -> q -> p",
        ]
    );
}

#[test]
fn a_missing_dependency_is_named_with_the_nearest_name() {
    assert_eq!(
        messages(&[("mailer", &["databse"]), ("database", &[])]),
        ["component `mailer` needs `databse`, which is not there: did you mean `database`?"]
    );
    assert_eq!(
        messages(&[("mailer", &["db"]), ("webhooks", &[])]),
        ["component `mailer` needs `db`, which is not there: add it to the application"]
    );
}

#[test]
fn all_problems_come_at_once() {
    assert_eq!(
        messages(&[("a", &["b"]), ("b", &["a"]), ("c", &["zzzzzz"]), ("c", &[])]),
        [
            "two components are named `c`: give each its own name",
            "component `c` needs `zzzzzz`, which is not there: add it to the application",
            "components need each other in a circle: a -> b -> a",
        ]
    );
}

#[test]
fn a_need_found_at_install_counts() {
    let mut builder = Lifecycle::builder(LifecycleConfig::default());
    builder.component(from_fn("early", |setup| {
        setup.depends_on("late");
        Ok(())
    }));
    builder.component(from_fn("late", |_| Ok(())));
    let (lifecycle, _) = builder.build().unwrap();
    assert!(lifecycle.names().eq(["late", "early"]));
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// The smallest order, by places, in which every need comes first: tried one after the other.
fn naive(needs: &[Vec<usize>], done: &mut Vec<usize>) -> bool {
    if done.len() == needs.len() {
        return true;
    }
    for next in 0..needs.len() {
        if !done.contains(&next) && needs[next].iter().all(|need| done.contains(need)) {
            done.push(next);
            if naive(needs, done) {
                return true;
            }
            done.pop();
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_is_that_of_the_naive_model(
        needs in (1..=NAMES.len()).prop_flat_map(|n| {
            prop::collection::vec(prop::collection::vec(0..n, 0..3), n)
        })
    ) {
        let named: Vec<Vec<&'static str>> = needs
            .iter()
            .map(|needs| needs.iter().map(|need| NAMES[*need]).collect())
            .collect();
        let components: Vec<(&'static str, &[&'static str])> =
            NAMES.iter().zip(&named).map(|(name, needs)| (*name, needs.as_slice())).collect();
        let mut expected = Vec::new();
        if naive(&needs, &mut expected) {
            let expected: Vec<_> = expected.iter().map(|place| NAMES[*place]).collect();
            prop_assert_eq!(order(&components).unwrap(), expected);
        } else {
            for message in messages(&components) {
                let walk = message.strip_prefix("components need each other in a circle: ");
                let walk: Vec<_> = walk.unwrap().split(" -> ").collect();
                prop_assert!(walk.len() >= 2 && walk.first() == walk.last());
                for pair in walk.windows(2) {
                    let place = NAMES.iter().position(|name| *name == pair[0]).unwrap();
                    prop_assert!(named[place].contains(&pair[1]));
                }
            }
        }
    }
}
