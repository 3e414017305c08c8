//! Reading settings again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use plumego_config::{ConfigError, KeySubscription, Live, Loader};
use plumego_stdx::Secret;
use serde::Deserialize;

use crate::{KEYS, directory};

#[derive(Debug, Deserialize)]
struct Settings {
    workers: u8,
    #[serde(default)]
    name: String,
}

fn live(directory: &Path) -> Live<Settings> {
    Live::new(loader(directory), ["app"; 0]).unwrap()
}

fn loader(directory: &Path) -> Loader {
    let loader = Loader::new(&[]).settings::<Settings>();
    loader.directory(directory)
}

// acceptance 21.1 (43), 21.2 (25)
#[test]
fn a_reload_is_invisible_until_valid() {
    let files = directory(&[("plumego.toml", "workers = 1\nname = 'first'")]);
    let file = files.path().join("plumego.toml");
    let live = live(files.path());
    let held = live.current();

    fs::write(&file, "workers = 999\nname = 'second'").unwrap();
    let errors = live.reload().unwrap_err();
    assert_eq!(errors.problems()[0].key(), "workers");
    assert!(Arc::ptr_eq(&held, &live.current()));

    fs::write(&file, "Workers = 3").unwrap();
    let reloaded = live.reload().unwrap();
    let now = live.current();
    assert!(Arc::ptr_eq(reloaded.settings(), &now));
    // A key that was taken away is gone, and what is held does not change.
    assert_eq!((now.workers, now.name.as_str()), (3, ""));
    assert_eq!((held.workers, held.name.as_str()), (1, "first"));
}

/// `--config <(…)` of a shell: opened again it waits for ever, or reads as empty, and every setting
/// would be its default.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_refused_afterwards() {
    use std::process::Command;

    let files = directory(&[]);
    let pipe = files.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let written = |text: &str| {
        let script = format!("printf '{text}' > \"$0\"");
        Command::new("sh").args(["-c", &script]).arg(&pipe).spawn()
    };
    let mut writer = written("workers = 7").unwrap();
    let loader = Loader::new(&[]).settings::<Settings>();
    let args = [
        "app".into(),
        "--config".into(),
        pipe.clone().into_os_string(),
    ];
    let live: Live<Settings> = Live::new(loader, args).unwrap();
    assert!(writer.wait().unwrap().success());
    assert_eq!(live.current().workers, 7);

    // A reader of an empty pipe would wait, so there is somebody to end that.
    let mut writer = written("workers = 8").unwrap();
    let errors = live.reload().unwrap_err();
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert_eq!(errors.problems()[0].key(), "config_file");
    assert!(errors.to_string().contains("this is a pipe"), "{errors}");
    assert_eq!(live.current().workers, 7);
}

/// What a successor finds that inherits `<(…)`, and whoever starts with a `<(…)` that failed: they
/// would serve with every setting at its default.
#[cfg(unix)]
#[test]
fn an_empty_pipe_is_no_settings_file() {
    use std::process::Command;

    let files = directory(&[]);
    let pipe = files.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let mut writer = Command::new("sh")
        .args(["-c", ": > \"$0\""])
        .arg(&pipe)
        .spawn()
        .unwrap();
    let args = ["app".into(), "--env-file".into(), pipe.into_os_string()];
    let errors = Loader::new(&[]).load_with_args(args).unwrap_err();
    assert!(writer.wait().unwrap().success());
    assert_eq!(errors.problems()[0].key(), "env_file");
    assert!(errors.to_string().contains("it was empty"), "{errors}");
}

#[test]
fn who_knows_more_is_asked_of_every_candidate() {
    let files = directory(&[("plumego.toml", "workers = 1")]);
    let file = files.path().join("plumego.toml");
    let live = live(files.path());
    live.on_candidate(|candidate| {
        let workers: u8 = candidate.section("workers").unwrap();
        let many = (workers > 4).then(|| ConfigError::told("workers is more than there is room"));
        many.into_iter().collect()
    });
    fs::write(&file, "workers = 5").unwrap();
    let errors = live.reload().unwrap_err();
    let told = "1 problem in the settings\n  workers is more than there is room";
    assert_eq!(errors.to_string(), told);
    assert_eq!(live.current().workers, 1);
    fs::write(&file, "workers = 4").unwrap();
    assert_eq!(live.reload().unwrap().settings().workers, 4);
}

#[test]
fn the_first_load_must_be_right() {
    let files = directory(&[("plumego.toml", "workers = -1")]);
    assert!(Live::<Settings>::new(loader(files.path()), ["app"]).is_err());
}

#[test]
fn flags_given_at_the_start_win_over_a_changed_file() {
    let files = directory(&[("plumego.toml", "workers = 1")]);
    let live: Live<Settings> = Live::new(loader(files.path()), ["app", "--workers=7"]).unwrap();
    fs::write(
        files.path().join("plumego.toml"),
        "workers = 2\nname = 'new'",
    )
    .unwrap();
    live.reload().unwrap();
    let now = live.current();
    assert_eq!((now.workers, now.name.as_str()), (7, "new"));
}

// acceptance 21.2 (25)
#[test]
fn the_environment_beats_a_changed_dotenv() {
    let files = directory(&[(".env", "APP_WORKERS=1\nAPP_NAME=one")]);
    let loader = loader(files.path()).environment([("APP_WORKERS", "5")]);
    let live: Live<Settings> = Live::new(loader, ["app"]).unwrap();
    fs::write(files.path().join(".env"), "APP_WORKERS=2\nAPP_NAME=two").unwrap();
    let reloaded = live.reload().unwrap();
    let changes: Vec<String> = reloaded.changes().iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["name: \"one\" → \"two\" (.env line 2, APP_NAME)"]);
    assert_eq!(live.current().workers, 5);
}

#[test]
fn a_change_says_key_values_and_source_and_no_secret() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "the fields are the keys")]
    struct Own {
        password: Secret<String>,
        pool: u32,
        #[serde(default)]
        limits: BTreeMap<String, u32>,
    }
    let first = "password = 'hunter1'\npool = 1\n[limits]\na = 1\n";
    let files = directory(&[
        ("plumego.toml", first),
        (".env", "APP_READ_TIMEOUT_MS=1000"),
    ]);
    let loader = Loader::new(KEYS).settings::<Own>().directory(files.path());
    let live: Live<Own> = Live::new(loader, ["app"]).unwrap();
    let next = "password = 'hunter2'\npool = 1\n[limits]\na = 2\n[log]\nformat = 'json'";
    fs::write(files.path().join("plumego.toml"), next).unwrap();
    fs::remove_file(files.path().join(".env")).unwrap();
    let reloaded = live.reload().unwrap();
    let changes: Vec<String> = reloaded.changes().iter().map(ToString::to_string).collect();
    let expected = [
        "server.read_timeout: 1s → 30s (default)",
        "log.format: \"pretty\" → \"json\" (plumego.toml line 6 column 1)",
        "limits: (table of 1) → (table of 1) (plumego.toml line 3 column 2)",
        "password: [secret] → [secret] (plumego.toml line 1 column 1)",
    ];
    assert_eq!(changes, expected);
    assert!(!format!("{reloaded:?}").contains("hunter"));
    let own: Vec<bool> = reloaded
        .changes()
        .iter()
        .map(plumego_config::Change::is_reloadable)
        .collect();
    assert_eq!(own, [true, false, true, true]);
}

#[test]
fn what_a_program_asks_of_its_settings_is_asked_of_every_candidate() {
    let files = directory(&[(".env", "APP_WORKERS=1"), ("plumego.toml", "")]);
    let loader = loader(files.path())
        .validate("", |settings: &Settings, report| {
            if settings.workers > 4 {
                report.problem("Workers", "at most 4");
            }
            if settings.workers > 8 {
                report.problem("name", "a name, for so many workers");
            }
        })
        .validate("workers", |workers: &u8, report| {
            if *workers == 3 {
                report.problem("", "another number");
            }
        });
    let live: Live<Settings> = Live::new(loader, ["app"]).unwrap();
    let refused = |text: &str| {
        fs::write(files.path().join(".env"), text).unwrap();
        live.reload().unwrap_err().to_string()
    };
    assert_eq!(
        refused("APP_WORKERS=9"),
        "2 problems in the settings\n  \
         `workers` (.env line 1, APP_WORKERS): expected at most 4, got \"9\"\n  \
         `name`: expected a name, for so many workers; hint: set `name` in the settings file or \
         the variable APP_NAME or the flag --name"
    );
    assert!(refused("APP_WORKERS=3").ends_with("expected another number, got \"3\""));
    assert_eq!(live.current().workers, 1);
}

#[tokio::test]
async fn a_slow_subscriber_gets_the_newest_and_holds_up_nobody() {
    let files = directory(&[("plumego.toml", "workers = 0")]);
    let live = live(files.path());
    let (mut slow, mut other) = (live.subscribe(), live.subscribe());
    for workers in 1..=100 {
        let text = format!("workers = {workers}");
        fs::write(files.path().join("plumego.toml"), text).unwrap();
        live.reload().unwrap();
        assert_eq!(other.changed().await.unwrap().workers, workers);
    }
    assert_eq!(slow.current().workers, 100);
    assert_eq!(slow.changed().await.unwrap().workers, 100);
    // What was refused, and what is as it was, is not told.
    live.reload().unwrap();
    fs::write(files.path().join("plumego.toml"), "workers = 'many'").unwrap();
    live.reload().unwrap_err();
    drop(live);
    assert!(slow.changed().await.is_none());
}

#[tokio::test]
async fn one_key_is_watched_under_any_of_its_names() {
    let first = "workers = 1\nname = 'a'\n[server]\nread_timeout = '5s'";
    let files = directory(&[("plumego.toml", first)]);
    let loader = Loader::new(KEYS).settings::<Settings>();
    let live: Live<Settings> = Live::new(loader.directory(files.path()), ["app"]).unwrap();
    let names = [
        "server.read_timeout",
        "Server.ReadTimeout",
        "APP_READ_TIMEOUT_MS",
    ];
    let mut timeouts: Vec<KeySubscription<Duration>> =
        names.map(|name| live.watch(name).unwrap()).into();
    let mut server = live
        .watch::<BTreeMap<String, toml::Value>>("server")
        .unwrap();
    assert_eq!(server.key(), "server");

    let write = |text: &str| fs::write(files.path().join("plumego.toml"), text).unwrap();
    write("workers = 2\nname = 'b'\n[server]\nread_timeout = '5s'");
    live.reload().unwrap();
    write("workers = 3\nname = 'b'\n[server]\nread_timeout = '7s'");
    live.reload().unwrap();
    for timeout in &mut timeouts {
        assert_eq!(timeout.key(), "server.read_timeout");
        let now = timeout.changed().await.unwrap().unwrap();
        assert_eq!(now, Duration::from_secs(7));
    }
    assert!(server.changed().await.unwrap().is_ok());

    let error = live.watch::<Duration>("server.read_timeot").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did you mean `server.read_timeout`?"),
        "{error}"
    );
    assert!(live.watch::<u8>("name").is_err());
    drop(live);
    assert!(timeouts[0].changed().await.is_none());
}

#[tokio::test]
async fn a_value_that_the_watcher_cannot_read_is_told_as_an_error() {
    let files = directory(&[("plumego.toml", "workers = 1\nname = '7'")]);
    let live = live(files.path());
    let mut name = live.watch::<u8>("name").unwrap();
    for (text, expected) in [("seven", None), ("8", Some(8))] {
        let text = format!("workers = 1\nname = '{text}'");
        fs::write(files.path().join("plumego.toml"), text).unwrap();
        live.reload().unwrap();
        assert_eq!(name.changed().await.unwrap().ok(), expected);
    }
}

#[test]
fn reloads_that_race_leave_what_was_read_last() {
    let files = directory(&[("plumego.toml", "workers = 0")]);
    let live = live(files.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    live.on_reload(move |reloaded| hear.lock().unwrap().push(reloaded.settings().workers));
    for round in 1..=50_u8 {
        let text = format!("workers = {round}");
        fs::write(files.path().join("plumego.toml"), text).unwrap();
        let start = Barrier::new(2);
        let changes: Vec<usize> = std::thread::scope(|scope| {
            let racers = [(), ()].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    live.reload().unwrap().changes().len()
                })
            });
            racers.map(|racer| racer.join().unwrap()).into()
        });
        // One of them found the change, the other nothing more to do.
        assert_eq!(changes.iter().sum::<usize>(), 1);
        assert_eq!(live.current().workers, round);
    }
    assert_eq!(*told.lock().unwrap(), (1..=50).collect::<Vec<u8>>());
}

#[test]
fn the_files_are_named_whether_they_are_there_or_not() {
    let files = directory(&[("plumego.toml", "workers = 1")]);
    let live = live(files.path());
    let named = [".env", "plumego.toml"].map(|name| files.path().join(name));
    assert_eq!(live.loaded().files(), named);
}
