use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use plumego_observe::log::{
    CaptureSink, FileSink, LogConfig, LogFilter, LogFormat, LogSink, LogWriter,
};
use plumego_observe::trace::TraceContext;
use serde_json::Value;
use tracing::Level;
use tracing::level_filters::LevelFilter;

pub(crate) fn config(format: LogFormat) -> LogConfig {
    let mut config = LogConfig::default();
    config.format = format;
    config
}

pub(crate) fn capture(format: LogFormat) -> (LogWriter, CaptureSink) {
    let sink = CaptureSink::default();
    (LogWriter::new(sink.clone(), &config(format)), sink)
}

/// Flushes and returns all lines, checked to be one JSON object each.
pub(crate) fn objects(writer: &LogWriter, sink: &CaptureSink) -> Vec<Value> {
    writer.flush().unwrap();
    assert!(sink.text().is_empty() || sink.text().ends_with('\n'));
    let lines: Vec<Value> = sink
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(lines.iter().all(Value::is_object));
    lines
}

/// A line without the time it begins with.
pub(crate) fn after_time(line: &str) -> &str {
    let (time, rest) = line.split_at_checked(25).expect(line);
    assert!(time.ends_with("Z "), "{line}");
    rest
}

#[test]
fn a_line_of_the_application_in_both_formats() {
    let trace = TraceContext::new_root();
    let fields: [(&str, &dyn std::fmt::Display); 3] =
        [("port", &8080), ("level", &"fake\"\n"), ("a\"b", &"")];
    let (writer, sink) = capture(LogFormat::Json);
    writer.log(
        Level::WARN,
        "shop",
        "ready\r\n{\"level\":\"info\"}",
        &fields,
    );
    let _guard = trace.enter();
    writer.log(Level::INFO, "shop", "", &[]);
    let lines = objects(&writer, &sink);
    assert_eq!(lines[0]["level"], "warn");
    assert_eq!(lines[0]["msg"], "ready\r\n{\"level\":\"info\"}");
    assert_eq!(lines[0]["fields"]["level"], "fake\"\n");
    assert_eq!(lines[0]["fields"]["a\"b"], "");
    assert_eq!(lines[0]["fields"]["port"], "8080");
    assert_eq!(lines[1]["trace_id"], trace.trace_id().to_string());
    assert_eq!(lines[1]["span_id"], trace.span_id().to_string());
    assert!(lines[1].get("fields").is_none());

    let (writer, sink) = capture(LogFormat::Pretty);
    writer.log(Level::WARN, "shop", "ready\r\nERROR", &fields);
    writer.flush().unwrap();
    let expected = format!(
        "WARN  shop: ready\\r\\nERROR trace_id={} span_id={} port=\"8080\" level=\"fake\\\"\\n\" \
         a\\\"b=\"\"",
        trace.trace_id(),
        trace.span_id()
    );
    assert_eq!(after_time(&sink.lines()[0]), expected);
}

#[test]
fn a_line_is_one_line_whatever_is_appended() {
    let (writer, sink) = capture(LogFormat::Pretty);
    assert!(writer.append(|out| out.extend_from_slice(b"one\ntwo\n")));
    assert!(writer.append(|_| ()));
    assert_eq!(sink.text(), "", "nothing is written before a flush");
    writer.flush().unwrap();
    assert_eq!(sink.text(), "one two \n\n");
    writer.flush().unwrap();
    assert_eq!(sink.text(), "one two \n\n");
}

#[test]
fn a_panic_while_building_takes_its_line_back() {
    let (writer, sink) = capture(LogFormat::Pretty);
    writer.append(|out| out.extend_from_slice(b"before"));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        writer.append(|out| {
            out.extend_from_slice(b"half a li");
            std::panic::resume_unwind(Box::new(()));
        })
    }));
    assert!(caught.is_err());
    writer.append(|out| out.extend_from_slice(b"after"));
    writer.flush().unwrap();
    assert_eq!(sink.text(), "before\nafter\n");
}

#[test]
fn beyond_the_bound_lines_are_dropped_whole_counted_and_told() {
    let sink = CaptureSink::default();
    let mut config = config(LogFormat::Json);
    config.shard_bytes = 100;
    let writer = LogWriter::new(sink.clone(), &config);
    let line = |out: &mut Vec<u8>| out.extend_from_slice(&[b'1'; 49]);
    assert!(writer.append(line));
    assert!(writer.append(line));
    assert!(!writer.append(line), "100 bytes are full");
    assert!(!writer.append(|out| out.resize(10_000_000, b'2')));
    assert_eq!(writer.dropped(), 2);
    assert!(writer.wants_flush());
    writer.flush().unwrap();
    let lines = sink.lines();
    assert_eq!(lines[..2], ["1".repeat(49), "1".repeat(49)]);
    let told: Value = serde_json::from_str(&lines[2]).unwrap();
    assert_eq!(
        (&told["level"], &told["msg"]),
        (&"warn".into(), &"log lines were dropped".into())
    );
    assert_eq!(told["fields"]["dropped"], 2);
    // Told once; there is room again.
    assert!(writer.append(line));
    writer.flush().unwrap();
    assert_eq!(sink.lines().len(), 4);
    // A line that alone is too long is dropped too.
    assert!(!writer.append(|out| out.resize(out.len() + 100, b'2')));
    assert!(writer.append(|out| out.resize(out.len() + 99, b'3')));
}

/// Fails while it is told to.
#[derive(Clone, Default)]
struct BrokenSink {
    broken: Arc<AtomicBool>,
    capture: CaptureSink,
}

impl LogSink for BrokenSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("disk full"));
        }
        self.capture.write_all(lines)
    }
}

#[test]
fn a_failing_sink_loses_lines_but_not_their_number() {
    let sink = BrokenSink::default();
    let writer = LogWriter::new(sink.clone(), &config(LogFormat::Json));
    sink.broken.store(true, Ordering::SeqCst);
    writer.append(|out| out.push(b'1'));
    writer.append(|out| out.push(b'2'));
    assert_eq!(writer.flush().unwrap_err().to_string(), "disk full");
    assert_eq!(writer.dropped(), 2);
    // The lines, and the line that says so.
    assert_eq!(writer.write_errors(), 2);
    sink.broken.store(false, Ordering::SeqCst);
    writer.append(|out| out.push(b'3'));
    writer.flush().unwrap();
    let lines = sink.capture.lines();
    assert_eq!(lines[0], "3");
    assert!(lines[1].contains("\"dropped\":2"), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

/// Says when it is entered and waits until it may go on.
struct BlockedSink {
    entered: Mutex<mpsc::Sender<()>>,
    go_on: Mutex<mpsc::Receiver<()>>,
    capture: CaptureSink,
}

impl LogSink for BlockedSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        self.entered.lock().unwrap().send(()).unwrap();
        // Once the test has gone, go on without asking.
        let _ = self.go_on.lock().unwrap().recv();
        self.capture.write_all(lines)
    }
}

#[test]
fn a_blocked_sink_blocks_no_one_who_logs_and_memory_stays_bounded() {
    let (entered, is_entered) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let capture = CaptureSink::default();
    let sink = BlockedSink {
        entered: Mutex::new(entered),
        go_on: Mutex::new(may_go_on),
        capture: capture.clone(),
    };
    let mut config = config(LogFormat::Json);
    (config.shards, config.shard_bytes) = (2, 1000);
    let writer = LogWriter::new(sink, &config);
    writer.append(|out| out.extend_from_slice(b"\"first\""));
    let flusher = writer.clone();
    let flushing = std::thread::spawn(move || flusher.flush());
    is_entered.recv().unwrap();
    let kept = (0..10_000)
        .filter(|_| writer.append(|out| out.extend_from_slice(b"\"next\"")))
        .count();
    assert_eq!(kept, 1000 / 7);
    assert_eq!(writer.dropped(), 10_000 - kept as u64);
    drop(go_on);
    flushing.join().unwrap().unwrap();
    writer.flush().unwrap();
    let lines = capture.lines();
    assert_eq!(
        lines.iter().filter(|line| *line == "\"next\"").count(),
        kept
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains(&format!("\"dropped\":{}", 10_000 - kept)))
    );
}

#[test]
fn flushing_while_threads_append_loses_nothing_and_tears_nothing() {
    const THREADS: usize = 8;
    const LINES: usize = 3000;
    let (writer, sink) = capture(LogFormat::Json);
    let done = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (writer, done) = (writer.clone(), Arc::clone(&done));
            std::thread::spawn(move || {
                for line in 0..LINES {
                    let text = format!("[{thread},{line},\"{}\"]", "x".repeat(line % 97));
                    while !writer.append(|out| out.extend_from_slice(text.as_bytes())) {
                        std::thread::yield_now();
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    while done.load(Ordering::SeqCst) < THREADS {
        writer.flush().unwrap();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    writer.flush().unwrap();
    let seen: Vec<(usize, usize)> = sink
        .lines()
        .iter()
        .filter(|line| !line.starts_with('{'))
        .map(|line| {
            let (thread, number, text): (usize, usize, String) =
                serde_json::from_str(line).expect(line);
            assert_eq!(text.len(), number % 97);
            (thread, number)
        })
        .collect();
    assert_eq!(seen.len(), THREADS * LINES);
    assert_eq!(
        seen.into_iter().collect::<BTreeSet<_>>().len(),
        THREADS * LINES
    );
}

#[test]
fn high_water_asks_for_a_flush_once() {
    let (writer, _) = capture(LogFormat::Json);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    assert!(writer.on_high_water(Box::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    })));
    assert!(!writer.on_high_water(Box::new(|| ())), "it is set already");
    writer.append(|out| out.resize(LogConfig::default().high_water_bytes - 2, b'1'));
    assert!(!writer.wants_flush());
    writer.append(|out| out.push(b'2'));
    writer.append(|out| out.push(b'3'));
    assert!(writer.wants_flush());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    writer.flush().unwrap();
    assert!(!writer.wants_flush());
    writer.log(Level::ERROR, "shop", "an error does not wait", &[]);
    assert!(writer.wants_flush());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn text_is_cut_where_a_line_would_be_endless() {
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let (writer, sink) = capture(format);
        writer.log(
            Level::INFO,
            "shop",
            &"é".repeat(1_000_000),
            &[("more", &"x".repeat(9))],
        );
        writer.flush().unwrap();
        let line = &sink.lines()[0];
        assert!((16_000..17_000).contains(&line.len()), "{}", line.len());
        assert_eq!(line.matches('…').count(), 1);
        assert!(!line.contains("xx"));
    }
}

#[test]
fn a_file_is_appended_to_and_a_wrong_path_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    for text in ["one", "two"] {
        let writer = LogWriter::new(FileSink::append(&path).unwrap(), &config(LogFormat::Pretty));
        writer.append(|out| out.extend_from_slice(text.as_bytes()));
        writer.flush().unwrap();
    }
    #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "one\ntwo\n");
    let missing = folder.path().join("no").join("app.log");
    let error = FileSink::append(&missing).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(
        error.to_string().contains(&missing.display().to_string()),
        "{error}"
    );
}

#[test]
fn formats_are_read_by_name() {
    assert_eq!("json".parse(), Ok(LogFormat::Json));
    assert_eq!(LogFormat::Pretty.to_string().parse(), Ok(LogFormat::Pretty));
    let error = "xml".parse::<LogFormat>().unwrap_err();
    assert_eq!(
        error,
        "\"xml\" is not a log format; expected `pretty` or `json`"
    );
}

#[test]
fn the_longest_matching_module_decides() {
    let filter: LogFilter = " warn , shop = debug ,shop::cart=off,hyper=ERROR"
        .parse()
        .unwrap();
    for (target, level, allowed) in [
        ("other", Level::WARN, true),
        ("other", Level::INFO, false),
        ("shop", Level::DEBUG, true),
        ("shop", Level::TRACE, false),
        ("shop::basket", Level::DEBUG, true),
        ("shop::cart", Level::ERROR, false),
        ("shop::cart::item", Level::ERROR, false),
        ("shop::carts", Level::DEBUG, true),
        ("shopping", Level::INFO, false),
        ("hyper_util", Level::WARN, true),
        ("hyper", Level::WARN, false),
    ] {
        assert_eq!(filter.allows(target, level), allowed, "{target} {level}");
    }
    assert_eq!(filter.max_level(), LevelFilter::DEBUG);
    assert_eq!(filter.to_string().parse(), Ok(filter));
    assert_eq!(
        "hyper=warn".parse::<LogFilter>().unwrap().max_level(),
        LevelFilter::INFO
    );
    assert!(!LogFilter::new(LevelFilter::OFF).allows("shop", Level::ERROR));
}

#[test]
fn a_wrong_filter_says_which_part_is_wrong() {
    for (text, expected) in [
        (
            "",
            "log level \"\": \"\" is not a level; expected off, error",
        ),
        ("info,", "log level \"\": "),
        (
            "verbose",
            "log level \"verbose\": \"verbose\" is not a level",
        ),
        ("info,shop=", "log level \"shop=\": \"\" is not a level"),
        (
            "shop==info",
            "log level \"shop==info\": \"=info\" is not a level",
        ),
        ("=info", "\"\" is not the path of a module"),
        ("a b=info", "\"a b\" is not the path of a module"),
        (
            "info,warn",
            "log level \"warn\": there is a level for everything already",
        ),
        ("a=info,a=warn", "there is a level for \"a\" already"),
    ] {
        let error = text.parse::<LogFilter>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    let many: Vec<String> = (0..65).map(|n| format!("m{n}=info")).collect();
    let error = many.join(",").parse::<LogFilter>().unwrap_err().to_string();
    assert!(error.contains("at most 64 parts"), "{error}");
    assert!(many[..64].join(",").parse::<LogFilter>().is_ok());
}

/// Panics as long as it is told to.
struct PanickingSink {
    panics: Arc<AtomicBool>,
    capture: CaptureSink,
}

impl LogSink for PanickingSink {
    fn write_all(&self, lines: &[u8]) -> io::Result<()> {
        assert!(
            !self.panics.load(Ordering::SeqCst),
            "the sink of somebody else"
        );
        self.capture.write_all(lines)
    }
}

#[test]
fn a_sink_that_panics_costs_its_lines_and_not_the_log() {
    let (panics, capture) = (Arc::new(AtomicBool::new(true)), CaptureSink::default());
    let sink = PanickingSink {
        panics: Arc::clone(&panics),
        capture: capture.clone(),
    };
    let writer = LogWriter::new(sink, &config(LogFormat::Json));
    writer.log(Level::INFO, "shop", "lost", &[]);
    assert!(writer.flush().is_err());
    panics.store(false, Ordering::SeqCst);
    writer.log(Level::INFO, "shop", "kept", &[]);
    let lines = objects(&writer, &capture);
    assert_eq!(lines[0]["msg"], "kept");
    assert_eq!(lines[1]["fields"]["dropped"], 1);
}
