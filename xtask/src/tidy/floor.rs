//! The floor plan: which of our crates may stand on which.
//!
//! Only down, never sideways. Where the code shows the plan to be wrong, the plan changes in the
//! same commit.

use super::House;
use crate::manifest::{Dependency, Kind, Manifest};
use crate::report::Problem;

/// A crate and the crates of ours that it may name.
struct Room {
    package: &'static str,
    /// 0 is the ground, 8 the roof.
    floor: u8,
    below: &'static [&'static str],
}

const fn room(package: &'static str, floor: u8, below: &'static [&'static str]) -> Room {
    Room {
        package,
        floor,
        below,
    }
}

/// Every room, and what comes with them.
macro_rules! rooms {
    ($($more:expr),*) => {
        &[
            "plumego-app",
            "plumego-axum",
            "plumego-client",
            "plumego-component",
            "plumego-config",
            "plumego-contract",
            "plumego-frontend",
            "plumego-identity",
            "plumego-middleware",
            "plumego-observe",
            "plumego-ops",
            "plumego-otel",
            "plumego-router",
            "plumego-security",
            "plumego-stdx",
            "plumego-testing",
            $($more),*
        ]
    };
}

const ROOMS: &[&str] = rooms!();
const ALL: &[&str] = rooms!(FACADE);

const PLAN: &[Room] = &[
    // Ground. `config` and `observe` stand on `stdx`, `contract` on `stdx` and `observe`.
    room("plumego-stdx", 0, &[]),
    room("plumego-config", 0, &["plumego-stdx"]),
    room("plumego-observe", 0, &["plumego-stdx"]),
    room("plumego-contract", 0, &["plumego-observe", "plumego-stdx"]),
    // Bearing walls.
    room("plumego-router", 1, &["plumego-contract", "plumego-stdx"]),
    room("plumego-security", 1, &["plumego-contract", "plumego-stdx"]),
    // The only way out.
    room(
        "plumego-client",
        1,
        &["plumego-contract", "plumego-observe", "plumego-stdx"],
    ),
    // The frame.
    room(
        "plumego-component",
        2,
        &[
            "plumego-contract",
            "plumego-observe",
            "plumego-router",
            "plumego-stdx",
        ],
    ),
    room(
        "plumego-middleware",
        2,
        &[
            "plumego-contract",
            "plumego-observe",
            "plumego-router",
            "plumego-security",
            "plumego-stdx",
        ],
    ),
    // Rooms.
    room(
        "plumego-frontend",
        3,
        &[
            "plumego-component",
            "plumego-contract",
            "plumego-middleware",
            "plumego-observe",
            "plumego-router",
            "plumego-stdx",
        ],
    ),
    room(
        "plumego-identity",
        3,
        &[
            "plumego-client",
            "plumego-component",
            "plumego-contract",
            "plumego-middleware",
            "plumego-observe",
            "plumego-router",
            "plumego-security",
            "plumego-stdx",
        ],
    ),
    room(
        "plumego-ops",
        4,
        &[
            "plumego-component",
            "plumego-contract",
            "plumego-middleware",
            "plumego-observe",
            "plumego-router",
            "plumego-security",
            "plumego-stdx",
        ],
    ),
    // Server and adapters. `testing` sees `app`. `app` sees `security`: the guards that it composes
    // are chosen by its policies.
    room(
        "plumego-app",
        5,
        &[
            "plumego-component",
            "plumego-config",
            "plumego-contract",
            "plumego-middleware",
            "plumego-observe",
            "plumego-router",
            "plumego-security",
            "plumego-stdx",
        ],
    ),
    // Tested as a part of an application, so it stands above `app`.
    room(
        "plumego-otel",
        6,
        // Its settings have names of their own, so it has a table of keys. What is of this machine
        // is told by `middleware`. Its tests run in a whole application.
        &[
            "plumego-client",
            "plumego-component",
            "plumego-config",
            "plumego-contract",
            "plumego-middleware",
            "plumego-observe",
            "plumego-stdx",
        ],
    ),
    room("plumego-axum", 5, &["plumego-contract", "plumego-router"]),
    room(
        "plumego-testing",
        5,
        // A test looks at the frozen routes, and sends requests through them.
        &[
            "plumego-app",
            "plumego-contract",
            "plumego-observe",
            "plumego-router",
            "plumego-stdx",
        ],
    ),
    // Front door.
    room("plumego", 7, ROOMS),
    // What every measured program does, beside the front door.
    room("task", 7, &[]),
    // Roof. `house` is what is measured, through the front door as any program, `peers` what it is
    // measured beside, `task` the work of both. Fuzz targets and the generated pages may look into
    // a room; an example shows what a user may do. `xtask` stands on nothing, so that it runs when
    // the rest does not compile.
    room("house", 8, &[FACADE, "task"]),
    room("pages", 8, ALL),
    room("peers", 8, &["task"]),
    room("plumego-fuzz", 8, ALL),
    room("xtask", 8, &[]),
];

/// What an example may name: the front door.
const FACADE: &str = "plumego";

fn planned(package: &str) -> Option<&'static Room> {
    PLAN.iter().find(|room| room.package == package)
}

fn is_ours(house: &House, package: &str) -> bool {
    house
        .manifests
        .iter()
        .any(|manifest| manifest.name() == Some(package))
}

/// Every edge between two of our crates is in the plan.
pub(super) fn edges(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for manifest in &house.manifests {
        let Some(name) = manifest.name() else {
            continue;
        };
        for edge in manifest.dependencies() {
            if is_ours(house, &edge.package) && !allowed(manifest, name, &edge) {
                let message = format!(
                    "`{name}` may not depend on `{}`: the floor plan in xtask/src/tidy/floor.rs \
                     has no such edge; move the code to a lower room, or change the plan and say \
                     why",
                    edge.package
                );
                problems.push(Problem::new(&manifest.path, edge.line, message));
            }
        }
    }
    problems
}

fn allowed(manifest: &Manifest, name: &str, edge: &Dependency) -> bool {
    if manifest.dir.starts_with("examples/") {
        return edge.package == FACADE;
    }
    let Some(room) = planned(name) else {
        return false;
    };
    let listed = room.below.contains(&edge.package.as_str());
    match edge.kind {
        Kind::Normal | Kind::Build => listed,
        Kind::Dev => {
            let lower = planned(&edge.package).is_some_and(|other| other.floor < room.floor);
            listed || lower || edge.package == "plumego-testing"
        }
    }
}

/// Every package is in the plan, and every room of the plan has a package.
pub(super) fn known_packages(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for manifest in &house.manifests {
        let Some(name) = manifest.name() else {
            continue;
        };
        if planned(name).is_none() && !manifest.dir.starts_with("examples/") {
            let message = format!(
                "`{name}` is not in the floor plan: give it a floor in xtask/src/tidy/floor.rs"
            );
            problems.push(Problem::new(
                &manifest.path,
                manifest.line_of("name"),
                message,
            ));
        }
    }
    for room in PLAN.iter().filter(|room| !is_ours(house, room.package)) {
        let message = format!(
            "the plan has `{}`, the workspace has not: remove it",
            room.package
        );
        problems.push(Problem::new("xtask/src/tidy/floor.rs", 0, message));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::{check, found};

    fn package(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n\n{rest}")
    }

    #[track_caller]
    fn check_edge(from: (&str, &str), rest: &str, to: &str, expected: &[&str]) {
        let from_text = package(from.1, rest);
        let to_text = package(to, "");
        let files = [
            (from.0, from_text.as_str()),
            ("crates/other/Cargo.toml", to_text.as_str()),
        ];
        check(edges, &files, expected);
    }

    #[test]
    fn an_edge_of_the_plan_passes() {
        let from = ("crates/router/Cargo.toml", "plumego-router");
        let rest = "[dependencies]\nplumego-contract.workspace = true\n";
        check_edge(from, rest, "plumego-contract", &[]);
    }

    #[test]
    fn upwards_and_sideways_fail_with_their_line() {
        let router = ("crates/router/Cargo.toml", "plumego-router");
        let rest = "[dependencies]\nplumego-app.workspace = true\n";
        check_edge(
            router,
            rest,
            "plumego-app",
            &["crates/router/Cargo.toml:5: `plumego-router`"],
        );
        let rest = "[build-dependencies]\nplumego-security.workspace = true\n";
        check_edge(
            router,
            rest,
            "plumego-security",
            &["may not depend on `plumego-security`"],
        );
        let rest = "[target.'cfg(unix)'.dependencies]\nx = { package = \"plumego-app\" }\n";
        check_edge(
            router,
            rest,
            "plumego-app",
            &["may not depend on `plumego-app`"],
        );
        let config = ("crates/config/Cargo.toml", "plumego-config");
        let rest = "[dependencies]\nplumego-contract.workspace = true\n";
        check_edge(
            config,
            rest,
            "plumego-contract",
            &["`plumego-config` may not depend"],
        );
    }

    #[test]
    fn tests_may_look_down_and_at_testing_but_not_up() {
        let axum = ("crates/axum/Cargo.toml", "plumego-axum");
        let down = "[dev-dependencies]\nplumego-stdx.workspace = true\n";
        check_edge(axum, down, "plumego-stdx", &[]);
        let testing = "[dev-dependencies]\nplumego-testing.workspace = true\n";
        check_edge(axum, testing, "plumego-testing", &[]);
        let up = "[dev-dependencies]\nplumego.workspace = true\n";
        check_edge(axum, up, "plumego", &["may not depend on `plumego`"]);
    }

    #[test]
    fn an_example_sees_the_facade_only() {
        let hello = ("examples/hello/Cargo.toml", "hello");
        let good = "[dependencies]\nplumego.workspace = true\n";
        check_edge(hello, good, "plumego", &[]);
        let bad = "[dependencies]\nplumego-router.workspace = true\n";
        check_edge(
            hello,
            bad,
            "plumego-router",
            &["`hello` may not depend on `plumego-router`"],
        );
    }

    #[test]
    fn a_package_without_a_floor_is_a_problem_and_so_is_a_room_without_a_package() {
        let text = package("plumego-attic", "");
        let problems = found(known_packages, &[("crates/attic/Cargo.toml", &text)]);
        let named = |part: &str| problems.iter().any(|problem| problem.contains(part));
        assert!(named("`plumego-attic` is not in the floor plan"));
        assert!(named("the plan has `plumego-router`"));
    }

    #[test]
    fn the_plan_itself_only_goes_down() {
        for room in PLAN {
            for below in room.below {
                let other = planned(below).unwrap();
                let exception = room.floor == 0 || room.package == "plumego-testing";
                assert!(
                    other.floor < room.floor || exception,
                    "{} {below}",
                    room.package
                );
            }
        }
    }
}
