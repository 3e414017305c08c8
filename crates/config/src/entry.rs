//! Everything that can be set: the keys of the rooms and the fields of the user's settings.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ConfigError;
use crate::name::{is_within, last_part, looks_secret};
use crate::settings::{Shape, ShapeLeaf};
use crate::{Key, Kind};

/// The two keys every loader has: where the other layers are.
///
/// | key | variable | flag | default |
/// | --- | --- | --- | --- |
/// | `env_file` | `APP_ENV_FILE` | `--env-file` | `.env`, when there is one |
/// | `config_file` | `APP_CONFIG_FILE` | `--config` | `plumego.toml`, when there is one |
///
/// A file that is named must exist; an empty name means none is read. Add this table to your own
/// when you generate a reference.
pub const LOADER_KEYS: &[Key] = &[
    Key::new(ENV_FILE, Kind::Path)
        .section("files")
        .env("APP_ENV_FILE")
        .flag("--env-file")
        .default(".env")
        .doc("File of environment variables.", "环境变量文件。"),
    Key::new(CONFIG_FILE, Kind::Path)
        .section("files")
        .env("APP_CONFIG_FILE")
        .flag("--config")
        .default("plumego.toml")
        .doc("Settings file in TOML.", "TOML 格式的配置文件。"),
];

pub(crate) const ENV_FILE: &str = "env_file";
pub(crate) const CONFIG_FILE: &str = "config_file";

/// A setting, wherever it was declared.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one key"
)]
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) section: String,
    /// Variables, the one that wins first.
    pub(crate) env: Vec<String>,
    pub(crate) flag: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    pub(crate) secret: bool,
    pub(crate) zero_is_unlimited: bool,
    pub(crate) reloadable: bool,
    pub(crate) doc: &'static str,
    /// Whether a file may set it.
    pub(crate) in_file: bool,
    /// Whether it is a field of the user's settings.
    pub(crate) user: bool,
}

impl From<&Key> for Entry {
    fn from(key: &Key) -> Self {
        Self {
            name: key.name.to_owned(),
            section: key.section_name().to_owned(),
            env: key.env.iter().map(|name| (*name).to_owned()).collect(),
            flag: key.flag.map(str::to_owned),
            kind: key.kind,
            default: key.default,
            secret: key.secret,
            zero_is_unlimited: key.zero_is_unlimited,
            reloadable: key.reloadable,
            doc: key.doc_en,
            in_file: key.name != ENV_FILE && key.name != CONFIG_FILE,
            user: false,
        }
    }
}

/// All entries, and by which variable and flag each is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) list: Vec<Entry>,
    pub(crate) by_env: BTreeMap<String, usize>,
    pub(crate) by_flag: BTreeMap<String, usize>,
    /// Variables that could mean two fields, with those fields.
    pub(crate) ambiguous: BTreeMap<String, [String; 2]>,
    /// Variables and flags of a room that a field of the user would also have.
    pub(crate) taken: BTreeMap<String, String>,
    /// Tables whose keys are not known beforehand.
    open: BTreeSet<String>,
}

impl Entries {
    /// Adds the keys of the rooms; a table that contradicts itself is a problem.
    pub(crate) fn add_keys<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a Key>,
        problems: &mut Vec<ConfigError>,
    ) {
        for key in keys {
            let entry = Entry::from(key);
            let index = self.list.len();
            let again = |what: &str| {
                ConfigError::new(key.name, format!("one key in the table with {what}"))
            };
            if self.list.iter().any(|known| known.name == entry.name) {
                problems.push(again("this name"));
                continue;
            }
            for name in &entry.env {
                if self.by_env.insert(name.clone(), index).is_some() {
                    problems.push(again(&format!("the variable {name}")));
                }
            }
            if let Some(flag) = &entry.flag
                && self.by_flag.insert(flag.clone(), index).is_some()
            {
                problems.push(again(&format!("the flag {flag}")));
            }
            self.list.push(entry);
        }
    }

    /// Adds the fields of the user's settings that no key names.
    pub(crate) fn add_shape(&mut self, shape: &Shape, prefix: &str) {
        let rooms = self.list.len();
        let mut loose: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (path, leaf) in &shape.leaves {
            if self.find(path).is_some() {
                continue;
            }
            let index = self.list.len();
            self.list.push(user_entry(path, leaf));
            self.add_flag(index, path);
            for (name, exact) in variables(path, leaf, prefix) {
                if exact {
                    self.add_variable(index, path, name);
                } else {
                    loose.entry(name).or_default().push(index);
                }
            }
        }
        for (name, fields) in loose {
            self.add_loose_variable(name, &fields, rooms);
        }
        self.open.extend(shape.open.iter().cloned());
    }

    fn add_flag(&mut self, index: usize, path: &str) {
        let flag = format!("--{}", path.replace(['.', '_'], "-"));
        if let Some(owner) = self.owner(self.by_flag.get(&flag).copied()) {
            self.taken.insert(flag, format!("`{owner}`, not `{path}`"));
            return;
        }
        self.by_flag.insert(flag.clone(), index);
        if let Some(entry) = self.list.get_mut(index) {
            entry.flag = Some(flag);
        }
    }

    fn add_variable(&mut self, index: usize, path: &str, name: String) {
        if let Some(owner) = self.owner(self.by_env.get(&name).copied()) {
            self.taken.insert(name, format!("`{owner}`, not `{path}`"));
            return;
        }
        self.by_env.insert(name.clone(), index);
        if let Some(entry) = self.list.get_mut(index) {
            entry.env.push(name);
        }
    }

    /// A name with single underscores means a field when it can mean no other.
    fn add_loose_variable(&mut self, name: String, fields: &[usize], rooms: usize) {
        let path = |index: usize| self.owner(Some(index)).unwrap_or_default();
        match (fields, self.by_env.get(&name).copied()) {
            ([only], Some(owner)) if owner < rooms => {
                let told = format!("`{}`, not `{}`", path(owner), path(*only));
                self.taken.insert(name, told);
            }
            ([only], None) => self.add_variable(*only, &path(*only), name),
            ([first, second, ..], None) => {
                let both = [path(*first), path(*second)];
                self.ambiguous.insert(name, both);
            }
            _ => {}
        }
    }

    fn owner(&self, index: Option<usize>) -> Option<String> {
        index
            .and_then(|index| self.list.get(index))
            .map(|entry| entry.name.clone())
    }

    /// Whether a file may hold a value or a table at `path`.
    pub(crate) fn knows_path(&self, path: &str) -> bool {
        let under_open = self.open.iter().any(|open| is_within(path, open));
        under_open
            || self
                .list
                .iter()
                .any(|entry| entry.in_file && is_within(&entry.name, path))
    }

    /// Tables whose keys are not known beforehand.
    pub(crate) fn open_paths(&self) -> impl Iterator<Item = &str> {
        self.open.iter().map(String::as_str)
    }

    pub(crate) fn is_open(&self, path: &str) -> bool {
        self.open.iter().any(|open| is_within(path, open))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.list.iter().find(|entry| entry.name == name)
    }

    /// Names a file may use, tables included.
    pub(crate) fn file_names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for entry in self.list.iter().filter(|entry| entry.in_file) {
            let mut name = entry.name.as_str();
            names.insert(name);
            while let Some((parent, _)) = name.rsplit_once('.') {
                names.insert(parent);
                name = parent;
            }
        }
        names
    }

    /// What to write to set a field.
    pub(crate) fn how_to_set(&self, path: &str) -> Option<String> {
        let entry = self.find(path)?;
        let variable = entry.env.first().map(|name| format!("the variable {name}"));
        let flag = entry.flag.as_ref().map(|flag| format!("the flag {flag}"));
        let file = entry
            .in_file
            .then(|| format!("`{}` in the settings file", entry.name));
        let ways: Vec<String> = [file, variable, flag].into_iter().flatten().collect();
        Some(format!("set {}", ways.join(" or ")))
    }
}

fn user_entry(path: &str, leaf: &ShapeLeaf) -> Entry {
    let section = path
        .split_once('.')
        .map_or("application", |(first, _)| first);
    Entry {
        name: path.to_owned(),
        section: section.to_owned(),
        env: Vec::new(),
        flag: None,
        kind: leaf.kind,
        default: None,
        secret: leaf.secret || looks_secret(path),
        zero_is_unlimited: false,
        reloadable: true,
        doc: "",
        in_file: true,
        user: true,
    }
}

/// Variables of a field, and whether each names it beyond doubt.
fn variables(path: &str, leaf: &ShapeLeaf, prefix: &str) -> Vec<(String, bool)> {
    let upper = |separator: &str| {
        format!(
            "{prefix}{}",
            path.replace('.', separator).to_ascii_uppercase()
        )
    };
    let mut names = vec![(upper("__"), true), (upper("_"), !path.contains('.'))];
    let in_milliseconds = matches!(leaf.kind, Kind::Duration { .. });
    if in_milliseconds && !last_part(path).ends_with("_ms") {
        let with_unit: Vec<_> = names
            .iter()
            .map(|(name, strict)| (format!("{name}_MS"), *strict))
            .collect();
        names.extend(with_unit);
    }
    names.dedup_by(|a, b| a.0 == b.0);
    names
}
