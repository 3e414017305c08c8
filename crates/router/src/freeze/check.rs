//! What can be wrong with routes that are each well-formed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use plumego_contract::extract::Needs;
use plumego_contract::{AppContext, Methods, Problem, Problems};

use super::flatten::{Flat, FlatFallback, FlatRoute};
use super::has_no_path;
use crate::Slashes;
use crate::pattern::Pattern;
use crate::table::HostRule;

pub(super) fn all(flat: &Flat, app: &AppContext, slashes: Slashes, problems: &mut Problems) {
    for route in &flat.routes {
        needs(route, app, problems);
        if has_no_path(&route.info.methods) {
            let message = format!(
                "{}: unreachable, the target of CONNECT is a host and not a path",
                route.info
            );
            problems.push(Problem::at(message, route.info.location));
        }
    }
    for fallback in &flat.fallbacks {
        fallback_needs(fallback, app, problems);
    }
    twins(&flat.routes, slashes, problems);
    twin_fallbacks(&flat.fallbacks, problems);
    twin_names(&flat.routes, problems);
}

fn needs(route: &FlatRoute, app: &AppContext, problems: &mut Problems) {
    for name in missing_states(&route.needs, app) {
        let message = format!("{}: state `{name}` was never given to the app", route.info);
        problems.push(Problem::at(message, route.info.location));
    }
    for need in route.needs.paths() {
        if let Err(why) = (need.check)(&route.info.parameters) {
            let message = format!("{}: {why}", route.info);
            problems.push(Problem::at(message, route.info.location));
        }
    }
}

fn fallback_needs(fallback: &FlatFallback, app: &AppContext, problems: &mut Problems) {
    for name in missing_states(&fallback.needs, app) {
        let message = format!("fallback: state `{name}` was never given to the app");
        problems.push(Problem::at(message, fallback.location));
    }
    // A fallback has no parameters, whatever its group.
    for need in fallback.needs.paths() {
        if let Err(why) = (need.check)(&[]) {
            problems.push(Problem::at(format!("fallback: {why}"), fallback.location));
        }
    }
}

fn missing_states(needs: &Needs, app: &AppContext) -> impl Iterator<Item = &'static str> {
    let missing = needs
        .states()
        .iter()
        .filter(|need| !app.state.contains(need.id));
    missing.map(|need| need.name)
}

/// Routes that would answer the same requests: the second one never would.
fn twins(routes: &[FlatRoute], slashes: Slashes, problems: &mut Problems) {
    let mut first: HashMap<(&HostRule, &Methods, Pattern), &FlatRoute> = HashMap::new();
    for route in routes {
        let pattern = match slashes {
            Slashes::Strict => route.pattern.shape(),
            Slashes::Redirect | Slashes::Lenient => route.pattern.without_trailing_slash().shape(),
        };
        match first.entry((&route.host, &route.info.methods, pattern)) {
            Entry::Vacant(place) => {
                place.insert(route);
            }
            Entry::Occupied(winner) => problems.push(twin(winner.get(), route)),
        }
    }
}

fn twin(winner: &FlatRoute, loser: &FlatRoute) -> Problem {
    let message = if winner.pattern == loser.pattern {
        format!("{}: the route is there twice", loser.info)
    } else if winner.pattern.shape() == loser.pattern.shape() {
        format!(
            "{}: unreachable, {} comes first and differs in parameter names alone",
            loser.info, winner.info
        )
    } else {
        format!(
            "{}: unreachable, {} comes first and the choice of slashes makes the two one",
            loser.info, winner.info
        )
    };
    Problem::at(message, winner.info.location).and_at(loser.info.location)
}

fn twin_fallbacks(fallbacks: &[FlatFallback], problems: &mut Problems) {
    let mut first: HashMap<(&HostRule, Pattern), &FlatFallback> = HashMap::new();
    for fallback in fallbacks {
        match first.entry((&fallback.host, fallback.prefix.shape())) {
            Entry::Vacant(place) => {
                place.insert(fallback);
            }
            Entry::Occupied(winner) => {
                let message = format!("two fallbacks for `{}`: keep one", fallback.prefix);
                problems
                    .push(Problem::at(message, winner.get().location).and_at(fallback.location));
            }
        }
    }
}

fn twin_names(routes: &[FlatRoute], problems: &mut Problems) {
    let mut first: HashMap<&str, &FlatRoute> = HashMap::new();
    for route in routes {
        let Some(name) = route.info.name.as_deref() else {
            continue;
        };
        match first.entry(name) {
            Entry::Vacant(place) => {
                place.insert(route);
            }
            Entry::Occupied(winner) => {
                let message = format!(
                    "the name `{name}` is given to {} and to {}: names are unique",
                    winner.get().info,
                    route.info
                );
                problems.push(
                    Problem::at(message, winner.get().info.location).and_at(route.info.location),
                );
            }
        }
    }
}
