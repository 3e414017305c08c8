//! A profile as `pprof` reads it: `profile.proto` of github.com/google/pprof, gzipped.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use plumego_contract::Error;

use super::sample::{Frame, Profile, Stack};

/// Bytes of a message, in the encoding of protobuf: varints and what has a length.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    /// A field of kind `int64`, `uint64` or the index of a text. Zero is left out.
    fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.varint(field << 3);
            self.varint(value);
        }
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn message(&mut self, field: u64, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// A repeated number, packed.
    fn numbers(&mut self, field: u64, values: impl IntoIterator<Item = u64>) {
        self.message(field, |packed| {
            values.into_iter().for_each(|value| packed.varint(value));
        });
    }
}

/// Numbers what it is shown, from `first` on, and remembers the order.
struct Numbered<T> {
    numbers: HashMap<T, u64>,
    order: Vec<T>,
    first: u64,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn from(first: u64) -> Self {
        Self {
            numbers: HashMap::new(),
            order: Vec::new(),
            first,
        }
    }

    fn number(&mut self, value: &T) -> u64 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = self.first + self.order.len() as u64;
        self.numbers.insert(value.clone(), number);
        self.order.push(value.clone());
        number
    }
}

/// A function: the texts of its name, its name in the binary, and its file.
type Function = (u64, u64, u64);
/// A place in a function, by its number, and the line.
type Place = (u64, u64);

struct Tables {
    texts: Numbered<String>,
    functions: Numbered<Function>,
    places: Numbered<Place>,
}

impl Tables {
    fn text(&mut self, text: &str) -> u64 {
        self.texts.number(&text.to_owned())
    }

    fn place(&mut self, frame: &Frame) -> u64 {
        let (name, file) = (self.text(&frame.name), self.text(&frame.file));
        let function = (name, self.text(&frame.symbol), file);
        let function = self.functions.number(&function);
        self.places.number(&(function, u64::from(frame.line)))
    }
}

/// The profile, gzipped.
pub(super) fn gzipped(profile: &Profile) -> Result<Vec<u8>, Error> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(&message(profile)).map_err(Error::internal)?;
    out.finish().map_err(Error::internal)
}

fn message(profile: &Profile) -> Vec<u8> {
    let mut tables = Tables {
        texts: Numbered::from(0),
        functions: Numbered::from(1),
        places: Numbered::from(1),
    };
    // The first text is the empty one.
    tables.text("");
    let mut out = Message::default();
    let period = u64::try_from(profile.period.as_nanos()).unwrap_or(u64::MAX);
    for (kind, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
        value_type(&mut out, 1, &mut tables, (kind, unit));
    }
    for stack in &profile.stacks {
        sample(&mut out, &mut tables, stack, period);
    }
    for (place, (function, line)) in (1..).zip(&tables.places.order) {
        out.message(4, |location| {
            location.number(1, place);
            location.message(4, |inner| {
                inner.number(1, *function);
                inner.number(2, *line);
            });
        });
    }
    // Readers shorten a name that is the same in the binary: they take it for one of C++.
    for (number, (name, symbol, file)) in (1..).zip(&tables.functions.order) {
        out.message(5, |function| {
            function.number(1, number);
            function.number(2, *name);
            function.number(3, *symbol);
            function.number(4, *file);
        });
    }
    value_type(&mut out, 11, &mut tables, ("cpu", "nanoseconds"));
    for text in &tables.texts.order {
        out.bytes(6, text.as_bytes());
    }
    out.number(9, profile.start.unix_nanos().unsigned_abs());
    let nanos = profile.duration.as_nanos();
    out.number(10, u64::try_from(nanos).unwrap_or(u64::MAX));
    out.number(12, period);
    out.0
}

fn value_type(out: &mut Message, field: u64, tables: &mut Tables, (kind, unit): (&str, &str)) {
    let (kind, unit) = (tables.text(kind), tables.text(unit));
    out.message(field, |value| {
        value.number(1, kind);
        value.number(2, unit);
    });
}

fn sample(out: &mut Message, tables: &mut Tables, stack: &Stack, period: u64) {
    let places: Vec<u64> = stack
        .frames
        .iter()
        .map(|frame| tables.place(frame))
        .collect();
    let (key, thread) = (tables.text("thread"), tables.text(&stack.thread));
    out.message(2, |sample| {
        sample.numbers(1, places);
        sample.numbers(2, [stack.count, stack.count.saturating_mul(period)]);
        sample.message(3, |label| {
            label.number(1, key);
            label.number(2, thread);
        });
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plumego_stdx::Timestamp;

    use super::*;

    #[test]
    fn numbers_are_written_as_protobuf_has_them() {
        let mut message = Message::default();
        message.number(1, 150);
        message.number(2, 0);
        message.bytes(2, b"testing");
        // The examples of the encoding's own documentation.
        let expected = b"\x08\x96\x01\x12\x07testing";
        assert_eq!(message.0, expected);
        let mut packed = Message::default();
        packed.numbers(6, [3, 270, 86_942]);
        assert_eq!(packed.0, b"\x32\x06\x03\x8e\x02\x9e\xa7\x05");
    }

    #[test]
    fn a_function_is_written_once() {
        let frame = |name: &str, line| Frame {
            name: name.to_owned(),
            symbol: name.to_uppercase(),
            file: "shop.rs".to_owned(),
            line,
        };
        let stack = |line| Stack {
            frames: vec![frame("inner", line), frame("main", 1)],
            thread: "worker".to_owned(),
            count: 3,
        };
        let profile = Profile {
            stacks: vec![stack(7), stack(8)],
            frequency: 100,
            start: Timestamp::from_unix_nanos(1),
            duration: Duration::from_secs(1),
            period: Duration::from_millis(10),
        };
        let bytes = message(&profile);
        let times = |text: &[u8]| bytes.windows(text.len()).filter(|at| *at == text).count();
        for text in ["inner", "INNER", "main", "shop.rs", "worker", "nanoseconds"] {
            assert_eq!(times(text.as_bytes()), 1, "{text}");
        }
    }
}
