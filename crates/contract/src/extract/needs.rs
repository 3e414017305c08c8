//! What a handler needs to work at all.

use std::any::TypeId;

/// What a handler needs to work at all, collected when its route is registered and held against
/// the pattern and the application when the router is frozen.
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<StateNeed>,
    paths: Vec<PathNeed>,
}

/// A state that the application must provide.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StateNeed {
    /// The type.
    pub id: TypeId,
    /// Its name, for the message.
    pub name: &'static str,
}

/// A shape that the parameters of the pattern must have.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PathNeed {
    /// Holds the names of the pattern's parameters against the type; `Err` says what does not fit.
    pub check: fn(&[String]) -> Result<(), String>,
}

impl Needs {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// A state of this type must have been provided.
    pub fn state<T: 'static>(&mut self) {
        self.states.push(StateNeed {
            id: TypeId::of::<T>(),
            name: std::any::type_name::<T>(),
        });
    }

    /// The parameters of the pattern must pass this check.
    pub fn path(&mut self, check: fn(&[String]) -> Result<(), String>) {
        self.paths.push(PathNeed { check });
    }

    /// Collects the needs of an extractor that may find nothing: a state that is not there is no
    /// mistake then; a pattern that does not fit still is.
    pub fn optional(&mut self, collect: fn(&mut Self)) {
        let mut inner = Self::new();
        collect(&mut inner);
        if !inner.paths.is_empty() {
            self.paths.append(&mut inner.paths);
        }
    }

    /// The states that must have been provided.
    pub fn states(&self) -> &[StateNeed] {
        &self.states
    }

    /// The checks that the parameters of the pattern must pass.
    pub fn paths(&self) -> &[PathNeed] {
        &self.paths
    }
}
