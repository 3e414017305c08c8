//! Sources of a program, asked by the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumego_app::{App, Changes, Refused, Reload};
use plumego_observe::log::{CaptureSink, LogConfig, LogWriter};
use tokio::sync::Semaphore;

use super::Text;
use crate::heard::hear;

#[tokio::test]
async fn a_source_answers_what_changed_or_why_it_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("text");
    std::fs::write(&file, "one").unwrap();
    let text = Text::new("text", &file);
    let app = App::builder().reload(text.clone()).build().unwrap();
    let handle = app.handle();

    let report = handle.reload().await;
    assert!(report.is_ok());
    assert_eq!(report.to_string(), "text: nothing changed");
    assert!(report.of("text").unwrap().as_ref().unwrap().is_empty());
    assert!(report.of("other").is_none());

    std::fs::write(&file, "two").unwrap();
    let report = handle.reload().await;
    assert_eq!(report.to_string(), "text: changed: the text");
    assert_eq!(text.text(), "two");

    std::fs::write(&file, "bad").unwrap();
    let report = handle.reload().await;
    assert!(!report.is_ok());
    assert_eq!(
        report.to_string(),
        "text: refused: the text is bad; and not good"
    );
    assert_eq!(text.text(), "two");

    let metrics = app.metrics().encode();
    for result in ["changed", "unchanged", "refused"] {
        let line = format!("reloads_total{{source=\"text\",result=\"{result}\"}} 1\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn a_reload_is_one_line_of_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("text");
    let app = App::builder().reload(Text::new("text", &file)).build();
    let handle = app.unwrap().handle();
    let sink = CaptureSink::default();
    let writer = LogWriter::new(sink.clone(), &LogConfig::default());
    let _heard = hear(writer.clone());
    for text in ["one", "bad", "one"] {
        std::fs::write(&file, text).unwrap();
        handle.reload().await;
    }
    writer.flush().unwrap();
    let log = sink.text();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(lines[0].contains("INFO"), "{log}");
    assert!(lines[0].contains("reloaded source=\"text\""), "{log}");
    assert!(lines[0].contains("changed=\"the text\""), "{log}");
    assert!(lines[1].contains("ERROR"), "{log}");
    assert!(
        lines[1].contains("problems=\"the text is bad; and not good\""),
        "{log}"
    );
    assert!(lines[2].contains("nothing has changed"), "{log}");
}

struct Panics;

impl Reload for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        panic!("as the test wants")
    }
}

struct Hangs;

impl Reload for Hangs {
    fn name(&self) -> &'static str {
        "hangs"
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_or_hangs_is_refused_and_the_next_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let text = Text::new("text", &directory.path().join("text"));
    let app = App::builder().reload(Panics).reload(Hangs).reload(text);
    let report = app.build().unwrap().handle().reload().await;
    let refused = |source: &str| report.of(source).unwrap().clone().unwrap_err().to_string();
    assert_eq!(refused("panics"), "reading again panicked");
    assert_eq!(refused("hangs"), "reading again took more than 30s");
    assert!(report.of("text").unwrap().is_ok());
}

/// Counts how many read at once.
struct Slow {
    reading: AtomicUsize,
    most: AtomicUsize,
    go: Semaphore,
}

impl Reload for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        let reading = self.reading.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(reading, Ordering::SeqCst);
        self.go.acquire().await.unwrap().forget();
        self.reading.fetch_sub(1, Ordering::SeqCst);
        Ok(Changes::none())
    }
}

#[tokio::test]
async fn two_reloads_that_race_run_one_after_the_other() {
    let slow = Arc::new(Slow {
        reading: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        go: Semaphore::new(0),
    });
    let app = App::builder().reload(slow.clone()).build().unwrap();
    let (first, second) = (app.handle(), app.handle());
    let go = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        slow.go.add_permits(2);
    };
    let (first, second, ()) = tokio::join!(first.reload(), second.reload(), go);
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(slow.most.load(Ordering::SeqCst), 1);
}

#[test]
fn two_sources_of_one_name_are_a_problem_of_the_build() {
    let problems = App::builder().reload(Panics).reload(Panics).build();
    let problems = problems.unwrap_err().to_string();
    assert!(problems.contains("two sources of reloads are called `panics`"));
}

#[tokio::test]
async fn nothing_to_reload_is_said_so() {
    let report = App::builder().build().unwrap().handle().reload().await;
    assert!(report.is_ok());
    assert_eq!(report.to_string(), "nothing can be reloaded");
}
