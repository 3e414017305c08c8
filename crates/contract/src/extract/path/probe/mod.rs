//! Finding out, before the first request, whether a type fits the parameters of a pattern.
//!
//! The type is deserialized from plausible values. What it asks for tells its shape; a struct that
//! is given all the parameters there are says with `missing_field` what else it needs.

mod all;
mod plausible;

use std::any::type_name;
use std::cell::Cell;
use std::fmt::{self, Write as _};

use serde::de::{self, DeserializeOwned};

use self::all::Probe;
use self::plausible::{CANDIDATES, Given};

/// No pattern has nearly as many parameters and no struct as many fields to try.
const MAX_ROUNDS: usize = 1024;

/// Whether `T` fits a pattern with these parameters; `Err` says what does not.
pub(super) fn check<T: DeserializeOwned>(names: &[String]) -> Result<(), String> {
    let mut given: Vec<Given<'_>> = names.iter().map(|name| Given::new(name)).collect();
    let mut missing: Vec<&'static str> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let probe = Probe {
            given: &given,
            names: names.len(),
            tried: &Cell::new(None),
        };
        let verdict = T::deserialize(probe).err();
        let tried = probe.tried.get();
        match verdict {
            None => break,
            Some(Verdict::Missing(field)) if missing.contains(&field) => break,
            Some(Verdict::Missing(field)) => {
                // Given all the same, to find the next one.
                missing.push(field);
                given.push(Given::new(field));
            }
            Some(Verdict::Count(wanted)) => return Err(count_message::<T>(wanted, names)),
            Some(Verdict::Unknown(name)) => {
                return Err(format!(
                    "handler takes {}, which denies the parameter `{name}` of the pattern; \
                     add a field for it or remove `deny_unknown_fields`",
                    path_of::<T>()
                ));
            }
            Some(Verdict::Nested) => {
                return Err(format!(
                    "handler takes {}, which nests values in a parameter; \
                     a parameter is one text, so use text, numbers or names of variants",
                    path_of::<T>()
                ));
            }
            Some(Verdict::Refused { fields }) => {
                if !try_another(&mut given, tried) {
                    strictly(fields, names, &mut missing);
                    break;
                }
            }
        }
    }
    missing.retain(|field| !names.iter().any(|name| name == field));
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing_message::<T>(&missing, names))
    }
}

/// Gives the parameter that was refused another value; `false` when all have been tried.
fn try_another(given: &mut [Given<'_>], tried: Option<usize>) -> bool {
    let Some(refused) = tried.and_then(|index| given.get_mut(index)) else {
        return false;
    };
    refused.candidate += 1;
    usize::from(refused.candidate) < CANDIDATES
}

/// Nothing plausible was taken: then every field has to be in the pattern.
fn strictly(fields: &'static [&'static str], names: &[String], missing: &mut Vec<&'static str>) {
    for &field in fields {
        if !names.iter().any(|name| name == field) && !missing.contains(&field) {
            missing.push(field);
        }
    }
}

fn count_message<T>(wanted: usize, names: &[String]) -> String {
    let parts = if wanted == 1 { "part" } else { "parts" };
    format!(
        "handler takes {} with {wanted} {parts} but the pattern has {}",
        path_of::<T>(),
        listed(names)
    )
}

fn missing_message<T>(missing: &[&str], names: &[String]) -> String {
    let fields = missing
        .iter()
        .map(|field| format!("`{field}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let noun = if missing.len() == 1 {
        "field"
    } else {
        "fields"
    };
    format!(
        "handler takes {} with the {noun} {fields} but the pattern has {}",
        path_of::<T>(),
        listed(names)
    )
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no parameters".to_owned(),
        [name] => format!("1 parameter: {name}"),
        names => format!("{} parameters: {}", names.len(), names.join(", ")),
    }
}

/// `Path<(u64, String)>`: the name of the type without the modules.
fn path_of<T>() -> String {
    let mut out = String::from("Path<");
    let mut word = String::new();
    for c in type_name::<T>().chars() {
        match c {
            ':' => word.clear(),
            c if c.is_alphanumeric() || c == '_' => word.push(c),
            c => {
                out.push_str(&word);
                word.clear();
                out.push(c);
            }
        }
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "{word}>");
    out
}

/// Why the type could not be made.
#[derive(Debug)]
enum Verdict {
    /// It needs this field.
    Missing(&'static str),
    /// It needs that many parameters.
    Count(usize),
    /// It denies this parameter.
    Unknown(String),
    /// It asks for more than one text in a parameter.
    Nested,
    /// It did not take a value. The fields are those of the struct, if it is one.
    Refused { fields: &'static [&'static str] },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type does not fit")
    }
}

impl std::error::Error for Verdict {}

impl de::Error for Verdict {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::Refused { fields: &[] }
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::Unknown(field.to_owned())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}
