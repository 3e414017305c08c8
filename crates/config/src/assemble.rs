//! Putting the layers together.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::best_effort::{Layer, Skips};
use crate::check::Check;
use crate::dotenv;
use crate::entry::{CONFIG_FILE, ENV_FILE, Entries, Entry};
use crate::error::{ConfigError, ConfigErrors, MAX_PROBLEMS, one_line};
use crate::file::{self, Turn};
use crate::flags::Flags;
use crate::loader::Schema;
use crate::name::{is_within, nearest};
use crate::scalar::{self, Scalar};
use crate::settings::split_list;
use crate::tree::{Leaf, Node, Table};
use crate::{Kind, Loaded, Origin};

pub(crate) struct Sources {
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) flags: Flags,
    pub(crate) skips: Skips,
    pub(crate) turn: Turn,
}

pub(crate) struct Assembly {
    entries: Entries,
    sources: Sources,
    dotenv: HashMap<String, (String, Origin)>,
    problems: Vec<ConfigError>,
    warnings: Vec<String>,
    /// Whether a whole layer is missing, so that what else is missing says nothing.
    incomplete: bool,
    files: Vec<PathBuf>,
}

impl Assembly {
    pub(crate) fn new(entries: Entries, sources: Sources, problems: Vec<ConfigError>) -> Self {
        Self {
            entries,
            sources,
            dotenv: HashMap::new(),
            problems,
            warnings: Vec::new(),
            incomplete: false,
            files: Vec::new(),
        }
    }

    pub(crate) fn load(
        mut self,
        schemas: &[Schema],
        checks: &[Check],
    ) -> Result<Loaded, ConfigErrors> {
        self.read_dotenv();
        let mut tree = self.read_toml();
        self.check_names(&tree);
        let origins = self.resolve_all(&mut tree);
        self.check_variables();
        let loaded = Loaded {
            root: Node::Table(tree),
            entries: self.entries,
            origins,
            warnings: self
                .warnings
                .iter()
                .map(|warning| one_line(warning))
                .collect(),
            arguments: self.sources.flags.arguments,
            files: self.files,
        };
        if !self.incomplete {
            for schema in schemas {
                self.problems.extend((schema.check)(&loaded, &schema.path));
            }
        }
        let skips = &self.sources.skips;
        self.problems.retain(|problem| !skips.covers(problem));
        // What a program asks of settings says nothing while they are not read.
        if self.problems.is_empty() {
            self.problems
                .extend(checks.iter().flat_map(|check| check(&loaded)));
        }
        if self.problems.is_empty() {
            Ok(loaded)
        } else {
            Err(ConfigErrors::new(self.problems))
        }
    }

    fn fail(&mut self, problem: ConfigError) {
        self.problems.push(problem);
        self.incomplete = true;
    }

    fn read_dotenv(&mut self) {
        let Some((file, text)) = self.read_file(ENV_FILE) else {
            return;
        };
        let environment = &self.sources.environment;
        let outer = |name: &str| {
            environment
                .get(&OsString::from(name))
                .map(|value| value.to_string_lossy().into_owned())
        };
        let found = dotenv::parse_with(&text, &outer);
        for dotenv::Variable { name, value, line } in found.variables {
            let origin = Origin::DotEnv {
                file: file.clone(),
                line,
                name: name.clone(),
            };
            self.dotenv.insert(name, (value, origin));
        }
        self.drop_own_name();
        for error in found.errors {
            let origin = Origin::DotEnv {
                file: file.clone(),
                line: error.line(),
                name: String::new(),
            };
            let problem = ConfigError::new("", error.expected());
            self.fail(problem.with_origin(Some(origin)));
        }
    }

    /// A `.env` file cannot say which `.env` file is read.
    fn drop_own_name(&mut self) {
        let names = self.entries.find(ENV_FILE).map(|entry| entry.env.clone());
        for name in names.unwrap_or_default() {
            if let Some((_, origin)) = self.dotenv.remove(&name) {
                self.warnings
                    .push(format!("{origin} has no effect in a .env file"));
            }
        }
    }

    fn read_toml(&mut self) -> Table {
        let Some((file, text)) = self.read_file(CONFIG_FILE) else {
            return Table::default();
        };
        match file::parse_toml(&file, &text) {
            Ok((tree, problems)) => {
                self.problems.extend(problems);
                tree
            }
            Err(problems) => {
                self.problems.extend(problems);
                self.incomplete = true;
                Table::default()
            }
        }
    }

    /// The file a key names, with its name; a file that is named must exist.
    fn read_file(&mut self, key: &str) -> Option<(String, String)> {
        if self.sources.skips.has_file(key) {
            return None;
        }
        let index = self
            .entries
            .list
            .iter()
            .position(|entry| entry.name == key)?;
        let entry = self.entries.list.get(index)?;
        let (name, origin) = match self.given(index, entry) {
            Some(Ok(given)) => given,
            Some(Err(_)) => return None,
            None => {
                self.sources.directory.as_ref()?;
                (entry.default?.to_owned(), Origin::Default)
            }
        };
        if name.is_empty() {
            return None;
        }
        let path = self
            .sources
            .directory
            .clone()
            .unwrap_or_default()
            .join(&name);
        self.files.push(path.clone());
        match file::read(&path, origin != Origin::Default, self.sources.turn) {
            Ok(text) => text.map(|text| (name, text)),
            Err(unread) => {
                let problem = ConfigError::new(key, unread.expected).with_origin(Some(origin));
                let problem = problem.with_value(&name, false);
                self.fail(problem.passing(unread.may_pass));
                None
            }
        }
    }

    /// The text of the highest layer above the file that has one; `Err` when it is no text.
    fn given(&self, index: usize, entry: &Entry) -> Option<Result<(String, Origin), Origin>> {
        let skips = &self.sources.skips;
        if let Some(given) = self.sources.flags.values.get(&index)
            && !skips.has(&entry.name, Layer::Flag)
        {
            return Some(Ok(given.clone()));
        }
        let in_process = entry.env.iter().find_map(|name| {
            let value = self.sources.environment.get(&OsString::from(name))?;
            let origin = Origin::Env(name.clone());
            let text = value.to_str().map(|text| (text.to_owned(), origin.clone()));
            Some(text.ok_or(origin))
        });
        let in_process = in_process.filter(|_| !skips.has(&entry.name, Layer::Env));
        in_process.or_else(|| {
            let in_file = || entry.env.iter().find_map(|name| self.dotenv.get(name));
            let skipped = skips.has(&entry.name, Layer::DotEnv);
            (!skipped).then(in_file)?.cloned().map(Ok)
        })
    }

    /// Puts the value of every entry into the tree; answers where each came from.
    fn resolve_all(&mut self, tree: &mut Table) -> BTreeMap<String, Origin> {
        let mut origins = BTreeMap::new();
        let mut problems = Vec::new();
        for (index, entry) in self.entries.list.iter().enumerate() {
            let (node, origin) = match self.resolve(index, entry, tree) {
                Ok(Some(found)) => found,
                Ok(None) if self.sources.skips.has(&entry.name, Layer::File) => {
                    tree.remove(&entry.name);
                    continue;
                }
                Ok(None) => continue,
                Err(problem) => {
                    problems.push(problem);
                    (Some(Node::Invalid), Origin::Default)
                }
            };
            origins.insert(entry.name.clone(), origin);
            match node {
                Some(mut node) => {
                    if entry.secret {
                        node.mark_secret();
                    }
                    tree.insert(&entry.name, node);
                }
                None => tree.remove(&entry.name),
            }
        }
        self.problems.append(&mut problems);
        origins
    }

    /// The value of an entry and its origin; a node of `None` takes the value away.
    fn resolve(
        &self,
        index: usize,
        entry: &Entry,
        tree: &Table,
    ) -> Result<Option<(Option<Node>, Origin)>, ConfigError> {
        if let Some(given) = self.given(index, entry) {
            let (text, origin) = given.map_err(|origin| {
                ConfigError::new(&entry.name, "text in UTF-8").with_origin(Some(origin))
            })?;
            return Ok(Some((from_text(entry, &text, &origin)?, origin)));
        }
        let skipped = self.sources.skips.has(&entry.name, Layer::File);
        let in_file = tree.find(&entry.name).filter(|_| entry.in_file && !skipped);
        if let Some(node) = in_file {
            let origin = node.origin().cloned().unwrap_or(Origin::Default);
            return Ok(Some((from_file(entry, node)?, origin)));
        }
        let Some(text) = entry.default else {
            return Ok(None);
        };
        Ok(Some((
            from_text(entry, text, &Origin::Default)?,
            Origin::Default,
        )))
    }

    /// Reports keys of the file that nothing reads.
    fn check_names(&mut self, tree: &Table) {
        let names = self.entries.file_names();
        let mut problems = Vec::new();
        unknown_keys(&self.entries, &names, "", tree, &mut problems);
        self.problems.append(&mut problems);
    }

    /// Warns of variables that nothing reads; refuses those that could mean two fields.
    fn check_variables(&mut self) {
        let in_process = self
            .sources
            .environment
            .keys()
            .filter_map(|name| name.to_str());
        let in_process = in_process.map(|name| (name, Origin::Env(name.to_owned())));
        let in_file = self
            .dotenv
            .iter()
            .map(|(name, (_, origin))| (name.as_str(), origin.clone()));
        let mut given: Vec<(&str, Origin)> = in_process.chain(in_file).collect();
        given.sort_by(|a, b| a.0.cmp(b.0));
        for (name, origin) in given {
            if let Some([first, second]) = self.entries.ambiguous.get(name) {
                let expected = format!("a name that means one of `{first}` and `{second}`");
                let hint = "put two underscores where the dot is".to_owned();
                let problem = ConfigError::new(name, expected).with_origin(Some(origin));
                self.problems.push(problem.with_hint(Some(hint)));
            } else if let Some(told) = self.entries.taken.get(name) {
                let hint = "choose another prefix for your own variables";
                self.warnings
                    .push(format!("{origin} sets {told}; hint: {hint}"));
            } else if !self.entries.by_env.contains_key(name)
                && self
                    .sources
                    .prefixes
                    .iter()
                    .any(|prefix| name.starts_with(prefix.as_str()))
            {
                let known = self.entries.by_env.keys().map(String::as_str);
                let near = nearest(name, known).map(|near| format!("; did you mean {near}?"));
                let near = near.unwrap_or_default();
                self.warnings
                    .push(format!("{origin} is not known and has no effect{near}"));
            }
        }
    }
}

/// Reports names below `path` that no entry has; one report for a whole unknown table.
fn unknown_keys(
    entries: &Entries,
    names: &std::collections::BTreeSet<&str>,
    path: &str,
    table: &Table,
    problems: &mut Vec<ConfigError>,
) {
    for (name, (_, node)) in &table.entries {
        let path = crate::name::join(path, name);
        if problems.len() >= MAX_PROBLEMS {
            return;
        }
        if !entries.knows_path(&path) {
            let near = nearest(&path, names.iter().copied());
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let problem = ConfigError::new(path, "a known key").with_hint(hint);
            problems.push(problem.with_origin(node.origin().cloned()));
            continue;
        }
        let is_entry = entries.find(&path).is_some() || entries.is_open(&path);
        match node {
            _ if is_entry => {}
            Node::Table(table) => unknown_keys(entries, names, &path, table, problems),
            node => {
                let below = entries
                    .list
                    .iter()
                    .find(|entry| is_within(&entry.name, &path));
                let hint = below.map(|entry| format!("write `{} = …`", entry.name));
                let problem = ConfigError::new(path, format!("a table, found {}", node.describe()));
                problems.push(problem.with_origin(node.origin().cloned()).with_hint(hint));
            }
        }
    }
}

fn from_text(entry: &Entry, text: &str, origin: &Origin) -> Result<Option<Node>, ConfigError> {
    // An empty path names nothing and an empty secret hides nothing: both mean "none".
    if text.is_empty() && (entry.kind == Kind::Path || entry.secret) {
        return Ok(None);
    }
    let value = scalar::read(entry.kind, entry.zero_is_unlimited, text).map_err(|expected| {
        ConfigError::new(&entry.name, expected)
            .with_origin(Some(origin.clone()))
            .with_value(text, entry.secret)
    })?;
    let leaf = Leaf {
        value,
        origin: origin.clone(),
        secret: entry.secret,
    };
    if entry.kind == Kind::List {
        let items = split_list(text, &leaf).collect();
        return Ok(Some(Node::List(origin.clone(), items)));
    }
    Ok(Some(Node::Leaf(leaf)))
}

fn from_file(entry: &Entry, node: &Node) -> Result<Option<Node>, ConfigError> {
    let wrong = |found: &str| {
        let expected = scalar::expectation(entry.kind, entry.zero_is_unlimited);
        ConfigError::new(&entry.name, format!("{expected}, found {found}"))
            .with_origin(node.origin().cloned())
    };
    match (entry.kind, node) {
        (Kind::Any, _) => Ok(Some(node.clone())),
        (Kind::List, Node::List(_, items)) => {
            let structured = items.iter().find(|item| !matches!(item, Node::Leaf(_)));
            match structured.filter(|_| !entry.user) {
                Some(item) => Err(wrong(&format!("{} in the list", item.describe()))),
                None => Ok(Some(node.clone())),
            }
        }
        (Kind::Text | Kind::Path | Kind::Choice(_) | Kind::List, Node::Leaf(leaf)) => {
            match &leaf.value {
                Scalar::Text(text) => from_text(entry, text, &leaf.origin),
                other => Err(wrong(node.describe()).with_value(&other.to_text(), entry.secret)),
            }
        }
        (_, Node::Leaf(leaf)) => from_text(entry, &leaf.value.to_text(), &leaf.origin),
        _ => Err(wrong(node.describe())),
    }
}
