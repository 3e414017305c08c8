//! Reloads against a model: what is in force is the last state of all layers that was valid as a
//! whole, and nobody ever sees another one.

use std::fs;

use plumego_config::{Live, Loader};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;

use crate::directory;

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Settings {
    #[serde(default)]
    low: u8,
    #[serde(default)]
    high: u8,
}

/// The text of a layer: a value of each field, absent, valid, out of range, or not a number.
#[derive(Clone, Debug)]
enum Value {
    Absent,
    Number(u16),
    Word,
}

#[derive(Clone, Debug)]
enum Step {
    DotEnv([Value; 2]),
    Toml([Value; 2]),
    BreakToml,
    BreakDotEnv,
}

const FIELDS: [&str; 2] = ["low", "high"];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(Value::Absent),
        6 => (0..256_u16).prop_map(Value::Number),
        1 => (256..999_u16).prop_map(Value::Number),
        1 => Just(Value::Word),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => [value(), value()].prop_map(Step::DotEnv),
        6 => [value(), value()].prop_map(Step::Toml),
        1 => Just(Step::BreakToml),
        1 => Just(Step::BreakDotEnv),
    ]
}

/// The layers as the model has them; `None` is a file that cannot be understood.
struct Model {
    dotenv: Option<[Value; 2]>,
    toml: Option<[Value; 2]>,
    flag: Option<u8>,
}

impl Model {
    /// What the layers come to; `None` when anything is wrong.
    fn candidate(&self) -> Option<Settings> {
        let (dotenv, toml) = (self.dotenv.as_ref()?, self.toml.as_ref()?);
        let mut found = [0, 0];
        for (at, found) in found.iter_mut().enumerate() {
            let layers = [&dotenv[at], &toml[at]];
            let given = layers.iter().find(|value| !matches!(value, Value::Absent));
            *found = match (at, self.flag, given) {
                (0, Some(flag), _) => flag,
                (_, _, None) => 0,
                (_, _, Some(Value::Number(number))) => u8::try_from(*number).ok()?,
                (_, _, Some(_)) => return None,
            };
        }
        let [low, high] = found;
        (low <= high).then_some(Settings { low, high })
    }
}

fn text(values: &[Value; 2], line: impl Fn(&str, &str) -> String) -> String {
    let lines = FIELDS.iter().zip(values).map(|(name, value)| match value {
        Value::Absent => String::new(),
        Value::Number(number) => line(name, &number.to_string()),
        Value::Word => line(name, "'many'"),
    });
    lines.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    // acceptance 21.1 (43), 21.2 (25)
    #[test]
    fn only_what_is_valid_as_a_whole_is_ever_seen(
        flag in proptest::option::of(Just(0_u8)),
        steps in vec(step(), 1..12),
    ) {
        let files = directory(&[(".env", ""), ("plumego.toml", "")]);
        let loader = Loader::new(&[])
            .settings::<Settings>()
            .directory(files.path())
            .validate("", |settings: &Settings, report| {
                if settings.low > settings.high {
                    report.problem("low", "at most `high`");
                }
            });
        let flags = flag.map(|flag| format!("--low={flag}"));
        let args = std::iter::once("app".to_owned()).chain(flags);
        let live: Live<Settings> = Live::new(loader, args).unwrap();
        let subscriber = live.subscribe();
        let absent = || Some([Value::Absent, Value::Absent]);
        let mut model = Model { dotenv: absent(), toml: absent(), flag };
        let mut in_force = model.candidate().unwrap();
        for step in steps {
            let write = |name, text: String| fs::write(files.path().join(name), text).unwrap();
            match step {
                Step::DotEnv(values) => {
                    let line = |name: &str, value: &str| {
                        format!("APP_{}={value}\n", name.to_uppercase())
                    };
                    write(".env", text(&values, line));
                    model.dotenv = Some(values);
                }
                Step::Toml(values) => {
                    let line = |name: &str, value: &str| format!("{name} = {value}\n");
                    write("plumego.toml", text(&values, line));
                    model.toml = Some(values);
                }
                Step::BreakToml => {
                    write("plumego.toml", "low = [".to_owned());
                    model.toml = None;
                }
                Step::BreakDotEnv => {
                    write(".env", "no line".to_owned());
                    model.dotenv = None;
                }
            }
            let expected = model.candidate();
            let before = live.current();
            let reloaded = live.reload();
            prop_assert_eq!(reloaded.is_ok(), expected.is_some(), "{:?}", reloaded);
            if let Some(expected) = expected {
                let changed = expected != in_force;
                // A value that is written out may be the one that serde would have put.
                prop_assert!(!changed || !reloaded.unwrap().changes().is_empty());
                in_force = expected;
            } else {
                prop_assert!(std::sync::Arc::ptr_eq(&before, &live.current()));
            }
            prop_assert_eq!(&*live.current(), &in_force);
            prop_assert_eq!(&*subscriber.current(), &in_force);
        }
    }
}
