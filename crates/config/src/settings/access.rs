//! What serde walks through: fields, entries, elements and variants.

use std::cell::Cell;
use std::collections::btree_map;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::Instead;
use super::fault::Fault;
use super::place::{De, Source};
use crate::name::{join, normalize};
use crate::scalar::Scalar;
use crate::tree::{Leaf, Node, Table};

/// The fields a struct asks for, in its own spelling: those the table has and those an earlier run
/// put a stand-in for. Without a table, all of them.
pub(super) struct Fields<'a> {
    de: De<'a>,
    table: Option<&'a Table>,
    rest: std::slice::Iter<'static, &'static str>,
    current: &'a Cell<&'static str>,
}

/// Reads a struct, from a table or from stand-ins.
pub(super) fn read_struct<'de, V: Visitor<'de>>(
    de: De<'_>,
    table: Option<&Table>,
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Fault> {
    let current = Cell::new("");
    let access = Fields {
        de,
        table,
        rest: fields.iter(),
        current: &current,
    };
    let read = visitor.visit_map(access);
    // Two names of one field cannot both have a stand-in.
    if let (Err(Fault::Duplicate), None, false) = (&read, table, de.run.settled.get()) {
        de.run
            .put(&join(de.path, &normalize(current.get())), Instead::Nothing);
        de.run.settled.set(true);
    }
    read
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        for field in self.rest.by_ref() {
            let name = normalize(field);
            let there = match self.de.run.instead(&join(self.de.path, &name)) {
                Some(Instead::Nothing) => false,
                Some(_) => true,
                None => self
                    .table
                    .is_none_or(|table| table.entries.contains_key(&name)),
            };
            if there {
                self.current.set(field);
                return seed.deserialize(StrDeserializer::new(field)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let name = normalize(self.current.get());
        let node = self.table.and_then(|table| table.entries.get(&name));
        let source = node.map_or(Source::StandIn(0), |(_, node)| Source::Real(node));
        self.de
            .read_child(&join(self.de.path, &name), source, self.de.strict, seed)
    }
}

/// All entries of a table, in the spelling of the file.
pub(super) struct Entries<'a> {
    de: De<'a>,
    rest: btree_map::Iter<'a, String, (String, Node)>,
    current: Option<(&'a str, &'a Node)>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(de: De<'a>, table: &'a Table) -> Self {
        Self {
            de,
            rest: table.entries.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        for (name, (spelling, node)) in self.rest.by_ref() {
            let path = join(self.de.path, name);
            if self.de.run.instead(&path).is_none() {
                self.current = Some((name, node));
                return seed.deserialize(StrDeserializer::new(spelling)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, node) = self.current.take().ok_or(Fault::Duplicate)?;
        self.de
            .read_child(&join(self.de.path, name), Source::Real(node), true, seed)
    }
}

/// The elements of a list; those already reported are left out.
pub(super) struct Elements<'a> {
    de: De<'a>,
    items: std::vec::IntoIter<std::borrow::Cow<'a, Node>>,
    index: usize,
}

impl<'a> Elements<'a> {
    pub(super) fn nodes(de: De<'a>, items: &'a [Node]) -> Self {
        let items: Vec<_> = items.iter().map(std::borrow::Cow::Borrowed).collect();
        Self {
            de,
            items: items.into_iter(),
            index: 0,
        }
    }

    /// The parts of a text between commas, without blanks; empty ones do not count.
    pub(super) fn texts(de: De<'a>, leaf: &Leaf, text: &str) -> Self {
        let items: Vec<_> = split_list(text, leaf)
            .map(std::borrow::Cow::Owned)
            .collect();
        Self {
            de,
            items: items.into_iter(),
            index: 0,
        }
    }
}

/// The elements of a list written with commas.
pub(crate) fn split_list(text: &str, leaf: &Leaf) -> impl Iterator<Item = Node> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(|part| {
        let value = Scalar::Text(part.to_owned());
        Node::Leaf(Leaf {
            value,
            origin: leaf.origin.clone(),
            secret: leaf.secret,
        })
    })
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        for item in self.items.by_ref() {
            let path = format!("{}[{}]", self.de.path, self.index);
            self.index += 1;
            if self.de.run.instead(&path).is_none() {
                return self
                    .de
                    .read_child(&path, Source::Real(&item), true, seed)
                    .map(Some);
            }
        }
        Ok(None)
    }
}

/// As many stand-ins as a tuple wants.
pub(super) struct StandInItems<'a> {
    de: De<'a>,
    left: usize,
}

impl<'a> StandInItems<'a> {
    pub(super) fn new(de: De<'a>, left: usize) -> Self {
        Self { de, left }
    }
}

impl<'de> SeqAccess<'de> for StandInItems<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let path = format!("{}[{}]", self.de.path, self.left);
        self.de
            .read_child(&path, Source::StandIn(0), true, seed)
            .map(Some)
    }
}

/// A variant of an enum, with its content when it has one.
pub(super) struct Variant<'a> {
    pub(super) name: &'static str,
    pub(super) de: De<'a>,
    pub(super) content: Option<&'a Node>,
}

impl Variant<'_> {
    fn content<'de, S: DeserializeSeed<'de>>(&self, seed: S) -> Result<S::Value, Fault> {
        let source = match (self.content, self.de.source) {
            (Some(node), _) => Source::Real(node),
            (None, Source::StandIn(number)) => Source::StandIn(number),
            (None, Source::Real(_)) => {
                let expected = format!("a table {{ {} = … }}", self.name);
                return Err(Fault::Expected(expected));
            }
        };
        let path = join(self.de.path, &normalize(self.name));
        self.de.read_child(&path, source, true, seed)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Fault::Expected(format!("only the word {}", self.name))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.content(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content(Content {
            visitor,
            shape: ContentShape::Tuple(len),
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.content(Content {
            visitor,
            shape: ContentShape::Struct(fields),
        })
    }
}

/// The content of a variant, read as what the variant is.
struct Content<V> {
    visitor: V,
    shape: ContentShape,
}

enum ContentShape {
    Tuple(usize),
    Struct(&'static [&'static str]),
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Content<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        match self.shape {
            ContentShape::Tuple(len) => deserializer.deserialize_tuple(len, self.visitor),
            ContentShape::Struct(fields) => {
                deserializer.deserialize_struct("", fields, self.visitor)
            }
        }
    }
}
