//! Manifests, as far as the rules read them.

use std::path::Path;

use toml::{Table, Value};

use crate::tidy::tree::Tree;

/// One `Cargo.toml`.
pub(crate) struct Manifest {
    /// Relative to the workspace.
    pub(crate) path: String,
    /// The folder of the package, relative; empty for the workspace itself.
    pub(crate) dir: String,
    pub(crate) table: Table,
    text: String,
}

/// The tables in which a dependency can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// One dependency line.
pub(crate) struct Dependency {
    pub(crate) kind: Kind,
    /// The package it names, renames resolved.
    pub(crate) package: String,
    /// Whether the line takes its version from the workspace.
    pub(crate) inherited: bool,
    pub(crate) line: usize,
}

impl Manifest {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let table = text.parse().map_err(|error| format!("{path}: {error}"))?;
        let dir = path
            .strip_suffix("Cargo.toml")
            .unwrap_or_default()
            .trim_end_matches('/');
        Ok(Self {
            path: path.to_owned(),
            dir: dir.to_owned(),
            table,
            text: text.to_owned(),
        })
    }

    pub(crate) fn read(root: &Path, path: &str) -> Result<Self, String> {
        let text =
            std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        Self::parse(path, &text)
    }

    /// Every manifest of the tree.
    pub(crate) fn all(tree: &Tree) -> Result<Vec<Self>, String> {
        tree.files()
            .iter()
            .filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"))
            .map(|file| Self::parse(&file.path, &file.text))
            .collect()
    }

    /// The package's name; `None` for a manifest that is only a workspace.
    pub(crate) fn name(&self) -> Option<&str> {
        self.table.get("package")?.get("name")?.as_str()
    }

    /// The line on which `key` is set; 1 when it is not found.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let starts = |line: &str| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start().starts_with(['=', '.', ']']))
        };
        self.text.lines().position(starts).map_or(1, |at| at + 1)
    }

    /// Names in `[workspace.dependencies]`.
    pub(crate) fn workspace_dependencies(&self) -> Vec<String> {
        let table = self
            .table
            .get("workspace")
            .and_then(|it| it.get("dependencies"));
        table
            .and_then(Value::as_table)
            .map_or_else(Vec::new, |it| it.keys().cloned().collect())
    }

    /// All dependency lines, those under `[target.…]` too.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let targets = self.table.get("target").and_then(Value::as_table);
        let targets = targets
            .into_iter()
            .flat_map(|it| it.values())
            .filter_map(Value::as_table);
        std::iter::once(&self.table)
            .chain(targets)
            .flat_map(|it| self.in_table(it))
            .collect()
    }

    fn in_table(&self, table: &Table) -> Vec<Dependency> {
        let kinds = [
            ("dependencies", Kind::Normal),
            ("build-dependencies", Kind::Build),
            ("dev-dependencies", Kind::Dev),
        ];
        let mut found = Vec::new();
        for (section, kind) in kinds {
            let lines = table.get(section).and_then(Value::as_table);
            for (key, value) in lines.into_iter().flatten() {
                found.push(self.dependency(kind, key, value));
            }
        }
        found
    }

    fn dependency(&self, kind: Kind, key: &str, value: &Value) -> Dependency {
        let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
        let inherited = value
            .get("workspace")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        Dependency {
            kind,
            package: package.to_owned(),
            inherited,
            line: self.line_of(key),
        }
    }
}
