//! The book itself: every page with code is tested, and both languages show the same code.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_page_with_code_is_compiled() {
    let listed = fs::read_to_string(root().join("examples/book/src/lib.rs")).unwrap();
    for page in pages() {
        let path = format!("docs/en/src/{}", page.display());
        let has_code = rust_blocks(&root().join(&path)).next().is_some();
        assert!(
            !has_code || listed.contains(&path),
            "{path} is not in examples/book/src/lib.rs"
        );
    }
}

#[test]
fn both_languages_show_the_same_code() {
    for page in pages() {
        let [english, chinese] = ["en", "zh"].map(|language| {
            let path = root().join("docs").join(language).join("src").join(&page);
            rust_blocks(&path).collect::<Vec<_>>()
        });
        assert!(
            english == chinese,
            "the code of {} differs in docs/zh",
            page.display()
        );
    }
    let [english, chinese] = ["README.md", "README_CN.md"]
        .map(|file| rust_blocks(&root().join(file)).collect::<Vec<_>>());
    assert!(
        english == chinese,
        "the code of README_CN.md differs from README.md"
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages of the English book, relative to its `src`.
fn pages() -> Vec<PathBuf> {
    let src = root().join("docs/en/src");
    let mut pages = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path.strip_prefix(&src).unwrap().to_owned());
            }
        }
    }
    assert!(!pages.is_empty());
    pages
}

/// The Rust blocks of a page, in order.
fn rust_blocks(path: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap();
    let blocks: Vec<String> = text
        .split("\n```rust")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned()))
        .collect();
    blocks.into_iter()
}
