//! Reading a place as serde asks for it.

use serde::de::value::{SeqDeserializer, StrDeserializer, U64Deserializer};
use serde::de::{Deserializer, Error as _, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Elements, Entries, StandInItems, Variant, read_struct};
use super::fault::Fault;
use super::place::{De, Source};
use super::stand_in;
use crate::name::normalize;
use crate::scalar::{Scalar, UNLIMITED, boolean};
use crate::tree::{Leaf, Node};
use crate::{Kind, duration};

/// The name under which `Secret` asks for its value.
const SECRET: &str = "Secret";

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.number(&visitor, <$type>::MIN.into(), <$type>::MAX.into())?;
            match <$type>::try_from(number) {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Fault::invalid_type(Unexpected::Other("number"), &visitor)),
            }
        }
    )*};
}

macro_rules! forward {
    ($($method:ident to $target:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.$target(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = Fault;

    integers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    }

    forward! {
        deserialize_string to deserialize_str,
        deserialize_char to deserialize_str,
        deserialize_f32 to deserialize_f64,
        deserialize_unit to deserialize_any,
        deserialize_bytes to deserialize_any,
        deserialize_byte_buf to deserialize_any,
        deserialize_identifier to deserialize_any
    }

    forward_to_deserialize_any! { i128 u128 }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        self.note_leaf(Kind::Any, true);
        match self.source {
            Source::StandIn(number) => visitor.visit_str(stand_in::text(number)),
            Source::Real(Node::Leaf(leaf)) => match &leaf.value {
                Scalar::Text(text) => visitor.visit_str(text),
                Scalar::Bool(value) => visitor.visit_bool(*value),
                Scalar::Float(value) => visitor.visit_f64(*value),
                Scalar::Duration(value) => visitor.visit_str(&duration::format(*value)),
                Scalar::Unlimited => visitor.visit_str(UNLIMITED),
                Scalar::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                    (Ok(number), _) => visitor.visit_u64(number),
                    (_, Ok(number)) => visitor.visit_i64(number),
                    _ => visitor.visit_i128(*number),
                },
            },
            Source::Real(Node::List(_, items)) => visitor.visit_seq(Elements::nodes(self, items)),
            Source::Real(Node::Table(table)) => visitor.visit_map(Entries::new(self, table)),
            Source::Real(Node::Invalid) => visitor.visit_unit(),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.note_leaf(Kind::Bool, false);
        if matches!(self.source, Source::StandIn(_)) {
            return visitor.visit_bool(false);
        }
        let read = match &self.leaf(&visitor)?.value {
            Scalar::Bool(value) => Some(*value),
            Scalar::Text(text) => boolean(text.trim()),
            Scalar::Integer(number) => boolean(&number.to_string()),
            _ => None,
        };
        let expected = crate::scalar::expectation(Kind::Bool, false);
        visitor.visit_bool(read.ok_or(Fault::Expected(expected))?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.note_leaf(Kind::Any, false);
        if let Source::StandIn(number) = self.source {
            return visitor.visit_f64(stand_in::integer(number).into());
        }
        let read = match &self.leaf(&visitor)?.value {
            Scalar::Float(value) => Some(*value),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Integer(number) => i32::try_from(*number).ok().map(f64::from),
            _ => None,
        };
        visitor.visit_f64(read.ok_or_else(|| Fault::Expected("a decimal number".to_owned()))?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.note_leaf(Kind::Any, false);
        if let Source::StandIn(number) = self.source {
            return visitor.visit_str(stand_in::text(number));
        }
        let leaf = self.leaf(&visitor)?;
        match &leaf.value {
            Scalar::Text(text) => visitor.visit_str(text),
            Scalar::Duration(_) | Scalar::Unlimited => visitor.visit_str(&leaf.value.to_text()),
            _ => {
                let found = self.describe();
                Err(Fault::Expected(format!(
                    "{}, found {found}",
                    &visitor as &dyn Expected
                )))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        match self.source {
            Source::StandIn(_) if self.run.probing => visitor.visit_some(self),
            Source::StandIn(_)
            | Source::Real(Node::Leaf(Leaf {
                value: Scalar::Unlimited,
                ..
            })) => visitor.visit_none(),
            Source::Real(Node::Leaf(Leaf {
                value: Scalar::Text(text),
                ..
            })) if text.is_empty() => visitor.visit_none(),
            Source::Real(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == duration::TYPE_NAME {
            let nanos = duration::format(self.duration()?);
            return visitor.visit_newtype_struct(StrDeserializer::new(&nanos));
        }
        if name == SECRET {
            self.secret = true;
            self.run.secrets.borrow_mut().insert(self.path.to_owned());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == duration::TYPE_NAME && fields == ["secs", "nanos"] {
            let duration = self.duration()?;
            let parts = [duration.as_secs(), duration.subsec_nanos().into()];
            let parts = parts.into_iter().map(U64Deserializer::new);
            return visitor.visit_seq(SeqDeserializer::new(parts));
        }
        self.check_depth()?;
        if self.run.probing {
            return self.probe_struct(name, fields, visitor);
        }
        if let Source::StandIn(_) = self.source {
            return read_struct(self, None, fields, visitor);
        }
        let table = self.table(&visitor)?;
        if self.strict || self.run.shape.borrow().open.contains(self.path) {
            self.refuse_unknown(table, fields)?;
        }
        read_struct(self, Some(table), fields, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        self.note_leaf(Kind::Any, true);
        let table = self.table(&visitor)?;
        visitor.visit_map(Entries::new(self, table))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        self.note_leaf(Kind::List, false);
        match self.source {
            Source::Real(Node::List(_, items)) => visitor.visit_seq(Elements::nodes(self, items)),
            Source::Real(Node::Leaf(leaf)) => match &leaf.value {
                Scalar::Text(text) => visitor.visit_seq(Elements::texts(self, leaf, text)),
                _ => Err(Fault::Expected("a list".to_owned())),
            },
            Source::Real(_) => Err(Fault::Expected("a list".to_owned())),
            Source::StandIn(_) => visitor.visit_seq(Elements::nodes(self, &[])),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        if matches!(self.source, Source::StandIn(_)) {
            self.note_leaf(Kind::List, false);
            return visitor.visit_seq(StandInItems::new(self, len));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.check_depth()?;
        self.note_leaf(Kind::Any, true);
        let (name, content) = match self.source {
            Source::StandIn(number) => {
                let last = variants.len().saturating_sub(1);
                let variant = variants.get(number.min(last)).copied().unwrap_or_default();
                return visitor.visit_enum(Variant {
                    name: variant,
                    de: self,
                    content: None,
                });
            }
            Source::Real(Node::Leaf(Leaf {
                value: Scalar::Text(text),
                ..
            })) => (text.trim(), None),
            Source::Real(Node::Table(table)) if table.entries.len() == 1 => {
                match table.entries.iter().next() {
                    Some((name, (_, node))) => (name.as_str(), Some(node)),
                    None => ("", None),
                }
            }
            Source::Real(_) => ("", None),
        };
        let found = variants
            .iter()
            .find(|known| normalize(known) == normalize(name));
        let expected = || Fault::Expected(format!("one of {}", variants.join(", ")));
        let name = found.copied().ok_or_else(expected)?;
        visitor.visit_enum(Variant {
            name,
            de: self,
            content,
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}
