//! Command-line arguments, which are only ever passed in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::entry::{Entries, Entry};
use crate::error::ConfigError;
use crate::name::nearest;
use crate::render::word;
use crate::{Kind, Origin};

/// What the arguments ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    #[default]
    Run,
    Help,
    PrintConfig,
}

/// The arguments, sorted. There is no `Debug`: a flag may hold a secret.
#[derive(Default)]
pub(crate) struct Flags {
    pub(crate) program: Option<String>,
    /// Text of each entry that was given, by its index.
    pub(crate) values: BTreeMap<usize, (String, Origin)>,
    pub(crate) arguments: Vec<String>,
    pub(crate) asked: Asked,
}

/// Reads arguments, the name of the program first.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    entries: &Entries,
    pass_unknown: bool,
    problems: &mut Vec<ConfigError>,
) -> Flags {
    let mut args = args.into_iter();
    let mut flags = Flags {
        program: args.next().as_deref().and_then(program_name),
        ..Flags::default()
    };
    let mut reader = Reader {
        entries,
        pass_unknown,
        flags: &mut flags,
        problems,
    };
    let mut args = args.enumerate().peekable();
    while let Some((index, arg)) = args.next() {
        let Ok(arg) = arg.into_string() else {
            reader.problem(format!("argument {}", index + 1), "text in UTF-8", None);
            continue;
        };
        if arg == "--" {
            reader.take_rest(args);
            break;
        }
        let next = || {
            args.next_if(|(_, next)| !is_flag(next))
                .map(|(_, next)| next)
        };
        reader.argument(index, &arg, next);
    }
    flags
}

struct Reader<'a> {
    entries: &'a Entries,
    pass_unknown: bool,
    flags: &'a mut Flags,
    problems: &'a mut Vec<ConfigError>,
}

impl Reader<'_> {
    fn argument(&mut self, index: usize, arg: &str, next: impl FnOnce() -> Option<OsString>) {
        let (name, value) = arg
            .split_once('=')
            .map_or((arg, None), |(a, b)| (a, Some(b)));
        match arg {
            "--help" | "-h" => self.flags.asked = Asked::Help,
            "--print-config" if self.flags.asked == Asked::Run => {
                self.flags.asked = Asked::PrintConfig;
            }
            "--print-config" => {}
            _ if self.set(name, value, next) => {}
            _ if self.pass_unknown => self.flags.arguments.push(arg.to_owned()),
            // Neither the value of an unknown flag nor a stray argument is repeated in a message:
            // it may be a secret behind a misspelt flag.
            _ if name.starts_with('-') && name.len() > 1 => {
                let known = self.entries.by_flag.keys().map(String::as_str);
                let near = nearest(name, known.chain(["--help", "--print-config"]))
                    .or_else(|| self.single_dash(name));
                let hint = near.map(|near| format!("did you mean {near}?"));
                self.problem(name.to_owned(), "a known flag; --help lists them", hint);
            }
            _ => {
                let hint = "write --flag=value, or -- before arguments of your own".to_owned();
                let name = format!("argument {}", index + 1);
                self.problem(name, "a flag", Some(hint));
            }
        }
    }

    /// Sets the entry of a flag; false when no entry has it.
    fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
        next: impl FnOnce() -> Option<OsString>,
    ) -> bool {
        let entry = |name: &str| {
            let index = *self.entries.by_flag.get(name)?;
            Some((index, self.entries.list.get(index)?))
        };
        let (index, text) = if let Some((index, entry)) = entry(name) {
            match (value, entry.kind) {
                (Some(value), _) => (index, value.to_owned()),
                (None, Kind::Bool) => (index, "true".to_owned()),
                (None, _) => {
                    let expected = match next().map(OsString::into_string) {
                        Some(Ok(value)) => return self.take(index, value, name),
                        Some(Err(_)) => "a value in UTF-8 after the flag",
                        None => "a value after the flag, and there is none",
                    };
                    self.problem(name.to_owned(), expected, Some(form(name, entry)));
                    return true;
                }
            }
        } else {
            let negated = name.strip_prefix("--no-").map(|rest| format!("--{rest}"));
            let found = negated.as_deref().and_then(entry);
            match found {
                Some((index, entry)) if entry.kind == Kind::Bool && value.is_none() => {
                    (index, "false".to_owned())
                }
                _ => return false,
            }
        };
        self.take(index, text, name)
    }

    fn take(&mut self, index: usize, text: String, name: &str) -> bool {
        let given = (text, Origin::Flag(name.to_owned()));
        self.flags.values.insert(index, given);
        true
    }

    fn take_rest(&mut self, args: impl Iterator<Item = (usize, OsString)>) {
        for (index, arg) in args {
            match arg.into_string() {
                Ok(arg) => self.flags.arguments.push(arg),
                Err(_) => self.problem(format!("argument {}", index + 1), "text in UTF-8", None),
            }
        }
    }

    /// `-addr` for `--addr`.
    fn single_dash(&self, name: &str) -> Option<&str> {
        self.entries
            .by_flag
            .get_key_value(&format!("-{name}"))
            .map(|(flag, _)| flag.as_str())
    }

    fn problem(&mut self, name: String, expected: &str, hint: Option<String>) {
        self.problems
            .push(ConfigError::new(name, expected).with_hint(hint));
    }
}

/// How a flag with its value is written.
fn form(name: &str, entry: &Entry) -> String {
    let form = format!("write {name}=<{}>", word(entry.kind));
    match entry.default.filter(|default| !default.is_empty()) {
        Some(default) => format!("{form}, such as {name}={default}"),
        None => form,
    }
}

/// A value may begin with one dash (`-5`), not with two.
fn is_flag(arg: &OsStr) -> bool {
    arg.to_string_lossy().starts_with("--")
}

fn program_name(arg: &OsStr) -> Option<String> {
    let name = Path::new(arg).file_name()?.to_string_lossy().into_owned();
    (!name.is_empty()).then_some(name)
}
