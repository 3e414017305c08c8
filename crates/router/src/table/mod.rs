//! The frozen table: one trie for each host, and what is found there.

mod edges;
mod host;
mod leaf;
mod search;
mod segment;
mod trie;

use std::collections::{BTreeSet, HashMap};

use http::Method;

pub(crate) use self::host::{bind, normal_host, split_port};
use self::leaf::Leaf;
pub(crate) use self::leaf::Slot;
use self::search::Search;
pub(crate) use self::search::{Captures, Found};
use self::trie::{Draft, Trie};
use crate::pattern::Pattern;

/// Which requests a table of routes is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum HostRule {
    /// All that no other table answers.
    Every,
    /// This name.
    Exact(String),
    /// Names that end with this, a dot first.
    Suffix(String),
}

/// All tries. Built once, then only read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    exact: HashMap<String, Trie>,
    /// The longest first.
    suffixes: Vec<(String, Trie)>,
    every: Trie,
}

/// Tries while routes are still put in.
#[derive(Debug, Default)]
pub(crate) struct TableDraft {
    hosts: HashMap<HostRule, Draft>,
}

impl TableDraft {
    pub(crate) fn insert(&mut self, host: &HostRule, pattern: &Pattern, slot: Slot) {
        self.hosts
            .entry(host.clone())
            .or_default()
            .insert(pattern.segments(), slot);
    }

    pub(crate) fn build(self) -> Table {
        let mut table = Table::default();
        for (rule, draft) in self.hosts {
            let trie = draft.build();
            match rule {
                HostRule::Every => table.every = trie,
                HostRule::Exact(name) => {
                    table.exact.insert(name, trie);
                }
                HostRule::Suffix(suffix) => table.suffixes.push((suffix, trie)),
            }
        }
        table
            .suffixes
            .sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        table
    }
}

impl Table {
    /// Whether any route is bound to a host.
    pub(crate) fn has_hosts(&self) -> bool {
        !self.exact.is_empty() || !self.suffixes.is_empty()
    }

    /// Looks a path up. The host is in the form of [`normal_host`]. The captures are those of the
    /// route that is found; there are none before.
    pub(crate) fn find(
        &self,
        host: Option<&str>,
        path: &str,
        method: &Method,
        captures: &mut Captures,
    ) -> Found {
        let Some(mut search) = Search::new(path, method, captures) else {
            return Found::Nothing;
        };
        if !self.has_hosts() {
            return search.run(&self.every).unwrap_or_else(|| search.missed());
        }
        self.find_by_host(host, search)
    }

    #[cold]
    fn find_by_host(&self, host: Option<&str>, mut search: Search<'_>) -> Found {
        for trie in self.tries(host) {
            if let Some(found) = search.run(trie) {
                return found;
            }
        }
        search.missed()
    }

    /// Looks a path up among the routes bound to one host rule.
    pub(crate) fn find_bound(&self, rule: &HostRule, path: &str, method: &Method) -> Found {
        let trie = match rule {
            HostRule::Every => Some(&self.every),
            HostRule::Exact(name) => self.exact.get(name),
            HostRule::Suffix(suffix) => {
                let mut tries = self.suffixes.iter();
                tries
                    .find(|(there, _)| there == suffix)
                    .map(|(_, trie)| trie)
            }
        };
        let mut captures = Captures::new();
        let Some(mut search) = Search::new(path, method, &mut captures) else {
            return Found::Nothing;
        };
        match trie.and_then(|trie| search.run(trie)) {
            Some(found) => found,
            None => search.missed(),
        }
    }

    /// The methods of every route that has the path, for `Allow`.
    pub(crate) fn allow(&self, host: Option<&str>, path: &str) -> String {
        let mut methods = BTreeSet::new();
        let mut has_site = false;
        for trie in self.tries(host) {
            search::each_leaf(trie, path, &mut |leaf| {
                note_methods(leaf, &mut methods);
                has_site |= leaf.site().is_some();
            });
        }
        if has_site && methods.is_empty() {
            methods.insert("GET");
        }
        allow_text(&mut methods)
    }

    /// The methods of all routes, for `OPTIONS *`.
    pub(crate) fn allow_anywhere(&self, host: Option<&str>) -> String {
        let mut methods = BTreeSet::new();
        for trie in self.tries(host) {
            trie.leaves().for_each(|leaf| {
                note_methods(leaf, &mut methods);
                methods.extend(leaf.site().map(|_| "GET"));
            });
        }
        allow_text(&mut methods)
    }

    fn tries<'a>(&'a self, host: Option<&'a str>) -> impl Iterator<Item = &'a Trie> {
        let exact = host.and_then(|host| self.exact.get(host));
        let suffixes = self.suffixes.iter().filter_map(move |(suffix, trie)| {
            let host = host?;
            (host.len() > suffix.len() && host.ends_with(suffix.as_str())).then_some(trie)
        });
        exact.into_iter().chain(suffixes).chain([&self.every])
    }
}

fn note_methods<'a>(leaf: &'a Leaf, methods: &mut BTreeSet<&'a str>) {
    methods.extend(leaf.methods().map(Method::as_str));
}

fn allow_text(methods: &mut BTreeSet<&str>) -> String {
    if methods.contains("GET") {
        methods.insert("HEAD");
    }
    methods.insert("OPTIONS");
    let mut text = String::new();
    for method in methods.iter() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(method);
    }
    text
}
