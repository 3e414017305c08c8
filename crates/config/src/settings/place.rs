//! One place in the tree, or its stand-in, and what can be asked of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{DeserializeSeed, Expected, Visitor};

use super::access::read_struct;
use super::fault::Fault;
use super::{Instead, Run, ShapeLeaf, stand_in};
use crate::name::{join, nearest, normalize};
use crate::scalar::{Scalar, integer};
use crate::tree::{Leaf, Node, Table};
use crate::{ConfigError, Kind, duration};

/// Deepest nesting read.
const MAX_DEPTH: usize = 32;

/// Most places visited when a type is asked for its fields.
const MAX_VISITED: usize = 4096;

const EMPTY_TABLE: &Table = &Table {
    origin: None,
    entries: BTreeMap::new(),
};
const EMPTY: &Node = &Node::Table(Table {
    origin: None,
    entries: BTreeMap::new(),
});

#[derive(Clone, Copy)]
pub(super) struct De<'a> {
    pub(super) run: &'a Run,
    pub(super) path: &'a str,
    pub(super) source: Source<'a>,
    pub(super) depth: usize,
    /// Whether keys the type does not know are problems here: inside lists and maps, where the
    /// names were not checked before.
    pub(super) strict: bool,
    pub(super) secret: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Real(&'a Node),
    StandIn(usize),
}

impl<'a> De<'a> {
    pub(super) fn real(run: &'a Run, path: &'a str, node: &'a Node) -> Self {
        let source = Source::Real(node);
        Self {
            run,
            path,
            source,
            depth: 0,
            strict: false,
            secret: false,
        }
        .replaced()
    }

    pub(super) fn stand_in(run: &'a Run, path: &'a str) -> Self {
        let source = Source::StandIn(0);
        Self {
            run,
            path,
            source,
            depth: 0,
            strict: false,
            secret: false,
        }
        .replaced()
    }

    /// Puts what an earlier run left here in the place of the value.
    fn replaced(mut self) -> Self {
        match self.run.instead(self.path) {
            Some(Instead::StandIn(number)) => self.source = Source::StandIn(number),
            Some(Instead::Empty) => self.source = Source::Real(EMPTY),
            Some(Instead::Nothing) | None => {}
        }
        if matches!(self.source, Source::Real(Node::Invalid)) {
            self.run.reported_before.set(true);
            self.source = Source::StandIn(0);
        }
        self
    }

    pub(super) fn note_leaf(&self, kind: Kind, open: bool) {
        if self.run.probing {
            let leaf = ShapeLeaf {
                kind,
                secret: self.secret,
            };
            let mut shape = self.run.shape.borrow_mut();
            if !self.path.is_empty() && !self.path.contains('[') {
                shape.leaves.entry(self.path.to_owned()).or_insert(leaf);
            }
            if open {
                shape.open.insert(self.path.to_owned());
            }
        }
    }

    pub(super) fn check_depth(&self) -> Result<(), Fault> {
        let visited = self.run.visited.get() + 1;
        self.run.visited.set(visited);
        let too_many = self.run.probing && visited > MAX_VISITED;
        if self.depth > MAX_DEPTH || too_many {
            return Err(Fault::Expected(format!("at most {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    pub(super) fn leaf(&self, expected: &dyn Expected) -> Result<&'a Leaf, Fault> {
        match self.source {
            Source::Real(Node::Leaf(leaf)) => Ok(leaf),
            Source::Real(node) => {
                let found = node.describe();
                Err(Fault::Expected(format!("{expected}, found {found}")))
            }
            Source::StandIn(_) => Err(Fault::Expected(expected.to_string())),
        }
    }

    pub(super) fn number(
        &self,
        expected: &dyn Expected,
        min: i128,
        max: i128,
    ) -> Result<i128, Fault> {
        self.note_leaf(Kind::Any, false);
        if let Source::StandIn(number) = self.source {
            return Ok(i128::from(stand_in::integer(number)));
        }
        let leaf = self.leaf(expected)?;
        let number = match &leaf.value {
            Scalar::Integer(number) => Some(*number),
            Scalar::Text(text) => integer(text.trim()),
            Scalar::Duration(duration) => i128::try_from(duration.as_millis()).ok(),
            Scalar::Unlimited => Some(0),
            Scalar::Bool(_) | Scalar::Float(_) => None,
        };
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| Fault::Expected(format!("a whole number from {min} to {max}")))
    }

    pub(super) fn duration(&self) -> Result<Duration, Fault> {
        let kind = Kind::Duration {
            min: Duration::ZERO,
            max: Duration::MAX,
        };
        self.note_leaf(kind, false);
        if let Source::StandIn(number) = self.source {
            return Ok(Duration::from_secs(stand_in::integer(number).into()));
        }
        let read = match &self.leaf(&"a duration")?.value {
            Scalar::Duration(duration) => Some(*duration),
            Scalar::Unlimited => Some(Duration::ZERO),
            Scalar::Integer(number) => u64::try_from(*number).ok().map(Duration::from_millis),
            Scalar::Text(text) => duration::parse(text).ok(),
            Scalar::Bool(_) | Scalar::Float(_) => None,
        };
        read.ok_or_else(|| {
            Fault::Expected("a duration such as 5000 (milliseconds), 5s or 1m30s".to_owned())
        })
    }

    pub(super) fn table(&self, expected: &dyn Expected) -> Result<&'a Table, Fault> {
        match self.source {
            Source::Real(Node::Table(table)) => Ok(table),
            Source::Real(node) => {
                let found = node.describe();
                Err(Fault::Expected(format!(
                    "{expected} (a table), found {found}"
                )))
            }
            Source::StandIn(_) => Ok(EMPTY_TABLE),
        }
    }

    pub(super) fn describe(&self) -> &'static str {
        match self.source {
            Source::Real(node) => node.describe(),
            Source::StandIn(_) => "nothing",
        }
    }

    /// Notes a struct and asks for its fields. One that contains itself is left open where it
    /// does; its keys are checked when they are read.
    pub(super) fn probe_struct<'de, V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.run.structs.borrow().contains(&(name, fields)) {
            self.run
                .shape
                .borrow_mut()
                .open
                .insert(self.path.to_owned());
            self.run.put(self.path, Instead::Nothing);
            self.run.settled.set(true);
            return Err(Fault::Duplicate);
        }
        self.run
            .shape
            .borrow_mut()
            .structs
            .insert(self.path.to_owned());
        self.run.structs.borrow_mut().push((name, fields));
        let read = read_struct(self, None, fields, visitor);
        self.run.structs.borrow_mut().pop();
        read
    }

    pub(super) fn refuse_unknown(&self, table: &Table, fields: &[&str]) -> Result<(), Fault> {
        let known = |name: &str| fields.iter().any(|field| normalize(field) == name);
        for (name, (spelling, node)) in &table.entries {
            let path = join(self.path, name);
            if !known(name) && self.run.instead(&path).is_none() {
                let near = nearest(name, fields.iter().copied());
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let problem = ConfigError::new(&path, "a known key")
                    .with_origin(node.origin().cloned())
                    .with_hint(hint);
                self.run.note(problem);
                self.run.put(&path, Instead::Nothing);
                self.run.settled.set(true);
                return Err(Fault::Expected(spelling.clone()));
            }
        }
        Ok(())
    }

    /// Reads a value below this place; an error is noted there.
    pub(super) fn read_child<'de, S: DeserializeSeed<'de>>(
        &self,
        path: &str,
        source: Source<'_>,
        strict: bool,
        seed: S,
    ) -> Result<S::Value, Fault> {
        let child = De {
            run: self.run,
            path,
            source,
            depth: self.depth + 1,
            strict,
            secret: self.secret,
        }
        .replaced();
        let real = match child.source {
            Source::Real(node) => Some(node),
            Source::StandIn(_) => None,
        };
        seed.deserialize(child).inspect_err(|fault| {
            if !self.run.settled.get() {
                self.run.settle(path, fault, real);
            }
        })
    }
}
