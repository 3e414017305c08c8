//! Mistakes in how an application is put together.

use std::panic::Location;

use plumego_contract::{Error, IntoResponse, Problem, Problems};

use crate::support::text;

#[test]
fn every_problem_is_told_with_its_lines() {
    let here = Location::caller();
    let mut problems = Problems::new();
    assert!(problems.is_empty());
    problems.push(Problem::new("no route"));
    assert_eq!(problems.to_string(), "1 problem:\n  - no route");
    let mut more = Problems::new();
    more.push(Problem::at("GET /a is there twice", here).and_at(here));
    problems.extend(more);
    let expected = format!("2 problems:\n  - no route\n  - GET /a is there twice ({here}, {here})");
    assert_eq!(problems.to_string(), expected);
    let mut outer = Problems::new();
    outer.push(Problem::new(format!("not installed: {problems}")));
    let nested = format!(
        "1 problem:\n  - not installed: 2 problems:\n    - no route\n    \
         - GET /a is there twice ({here}, {here})"
    );
    assert_eq!(outer.to_string(), nested);
    // `main` prints the error it returns with `Debug`.
    assert_eq!(format!("{problems:?}"), expected);
    assert_eq!(problems.iter().count(), 2);
    assert_eq!((&problems).into_iter().count(), 2);
}

#[test]
fn no_problem_is_ok_and_any_is_an_error() {
    assert_eq!(Problems::new().into_result(7), Ok(7));
    let mut problems = Problems::new();
    problems.push(Problem::new("secret.toml: no port"));
    let problems = problems.into_result(()).unwrap_err();
    let error = Error::from(problems);
    assert!(format!("{error:?}").contains("no port"));
    assert!(!text(error.into_response()).contains("secret"));
}
