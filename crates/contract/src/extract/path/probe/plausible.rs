//! One parameter with a plausible value.

use std::cell::Cell;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Verdict;
use crate::extract::path::value::UnitOnly;

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

/// How many values a parameter is tried with.
pub(super) const CANDIDATES: usize = PLAUSIBLE.len();

/// A parameter of the pattern with the value it is tried with.
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    /// Which plausible value it is tried with.
    pub(super) candidate: u8,
}

impl<'a> Given<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, candidate: 0 }
    }
}

/// One parameter with a plausible value.
#[derive(Clone, Copy)]
pub(super) struct Plausible<'a> {
    pub(super) candidate: u8,
    pub(super) index: usize,
    pub(super) tried: &'a Cell<Option<usize>>,
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
