//! `tidy` on real files: what git knows is checked, what it ignores is not.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn workspace(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("git")
        .args(["init", "-q"])
        .current_dir(dir.path())
        .status()
        .unwrap();
    assert!(status.success());
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn tidy(root: &Path) -> (bool, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["tidy", "--root"])
        .arg(root)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let dir = workspace(&[
        (".gitignore", "ignored.md\n"),
        ("ignored.md", "trailing \n"),
        ("page.md", "trailing \n[dead](nowhere.md)\n"),
        (
            "crates/router/Cargo.toml",
            "[package]\nname = \"plumego-router\"\n[dependencies]\nhyper = \"1\"\n",
        ),
        ("crates/router/src/helpers.rs", "fn a() {}\n"),
        (
            "crates/router/tests/it/main.rs",
            "fn a() { std::thread::sleep(B); }\n",
        ),
        ("picture.bin", "\u{0}"),
    ]);
    std::fs::write(dir.path().join("picture.bin"), [0xff, 0xfe]).unwrap();
    let (success, found, summary) = tidy(dir.path());
    assert!(!success);
    for expected in [
        "page.md:1: white space at the end of the line",
        "page.md:2: dead link: nowhere.md",
        "crates/router/Cargo.toml:4: `hyper` may not be used here",
        "crates/router/src/helpers.rs: `helpers` says nothing",
        "crates/router/tests/it/main.rs:1: `fn a() { std::thread::sleep(B); }`",
    ] {
        assert!(found.contains(expected), "{expected}\n\n{found}");
    }
    assert!(!found.contains("ignored.md"), "{found}");
    let count = found.lines().count();
    assert_eq!(summary, format!("tidy: {count} problems\n"));
}

#[test]
fn a_folder_that_git_does_not_know_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (success, _, message) = tidy(dir.path());
    assert!(!success);
    assert!(message.starts_with("git ls-files: "), "{message}");
}

#[test]
fn a_wrong_key_in_the_settings_is_an_error() {
    let dir = workspace(&[("tidy.toml", "[sizes]\nfile_lines = 3\n")]);
    let (success, _, message) = tidy(dir.path());
    assert!(!success);
    assert!(
        message.contains("tidy.toml: ") && message.contains("file_lines"),
        "{message}"
    );
}
