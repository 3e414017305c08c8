//! Reading a type from the tree: what fields it has, and every problem it finds.
//!
//! serde stops at the first error. To list them all, the type is read again and again: each run
//! notes one problem and replaces the value at its place with a stand-in that the type accepts, so
//! the next run reaches the next problem. A type is asked for its fields in the same way, with
//! stand-ins everywhere.

mod access;
mod de;
mod fault;
mod place;
mod stand_in;

pub(crate) use access::split_list;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::Kind;
use crate::error::{ConfigError, MAX_PROBLEMS, REDACTED};
use crate::name::{is_within, join, looks_secret, normalize};
use crate::tree::Node;
use fault::Fault;
use place::De;

/// Most runs over one type; enough for 256 problems with every stand-in tried.
const MAX_RUNS: usize = 8192;

/// The fields of a type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) leaves: BTreeMap<String, ShapeLeaf>,
    pub(crate) structs: BTreeSet<String>,
    /// Places with keys of their own: maps, values of any type.
    pub(crate) open: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapeLeaf {
    pub(crate) kind: Kind,
    pub(crate) secret: bool,
}

/// The fields of `T`, as paths under `base`.
pub(crate) fn probe<T: DeserializeOwned>(base: &str) -> Shape {
    let run = Run::new(true);
    for _ in 0..MAX_RUNS {
        run.settled.set(false);
        run.visited.set(0);
        run.structs.borrow_mut().clear();
        match T::deserialize(De::stand_in(&run, base)) {
            Ok(_) => break,
            Err(_) if run.settled.get() => {}
            Err(fault) => {
                if !run.settle(base, &fault, None) {
                    break;
                }
            }
        }
    }
    run.shape.into_inner()
}

/// Reads `T` from the node at `base`, or every problem it has.
pub(crate) fn read<T: DeserializeOwned>(base: &str, node: &Node) -> Result<T, Vec<ConfigError>> {
    let run = Run::new(false);
    run.shape.replace(probe::<T>(base));
    let mut last = None;
    while last.is_none() && run.runs.get() < MAX_RUNS {
        run.runs.set(run.runs.get() + 1);
        run.settled.set(false);
        last = match T::deserialize(De::real(&run, base, node)) {
            Ok(value) if run.accepted_as_given() => return Ok(value),
            Ok(_) => Some("valid values".to_owned()),
            Err(_) if run.settled.get() => None,
            Err(fault) if run.settle_root(base, &fault, node) => None,
            Err(fault) => Some(fault.to_string()),
        };
        if run.problems.borrow().len() >= MAX_PROBLEMS {
            break;
        }
    }
    let mut problems = run.problems.into_inner();
    if problems.is_empty() && !run.reported_before.get() {
        let expected = last.unwrap_or_else(|| "fewer problems".to_owned());
        problems.push(ConfigError::new(base, expected));
    }
    Err(problems)
}

/// What the next run puts at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// The stand-in of this number.
    StandIn(usize),
    /// A table without entries, so that its missing fields are named one by one.
    Empty,
    /// Nothing: no stand-in was accepted.
    Nothing,
}

struct Run {
    probing: bool,
    instead: RefCell<BTreeMap<String, Instead>>,
    problems: RefCell<Vec<ConfigError>>,
    shape: RefCell<Shape>,
    /// Places that asked for a `Secret`.
    secrets: RefCell<BTreeSet<String>>,
    /// Whether this run has already dealt with its error.
    settled: Cell<bool>,
    visited: Cell<usize>,
    /// Structs being asked for their fields, outermost first.
    structs: RefCell<Vec<(&'static str, &'static [&'static str])>>,
    runs: Cell<usize>,
    /// Whether a value was met that is wrong and was reported when it was loaded.
    reported_before: Cell<bool>,
}

impl Run {
    fn new(probing: bool) -> Self {
        Self {
            probing,
            instead: RefCell::default(),
            problems: RefCell::default(),
            shape: RefCell::default(),
            secrets: RefCell::default(),
            settled: Cell::new(false),
            visited: Cell::new(0),
            structs: RefCell::default(),
            runs: Cell::new(0),
            reported_before: Cell::new(false),
        }
    }

    fn instead(&self, path: &str) -> Option<Instead> {
        self.instead.borrow().get(path).copied()
    }

    fn put(&self, path: &str, instead: Instead) {
        self.instead.borrow_mut().insert(path.to_owned(), instead);
    }

    fn note(&self, problem: ConfigError) {
        if !self.probing {
            self.problems.borrow_mut().push(problem);
        }
    }

    /// Whether the value was read without a stand-in anywhere.
    fn accepted_as_given(&self) -> bool {
        let given = |instead: &Instead| *instead == Instead::Empty;
        self.problems.borrow().is_empty()
            && !self.reported_before.get()
            && self.instead.borrow().values().all(given)
    }

    /// Deals with an error of the type as a whole; false when there is no way on.
    fn settle_root(&self, base: &str, fault: &Fault, node: &Node) -> bool {
        if let Fault::Missing(field) = fault {
            return self.settle_missing(&join(base, &normalize(field)), true);
        }
        if !self.has_settled_under(base) {
            self.note(self.problem(base, fault, node));
        }
        false
    }

    /// Deals with the error at a place; false when nothing is left to try there.
    fn settle(&self, path: &str, fault: &Fault, node: Option<&Node>) -> bool {
        self.settled.set(true);
        if let Fault::Missing(field) = fault {
            let child = join(path, &normalize(field));
            if self.settle_missing(&child, node.is_some()) {
                return true;
            }
        } else if let Some(node) = node
            && matches!(self.instead(path), None | Some(Instead::Empty))
            && !self.has_settled_under(path)
        {
            self.note(self.problem(path, fault, node));
        }
        self.try_next(path)
    }

    /// A required field is not there.
    fn settle_missing(&self, child: &str, real: bool) -> bool {
        if self.instead(child).is_some() {
            return false;
        }
        if self.shape.borrow().structs.contains(child) && !self.probing {
            self.put(child, Instead::Empty);
        } else {
            if real {
                self.note(ConfigError::new(child, "a value; it has no default"));
            }
            self.put(child, Instead::StandIn(0));
        }
        true
    }

    fn try_next(&self, path: &str) -> bool {
        let next = match self.instead(path) {
            None | Some(Instead::Empty) => Instead::StandIn(0),
            Some(Instead::StandIn(number)) if number + 1 < stand_in::COUNT => {
                Instead::StandIn(number + 1)
            }
            Some(Instead::StandIn(_)) => Instead::Nothing,
            Some(Instead::Nothing) => return false,
        };
        self.put(path, next);
        true
    }

    fn has_settled_under(&self, path: &str) -> bool {
        let instead = self.instead.borrow();
        instead
            .iter()
            .any(|(key, what)| *what != Instead::Empty && key != path && is_within(key, path))
    }

    fn problem(&self, path: &str, fault: &Fault, node: &Node) -> ConfigError {
        let asked = self.secrets.borrow();
        let is_secret = |path: &str| asked.contains(path) || looks_secret(path);
        // A text may be a list of secrets, each of which was asked for below it.
        let below = || asked.iter().any(|secret| is_within(secret, path));
        let secret = matches!(node, Node::Leaf(leaf) if leaf.secret || is_secret(path) || below());
        let expected = match fault {
            Fault::Custom(_) if secret => "a valid value".to_owned(),
            Fault::Custom(text) => {
                let mut secrets = Vec::new();
                node.secrets(path, &is_secret, &mut secrets);
                let found = secrets.iter().filter(|secret| !secret.is_empty());
                let text = found.fold(text.clone(), |text, secret| text.replace(secret, REDACTED));
                format!("a valid value: {text}")
            }
            _ => fault.to_string(),
        };
        let problem = ConfigError::new(path, expected).with_origin(node.origin().cloned());
        match node {
            Node::Leaf(leaf) => problem.with_value(&leaf.value.to_text(), secret),
            _ => problem,
        }
    }
}
