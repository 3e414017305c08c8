//! The order in which components start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::panic::Location;

use plumego_contract::{Problem, Problems};

/// A component as far as its place in the order goes.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) needs: Vec<&'static str>,
    pub(crate) location: &'static Location<'static>,
}

/// The places of the nodes, dependencies first; of all such orders the one nearest to that of
/// registration: whatever may come next, the first registered does.
///
/// A repeated name, a name that nobody has and a cycle are problems, told all at once.
pub(crate) fn resolve(nodes: &[Node]) -> Result<Vec<usize>, Problems> {
    let mut problems = Problems::new();
    let places = places(nodes, &mut problems);
    let needs = edges(nodes, &places, &mut problems);

    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); nodes.len()];
    for (place, needs) in needs.iter().enumerate() {
        for need in needs {
            if let Some(list) = needed_by.get_mut(*need) {
                list.push(place);
            }
        }
    }
    let free = missing
        .iter()
        .enumerate()
        .filter(|(_, missing)| **missing == 0);
    let mut ready: BinaryHeap<_> = free.map(|(place, _)| Reverse(place)).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse(place)) = ready.pop() {
        order.push(place);
        for next in needed_by.get(place).into_iter().flatten() {
            if let Some(missing) = missing.get_mut(*next) {
                *missing -= 1;
                if *missing == 0 {
                    ready.push(Reverse(*next));
                }
            }
        }
    }
    if order.len() < nodes.len() {
        find_cycles(nodes, &needs, &missing, &mut problems);
    }
    problems.into_result(order)
}

fn places(nodes: &[Node], problems: &mut Problems) -> BTreeMap<&'static str, usize> {
    let mut places = BTreeMap::new();
    for (place, node) in nodes.iter().enumerate() {
        if let Some(first) = places.insert(node.name, place) {
            places.insert(node.name, first);
            let problem = Problem::at(
                format!(
                    "two components are named `{}`: give each its own name",
                    node.name
                ),
                node.location,
            );
            problems.push(match nodes.get(first) {
                Some(first) => problem.and_at(first.location),
                None => problem,
            });
        }
    }
    places
}

/// The places that each node waits for, each once.
fn edges(
    nodes: &[Node],
    places: &BTreeMap<&'static str, usize>,
    problems: &mut Problems,
) -> Vec<Vec<usize>> {
    let all = nodes.iter().map(|node| {
        let mut needs = Vec::new();
        for need in &node.needs {
            match places.get(need) {
                Some(place) if !needs.contains(place) => needs.push(*place),
                Some(_) => {}
                None => problems.push(Problem::at(unknown(node.name, need, places), node.location)),
            }
        }
        needs
    });
    all.collect()
}

fn unknown(name: &str, need: &str, places: &BTreeMap<&'static str, usize>) -> String {
    let nearest = places
        .keys()
        .filter(|other| **other != name)
        .map(|other| (distance(need, other), other))
        .filter(|(distance, other)| *distance <= need.len().max(other.len()) / 3 + 1)
        .min();
    let hint = match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => "add it to the application".to_owned(),
    };
    format!("component `{name}` needs `{need}`, which is not there: {hint}")
}

/// What is left when nothing more can start holds at least one cycle; every walk along needs that
/// are left ends in one.
fn find_cycles(nodes: &[Node], needs: &[Vec<usize>], missing: &[usize], problems: &mut Problems) {
    let is_left = |place: usize| missing.get(place).is_some_and(|missing| *missing > 0);
    let mut seen = vec![false; nodes.len()];
    for start in (0..nodes.len()).filter(|place| is_left(*place)) {
        let mut walk: Vec<usize> = Vec::new();
        let mut next = Some(start);
        while let Some(place) = next {
            if let Some(begin) = walk.iter().position(|there| *there == place) {
                walk.drain(..begin);
                problems.push(cycle(nodes, &walk));
                break;
            }
            match seen.get_mut(place) {
                Some(seen) if !*seen => *seen = true,
                _ => break,
            }
            walk.push(place);
            next = needs
                .get(place)
                .and_then(|needs| needs.iter().copied().find(|need| is_left(*need)));
        }
    }
}

fn cycle(nodes: &[Node], walk: &[usize]) -> Problem {
    let members = || walk.iter().filter_map(|place| nodes.get(*place));
    let names: Vec<&str> = members()
        .chain(members().take(1))
        .map(|node| node.name)
        .collect();
    let problem = Problem::new(format!(
        "components need each other in a circle: {}",
        names.join(" -> ")
    ));
    members().fold(problem, |problem, node| problem.and_at(node.location))
}

/// How many single letters must be put in, taken out or replaced to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut left = i + 1;
        let mut above_left = i;
        for (b, above) in other.chars().zip(row.iter_mut().skip(1)) {
            let replaced = above_left + usize::from(a != b);
            above_left = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
