//! From what was chosen to a site.

use std::io::ErrorKind;
use std::path::Path;

use plumego_contract::{Problem, Problems};

use crate::Site;
use crate::entry::Entry;
use crate::frontend::{Frontend, Source};
use crate::site::{Disk, Files, Inner};
use crate::source::{Dir, Fixed, Found};
use crate::store::Store;

pub(crate) fn build(frontend: &Frontend) -> Result<Site, Problems> {
    let mut problems = frontend.problems.clone();
    let bounds = &frontend.bounds;
    let mut tell = |message: String| problems.push(Problem::at(message, frontend.location));
    if bounds.file_bytes > bounds.memory_bytes {
        tell(format!(
            "files of up to {} bytes are to be kept in {} bytes of memory: lower `max_file_bytes` \
             or raise `max_memory_bytes`",
            bounds.file_bytes, bounds.memory_bytes
        ));
    }
    if bounds.entries == 0 {
        tell("no file is to be remembered: `max_entries` has to be 1 or more".to_owned());
    }
    let files = match &frontend.source {
        Source::Dir(path) => Files::Disk(disk(path, frontend, &mut tell)),
        Source::Fixed(files) => fixed(files, frontend, &mut tell),
    };
    problems.into_result(Site::new(Inner::new(frontend.settings.clone(), files)))
}

fn disk(path: &Path, frontend: &Frontend, tell: &mut impl FnMut(String)) -> Disk {
    let (bounds, settings) = (&frontend.bounds, &frontend.settings);
    let dir = Dir::new(path.to_owned(), bounds.file_bytes as u64, settings.siblings);
    let shown = path.display();
    match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            tell(format!(
                "folder `{shown}` is not there: make it, or name another"
            ));
        }
        Err(error) => tell(format!("folder `{shown}` cannot be read: {error}")),
        Ok(found) if !found.is_dir() => {
            tell(format!(
                "`{shown}` is a file: expected the folder that it is in"
            ));
        }
        Ok(_) => {
            if let Err(error) = path.read_dir() {
                tell(format!("folder `{shown}` cannot be read: {error}"));
            }
            for (what, name) in needed(frontend) {
                let found = dir.load(name, &settings.index);
                if !matches!(found, Ok(Found::File(_))) {
                    tell(format!("{what} `{name}` is not in folder `{shown}`"));
                }
            }
        }
    }
    Disk::new(dir, Store::new(bounds.memory_bytes, bounds.entries))
}

fn fixed(files: &Fixed, frontend: &Frontend, tell: &mut impl FnMut(String)) -> Files {
    let settings = &frontend.settings;
    if files.is_empty() {
        tell("there is not one file: expected the files of the site".to_owned());
    }
    for (what, name) in needed(frontend) {
        if !files.has(name) {
            tell(format!("{what} `{name}` is not among the files"));
        }
    }
    let entry = |(name, loaded): (&str, _)| {
        let entry = Entry::new(name, loaded, settings, 0);
        (name.to_owned(), std::sync::Arc::new(entry))
    };
    Files::Fixed(files.all(settings.siblings).map(entry).collect())
}

/// The pages that have to be there.
fn needed(frontend: &Frontend) -> impl Iterator<Item = (&'static str, &str)> {
    let settings = &frontend.settings;
    let index = frontend
        .needs_index
        .then_some(("index", settings.index.as_str()));
    let page = settings.not_found_page.as_deref();
    index
        .into_iter()
        .chain(page.map(|name| ("not-found page", name)))
}
