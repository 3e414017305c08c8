//! `tidy.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tree::Tree;

/// The numbers and words of the rules. The floor plan is not here: it is code, in `floor.rs`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    pub(super) sizes: Sizes,
    pub(super) gates: Gates,
    /// Files that may be longer than the cap, each with its reason.
    pub(super) table: Vec<Exempt>,
    pub(super) word: Vec<Word>,
}

/// Lengths. A percentile is taken over the whole workspace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sizes {
    pub(super) file_lines_p95: usize,
    pub(super) file_lines_max: usize,
    pub(super) function_lines_p95: usize,
    pub(super) function_lines_max: usize,
    pub(super) columns: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            file_lines_p95: 400,
            file_lines_max: 600,
            function_lines_p95: 40,
            function_lines_max: 70,
            columns: 100,
        }
    }
}

/// How many feature gates a crate may have outside `lib.rs`, `mod` and `use`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Gates {
    pub(super) default: usize,
    /// By the folder under `crates/`.
    pub(super) crates: BTreeMap<String, usize>,
}

/// A file that is a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exempt {
    pub(super) path: String,
    pub(super) reason: String,
}

/// A word that must not stand in the tree, whatever its case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) reason: String,
    /// Paths (or the starts of paths) where it may stand.
    #[serde(default)]
    pub(super) except: Vec<String>,
}

impl Settings {
    /// Reads `tidy.toml`; without it the defaults hold.
    pub(super) fn from_tree(tree: &Tree) -> Result<Self, String> {
        let Some(file) = tree.get("tidy.toml") else {
            return Ok(Self::default());
        };
        toml::from_str(&file.text).map_err(|error| format!("tidy.toml: {error}"))
    }
}
