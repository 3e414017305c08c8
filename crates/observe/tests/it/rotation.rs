//! Files of the log: put aside by size and age, opened again, and nothing lost.
#![allow(clippy::disallowed_methods, reason = "the test reads what was written")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumego_observe::log::{FileSink, LogConfig, LogSink, LogWriter, RotatingFileSink, Rotation};
use tempfile::TempDir;

fn rotation(max_bytes: u64, keep: usize) -> Rotation {
    let mut rotation = Rotation::default();
    rotation.max_bytes = Some(max_bytes);
    rotation.keep = keep;
    rotation
}

/// The files in the order in which they were written, the one that is written last.
fn files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.rotate_left(1);
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_holds_what_it_may_and_no_line_is_lost_or_cut() {
    let directory = TempDir::new().unwrap();
    let sink = RotatingFileSink::append(directory.path().join("app.log"), rotation(100, 500));
    let sink = sink.unwrap();
    let mut expected = String::new();
    for batch in 0..40 {
        // Batches of several lines, larger than a file too.
        let lines: Vec<String> = (0..batch % 13)
            .map(|i| {
                format!(
                    "line {batch} {i}
"
                )
            })
            .collect();
        let lines = lines.concat();
        expected.push_str(&lines);
        sink.write_all(lines.as_bytes()).unwrap();
    }
    let files = files(&directory);
    assert!(files.len() > 20, "{files:?}");
    let texts: Vec<String> = files.iter().map(|path| read(path)).collect();
    assert_eq!(texts.concat(), expected);
    for text in texts {
        assert!(text.len() <= 100 && text.ends_with('\n'), "{text:?}");
    }
}

#[test]
fn a_line_longer_than_a_file_has_one_of_its_own() {
    let directory = TempDir::new().unwrap();
    let sink = RotatingFileSink::append(directory.path().join("app.log"), rotation(10, 9));
    let long = format!("{}\n", "x".repeat(50));
    let batch = format!("one\n{long}two\n");
    sink.unwrap().write_all(batch.as_bytes()).unwrap();
    let texts: Vec<String> = files(&directory).iter().map(|path| read(path)).collect();
    assert_eq!(texts, ["one\n", long.as_str(), "two\n"]);
}

#[test]
fn the_oldest_go_first_and_nothing_else_does() {
    let directory = TempDir::new().unwrap();
    let foreign = [
        "app.log.1",
        "app.log.20260102T030405678Z.gz",
        "app.log.old",
        "other",
    ];
    for name in foreign {
        fs::write(directory.path().join(name), "mine").unwrap();
    }
    let path = directory.path().join("app.log");
    let sink = RotatingFileSink::append(&path, rotation(8, 3)).unwrap();
    for number in 0..20 {
        sink.write_all(format!("line {number:02}\n").as_bytes())
            .unwrap();
    }
    for name in foreign {
        let path = directory.path().join(name);
        assert_eq!(read(&path), "mine");
        fs::remove_file(path).unwrap();
    }
    let texts: Vec<String> = files(&directory).iter().map(|path| read(path)).collect();
    assert_eq!(texts, ["line 16\n", "line 17\n", "line 18\n", "line 19\n"]);
}

#[test]
fn a_file_that_has_lines_is_put_aside_when_it_is_old() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    let mut by_age = Rotation::default();
    by_age.max_bytes = None;
    by_age.max_age = Some(Duration::ZERO);
    let sink = RotatingFileSink::append(&path, by_age.clone()).unwrap();
    sink.write_all(b"one\n").unwrap();
    sink.write_all(b"two\n").unwrap();
    let texts: Vec<String> = files(&directory).iter().map(|path| read(path)).collect();
    assert_eq!(texts, ["one\n", "two\n"]);

    let directory = TempDir::new().unwrap();
    by_age.max_age = Some(Duration::from_hours(1));
    let sink = RotatingFileSink::append(directory.path().join("app.log"), by_age).unwrap();
    sink.write_all(b"one\n").unwrap();
    sink.write_all(b"two\n").unwrap();
    assert_eq!(files(&directory).len(), 1);
}

#[test]
fn what_a_run_before_wrote_counts() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, "of before\n").unwrap();
    let sink = RotatingFileSink::append(&path, rotation(12, 3)).unwrap();
    sink.write_all(b"of now\n").unwrap();
    let texts: Vec<String> = files(&directory).iter().map(|path| read(path)).collect();
    assert_eq!(texts, ["of before\n", "of now\n"]);
}

#[test]
fn a_file_that_cannot_be_put_aside_is_written_on() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("logs");
    fs::create_dir(&place).unwrap();
    let path = place.join("app.log");
    let sink = RotatingFileSink::append(&path, rotation(8, 3)).unwrap();
    sink.write_all(b"line 01\n").unwrap();
    // The directory is gone from under it: no name can be given in it.
    let moved = directory.path().join("moved");
    fs::rename(&place, &moved).unwrap();
    assert!(sink.rotate().is_err());
    sink.write_all(b"line 02\nline 03\n").unwrap();
    assert_eq!(read(&moved.join("app.log")), "line 01\nline 02\nline 03\n");
}

/// A full disk: nothing that was not written counts, so no good file is put aside and removed.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_puts_no_file_aside() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let sink = RotatingFileSink::append(&path, rotation(8, 3)).unwrap();
    for _ in 0..3 {
        let error = sink.write_all(b"line 01\n").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
    assert_eq!(files(&directory), [path]);
}

#[cfg(unix)]
#[test]
fn a_file_moved_away_is_opened_again() {
    let directory = TempDir::new().unwrap();
    for name in ["plain", "rotating"] {
        let path = directory.path().join(name);
        let aside = directory.path().join(format!("{name}.1"));
        let sink: Box<dyn LogSink> = match name {
            "plain" => Box::new(FileSink::append(&path).unwrap()),
            _ => Box::new(RotatingFileSink::append(&path, Rotation::default()).unwrap()),
        };
        let writer = LogWriter::new(sink, &LogConfig::default());
        writer.append(|line| line.extend_from_slice(b"before"));
        assert!(!writer.reopen().unwrap(), "{name}: it is the same file");
        fs::rename(&path, &aside).unwrap();
        writer.append(|line| line.extend_from_slice(b"meanwhile"));
        assert!(writer.reopen().unwrap());
        writer.append(|line| line.extend_from_slice(b"after"));
        writer.flush().unwrap();
        assert_eq!(read(&aside), "before\nmeanwhile\n", "{name}");
        assert_eq!(read(&path), "after\n", "{name}");
    }
}

#[test]
fn writers_on_many_threads_lose_nothing_while_it_rotates() {
    const THREADS: usize = 4;
    const LINES: usize = 500;
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    let sink = RotatingFileSink::append(&path, rotation(4096, 1000)).unwrap();
    let writer = LogWriter::new(sink, &LogConfig::default());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let writer = writer.clone();
            scope.spawn(move || {
                for line in 0..LINES {
                    let text = format!("thread {thread} line {line}");
                    assert!(writer.append(|out| out.extend_from_slice(text.as_bytes())));
                    if line % 50 == 0 {
                        writer.flush().unwrap();
                    }
                }
            });
        }
    });
    writer.flush().unwrap();
    let text: String = files(&directory).iter().map(|path| read(path)).collect();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), THREADS * LINES);
}
