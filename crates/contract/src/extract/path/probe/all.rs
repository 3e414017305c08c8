//! All parameters of a pattern, with plausible values.

use std::cell::Cell;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Visitor};

use super::Verdict;
use super::plausible::{Given, Plausible};

/// All parameters, with plausible values.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) given: &'a [Given<'a>],
    /// How many parameters the pattern has.
    pub(super) names: usize,
    /// The parameter whose value was asked for last.
    pub(super) tried: &'a Cell<Option<usize>>,
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
