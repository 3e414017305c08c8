//! Finding out, before the first request, whether a type fits the parameters of a pattern.
//!
//! The type is deserialized from plausible values. What it asks for tells its shape; a struct that
//! is given all the parameters there are says with `missing_field` what else it needs.

use std::any::type_name;
use std::cell::Cell;
use std::fmt::{self, Write as _};

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, Visitor,
};
use serde::forward_to_deserialize_any;

use super::value::UnitOnly;

/// Texts that types which parse themselves are likely to take.
const PLAUSIBLE: [&str; 12] = [
    "1",
    "a",
    "00000000-0000-4000-8000-000000000000",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "00:00:00",
    "127.0.0.1",
    "::1",
    "127.0.0.1:80",
    "a@example.com",
    "https://example.com/",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
];

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
    usize::from(refused.candidate) < PLAUSIBLE.len()
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

/// A parameter of the pattern with the value it is tried with.
struct Given<'a> {
    name: &'a str,
    /// Which plausible value it is tried with.
    candidate: u8,
}

impl<'a> Given<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, candidate: 0 }
    }
}

/// Why the type could not be made.
#[derive(Debug)]
enum Verdict {
    /// It needs this field.
    Missing(&'static str),
    /// It needs that many parameters.
    Count(usize),
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

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// All parameters, with plausible values.
#[derive(Clone, Copy)]
struct Probe<'a> {
    given: &'a [Given<'a>],
    /// How many parameters the pattern has.
    names: usize,
    /// The parameter whose value was asked for last.
    tried: &'a Cell<Option<usize>>,
}

impl<'a> Probe<'a> {
    fn values(self) -> impl Iterator<Item = (&'a str, Plausible<'a>)> {
        self.given.iter().enumerate().map(move |(index, given)| {
            let value = Plausible {
                candidate: given.candidate,
                index,
                tried: self.tried,
            };
            (given.name, value)
        })
    }

    fn counted(self, wanted: usize) -> Result<(), Verdict> {
        if wanted == self.names {
            Ok(())
        } else {
            Err(Verdict::Count(wanted))
        }
    }

    fn single(self) -> Result<Plausible<'a>, Verdict> {
        self.counted(1)?;
        let first = self.values().next().map(|(_, value)| value);
        first.ok_or(Verdict::Count(1))
    }
}

macro_rules! single {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
            self.single()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Verdict;

    single! {
        deserialize_bool deserialize_char deserialize_f32 deserialize_f64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        self.counted(0)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_seq(SeqDeserializer::new(self.values().map(|(_, value)| value)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.counted(len)?;
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_map(MapDeserializer::new(self.values()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.deserialize_map(visitor)
            .map_err(|verdict| match verdict {
                Verdict::Refused { .. } => Verdict::Refused { fields },
                other => other,
            })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_unit()
    }
}

/// One parameter with a plausible value.
#[derive(Clone, Copy)]
struct Plausible<'a> {
    candidate: u8,
    index: usize,
    tried: &'a Cell<Option<usize>>,
}

impl Plausible<'_> {
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_borrowed_str(self.try_text())
    }

    fn try_text(self) -> &'static str {
        self.tried.set(Some(self.index));
        let candidate = PLAUSIBLE.get(usize::from(self.candidate));
        candidate.copied().unwrap_or_default()
    }

    fn try_number(self) -> u8 {
        self.tried.set(Some(self.index));
        self.candidate.saturating_add(1)
    }
}

/// Numbers count up from one.
macro_rules! plausible {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
            visitor.$visit(self.try_number().into())
        }
    )*};
}

impl<'de> Deserializer<'de> for Plausible<'_> {
    type Error = Verdict;

    plausible! {
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
        deserialize_char visit_char
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_i8(self.try_number().cast_signed())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_bool(self.try_number() % 2 == 1)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_borrowed_bytes(self.try_text().as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        match len {
            1 | 2 => visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_n(self, len))),
            _ => Err(Verdict::Nested),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Verdict> {
        Err(Verdict::Nested)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Verdict> {
        Err(Verdict::Nested)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Verdict> {
        Err(Verdict::Nested)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Verdict> {
        let index = usize::from(self.try_number() - 1).min(variants.len().saturating_sub(1));
        let name = variants.get(index).copied().unwrap_or_default();
        visitor.visit_enum(Named(name))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Verdict> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { str string identifier unit_struct }
}

impl IntoDeserializer<'_, Verdict> for Plausible<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A variant of an enum.
struct Named(&'static str);

impl<'de> EnumAccess<'de> for Named {
    type Error = Verdict;
    type Variant = UnitOnly<Verdict>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, UnitOnly<Verdict>), Verdict> {
        let variant = seed.deserialize(self.0.into_deserializer())?;
        Ok((variant, UnitOnly::new()))
    }
}
