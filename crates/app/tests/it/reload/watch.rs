//! Files that change, in all the ways that files are changed in.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use plumego_observe::log::{CaptureSink, LogConfig, LogWriter};

use super::Text;
use crate::client::{app, start, stop, within};
use crate::heard::hear;

/// The source reads this next, and nothing else on the way.
async fn reads(seen: &mut tokio::sync::watch::Receiver<String>, expected: &str) {
    within(seen.changed()).await.unwrap();
    assert_eq!(*seen.borrow_and_update(), expected);
}

fn replace(file: &Path, text: &str) {
    let next = file.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, file).unwrap();
}

#[tokio::test]
async fn a_file_is_read_again_however_it_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("text");
    let text = Text::new("text", &file);
    let mut seen = text.subscribe();
    let (running, _) = start(app().reload(text)).await;

    fs::write(&file, "made").unwrap();
    reads(&mut seen, "made").await;
    fs::write(&file, "written in place").unwrap();
    reads(&mut seen, "written in place").await;
    replace(&file, "replaced");
    reads(&mut seen, "replaced").await;
    fs::remove_file(&file).unwrap();
    reads(&mut seen, "").await;
    replace(&file, "back");
    reads(&mut seen, "back").await;
    stop(running).await;
}

#[tokio::test]
async fn a_directory_that_does_not_exist_yet_is_seen_when_it_is_made() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("etc/shop");
    let text = Text::new("text", &directory.join("text"));
    let mut seen = text.subscribe();
    let (running, _) = start(app().reload(text)).await;
    for round in ["first", "second"] {
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("text"), round).unwrap();
        reads(&mut seen, round).await;
        fs::remove_dir_all(root.path().join("etc")).unwrap();
        reads(&mut seen, "").await;
    }
    stop(running).await;
}

/// Kubernetes mounts a `ConfigMap` so: the file is a symlink into `..data`, which is one to the
/// directory of a version, and is moved to the next one by a rename.
#[cfg(unix)]
#[tokio::test]
async fn the_symlink_of_a_mounted_volume_is_followed() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let version = |name: &str, text: &str| {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("text"), text).unwrap();
        symlink(name, root.path().join("..data_tmp")).unwrap();
        fs::rename(root.path().join("..data_tmp"), root.path().join("..data")).unwrap();
    };
    version("..v1", "first");
    let file = root.path().join("text");
    symlink("..data/text", &file).unwrap();
    let text = Text::new("text", &file);
    assert_eq!(text.text(), "first");
    let mut seen = text.subscribe();
    let (running, _) = start(app().reload(text)).await;
    version("..v2", "second");
    reads(&mut seen, "second").await;
    fs::remove_dir_all(root.path().join("..v1")).unwrap();
    version("..v3", "third");
    reads(&mut seen, "third").await;
    // The target itself may be written too.
    fs::write(root.path().join("..v3/text"), "fourth").unwrap();
    reads(&mut seen, "fourth").await;
    stop(running).await;
}

/// The directory itself is the symlink that a deployment moves.
#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_is_a_symlink_is_followed() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let release = |name: &str| {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("text"), name).unwrap();
        symlink(name, root.path().join("next")).unwrap();
        fs::rename(root.path().join("next"), root.path().join("current")).unwrap();
    };
    release("one");
    let text = Text::new("text", &root.path().join("current/text"));
    let mut seen = text.subscribe();
    let (running, _) = start(app().reload(text)).await;
    release("two");
    reads(&mut seen, "two").await;
    fs::write(root.path().join("two/text"), "written").unwrap();
    reads(&mut seen, "written").await;
    stop(running).await;
}

/// While a file is open for writing it is not read, however long its writer pauses.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_is_half_written_is_never_read() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("text");
    let text = Text::new("text", &path);
    let mut seen = text.subscribe();
    let (running, _) = start(app().reload(text)).await;
    fs::write(&path, "the watcher is there").unwrap();
    reads(&mut seen, "the watcher is there").await;

    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"half").unwrap();
    // Ten times what a file must stand still for.
    let pause = std::time::Duration::from_secs(1);
    let early = tokio::time::timeout(pause, seen.changed()).await;
    assert!(early.is_err(), "read {:?}", *seen.borrow());
    file.write_all(b" and whole").unwrap();
    drop(file);
    reads(&mut seen, "half and whole").await;
    stop(running).await;
}

#[tokio::test]
async fn a_change_before_the_start_is_seen() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("text");
    fs::write(&file, "at build").unwrap();
    let text = Text::new("text", &file);
    let mut seen = text.subscribe();
    let app = app().reload(text).build().unwrap();
    replace(&file, "at start");
    let running = app.start().await.unwrap();
    reads(&mut seen, "at start").await;
    stop(running).await;
}

#[tokio::test]
async fn a_file_that_is_refused_leaves_what_was_and_is_read_when_it_is_right() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("text");
    let text = Text::new("text", &file);
    let mut seen = text.subscribe();
    let builder = app().reload(text).build().unwrap();
    let metrics = builder.metrics().clone();
    let running = builder.start().await.unwrap();
    replace(&file, "bad");
    within(async {
        while !metrics
            .encode()
            .contains("reloads_total{source=\"text\",result=\"refused\"} 1\n")
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!seen.has_changed().unwrap());
    replace(&file, "good");
    reads(&mut seen, "good").await;
    stop(running).await;
}

/// Whoever put it right heard nothing, when what it says is what was in force.
#[tokio::test]
async fn a_file_that_was_refused_is_told_to_be_right_again() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("text");
    fs::write(&file, "good").unwrap();
    let sink = CaptureSink::default();
    let writer = LogWriter::new(sink.clone(), &LogConfig::default());
    let _heard = hear(writer.clone());
    let app = app().log_writer(writer.clone());
    let (running, _) = start(app.reload(Text::new("text", &file))).await;
    for (text, told) in [
        ("bad", "reloader: not reloaded, nothing has changed"),
        (
            "good",
            "reloader: reloaded, nothing has changed source=\"text\" trigger=\"file\"",
        ),
    ] {
        replace(&file, text);
        within(async {
            while !sink.text().contains(told) {
                writer.flush().unwrap();
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    stop(running).await;
}
