//! Reading settings again.

use std::fs;
use std::sync::Arc;

use plumego_config::{Live, Loader};
use serde::Deserialize;

use crate::directory;

#[derive(Debug, Deserialize)]
struct Settings {
    workers: u8,
    #[serde(default)]
    name: String,
}

// acceptance 21.1 (43), 21.2 (25)
#[test]
fn a_reload_is_invisible_until_valid() {
    let files = directory(&[("plumego.toml", "workers = 1\nname = 'first'")]);
    let file = files.path().join("plumego.toml");
    let loader = Loader::new(&[])
        .settings::<Settings>()
        .directory(files.path());
    let live: Live<Settings> = Live::new(loader, ["app"; 0]).unwrap();
    let held = live.current();

    fs::write(&file, "workers = 999\nname = 'second'").unwrap();
    let errors = live.reload().unwrap_err();
    assert_eq!(errors.problems()[0].key(), "workers");
    assert!(Arc::ptr_eq(&held, &live.current()));

    fs::write(&file, "Workers = 3").unwrap();
    let now = live.reload().unwrap();
    assert!(Arc::ptr_eq(&now, &live.current()));
    // A key that was taken away is gone, and what is held does not change.
    assert_eq!((now.workers, now.name.as_str()), (3, ""));
    assert_eq!((held.workers, held.name.as_str()), (1, "first"));
}

#[test]
fn the_first_load_must_be_right() {
    let files = directory(&[("plumego.toml", "workers = -1")]);
    let loader = Loader::new(&[])
        .settings::<Settings>()
        .directory(files.path());
    assert!(Live::<Settings>::new(loader, ["app"]).is_err());
}

#[test]
fn flags_given_at_the_start_win_over_a_changed_file() {
    let files = directory(&[("plumego.toml", "workers = 1")]);
    let loader = Loader::new(&[])
        .settings::<Settings>()
        .directory(files.path());
    let live: Live<Settings> = Live::new(loader, ["app", "--workers=7"]).unwrap();
    fs::write(
        files.path().join("plumego.toml"),
        "workers = 2\nname = 'new'",
    )
    .unwrap();
    let now = live.reload().unwrap();
    assert_eq!((now.workers, now.name.as_str()), (7, "new"));
}
