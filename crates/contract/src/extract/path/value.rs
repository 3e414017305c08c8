//! One parameter as a value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, Unexpected,
    VariantAccess, Visitor, value::BorrowedStrDeserializer, value::SeqDeserializer,
};
use serde::forward_to_deserialize_any;

use crate::extract::excerpt::{MAX_NAME_BYTES, MAX_TEXT_BYTES, excerpt};
use crate::{Error, FieldError, codes};

/// Why a parameter does not fit. It never holds the value.
#[derive(Debug)]
pub(super) struct Fault {
    /// The parameter.
    name: Option<String>,
    /// A full sentence without its subject, such as `must be a number`.
    reason: String,
}

impl Fault {
    /// What a value had to be.
    pub(super) fn wanted(wanted: impl fmt::Display) -> Self {
        Self {
            name: None,
            reason: format!("must be {wanted}"),
        }
    }

    /// How many parameters had to be there.
    pub(super) fn count(wanted: usize, there: usize) -> Self {
        Self {
            name: None,
            reason: format!("must have {wanted} parameters and has {there}"),
        }
    }

    /// Names the parameter, unless it is named already.
    pub(super) fn at(mut self, name: &str) -> Self {
        self.name
            .get_or_insert_with(|| excerpt(name, MAX_NAME_BYTES).into_owned());
        self
    }

    /// What the client is told.
    pub(super) fn into_error(self) -> Error {
        let error = Error::new(codes::INVALID_PATH_PARAMETER);
        match self.name {
            Some(name) => error
                .with_detail(format!("The path parameter `{name}` {}.", self.reason))
                .with_field(FieldError::at(
                    &name,
                    "invalid",
                    format!("The value {}.", self.reason),
                )),
            None => error.with_detail(format!("The path {}.", self.reason)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}` {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Self {
            name: None,
            reason: format!("is not valid: {}", excerpt(&message, MAX_TEXT_BYTES)),
        }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wanted(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wanted(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::wanted(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::wanted(OneOf(expected))
    }
}

/// Names, as a person lists them.
struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of ")?;
        for (i, name) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}`{name}`")?;
        }
        Ok(())
    }
}

/// One parameter as a `T`.
pub(in crate::extract) fn param<T: DeserializeOwned>(name: &str, value: &str) -> Result<T, Error> {
    T::deserialize(Value { name, value }).map_err(Fault::into_error)
}

/// One parameter with its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'de> {
    pub(super) name: &'de str,
    pub(super) value: &'de str,
}

impl<'de> Value<'de> {
    /// Hands the text to a visitor.
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor
            .visit_borrowed_str(self.value)
            .map_err(|fault: Fault| fault.at(self.name))
    }

    fn unfit(self, wanted: impl fmt::Display) -> Fault {
        Fault::wanted(wanted).at(self.name)
    }
}

/// Parsed by the type's own `FromStr`.
macro_rules! parsed {
    ($($method:ident $visit:ident $kind:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.value.parse::<$kind>() {
                Ok(value) => visitor
                    .$visit(value)
                    .map_err(|fault: Fault| fault.at(self.name)),
                Err(_) => Err(self.unfit(format_args!(
                    "a whole number from {} to {}", <$kind>::MIN, <$kind>::MAX
                ))),
            }
        }
    )*};
}

macro_rules! float {
    ($($method:ident $visit:ident $kind:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.value.parse::<$kind>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(self.unfit("a number")),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Fault;

    parsed! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    float! {
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.unfit("`true` or `false`")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut chars = self.value.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => visitor.visit_char(c),
            _ => Err(self.unfit("one character")),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor
            .visit_borrowed_bytes(self.value.as_bytes())
            .map_err(|fault: Fault| fault.at(self.name))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A pair is the name with the value.
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        match len {
            1 => visitor.visit_seq(SeqDeserializer::new(std::iter::once(self))),
            2 => visitor.visit_seq(SeqDeserializer::new([self.as_name(), self].into_iter())),
            _ => Err(self.unfit("one value, not a tuple")),
        }
        .map_err(|fault: Fault| fault.at(self.name))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor
            .visit_enum(self)
            .map_err(|fault: Fault| fault.at(self.name))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        str string identifier unit_struct seq map struct
    }
}

impl Value<'_> {
    /// The name in the place of the value.
    fn as_name(self) -> Self {
        Self {
            name: self.name,
            value: self.name,
        }
    }
}

impl<'de> de::IntoDeserializer<'de, Fault> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> EnumAccess<'de> for Value<'de> {
    type Error = Fault;
    type Variant = UnitOnly<Fault>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, UnitOnly<Fault>), Fault> {
        let variant = seed.deserialize(BorrowedStrDeserializer::new(self.value))?;
        Ok((variant, UnitOnly::new()))
    }
}

/// A name in a path has nothing after it.
pub(super) struct UnitOnly<E>(PhantomData<E>);

impl<E> UnitOnly<E> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, E: de::Error> VariantAccess<'de> for UnitOnly<E> {
    type Error = E;

    fn unit_variant(self) -> Result<(), E> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, E> {
        Err(E::custom(BARE))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, E> {
        Err(E::custom(BARE))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, E> {
        Err(E::custom(BARE))
    }
}

const BARE: &str = "this name needs more than a path can give";
