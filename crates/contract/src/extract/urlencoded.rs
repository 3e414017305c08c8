//! `application/x-www-form-urlencoded`, as query strings and forms share it.

use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use super::excerpt::{Complaint, MAX_NAME_BYTES, excerpt};
use crate::error::push_token;
use crate::{Code, Error, FieldError};

/// The most bytes of a query string that [`Query`](super::Query) reads.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// The most `name=value` pairs of a query string or of a form.
pub const MAX_PAIRS: usize = 1_000;

/// Which of the two it is, for the message.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// The code of its errors.
    pub(super) code: Code,
    /// Its name, such as `query string`.
    pub(super) name: &'static str,
    /// What one pair is called, such as `query parameter`.
    pub(super) pair: &'static str,
}

/// Reads it.
pub(super) fn parse<T: DeserializeOwned>(input: &[u8], source: Source) -> Result<T, Error> {
    let name = source.name;
    let pairs = input.split(|byte| *byte == b'&');
    if pairs.filter(|pair| !pair.is_empty()).count() > MAX_PAIRS {
        return Err(Error::new(source.code)
            .with_detail(format!("The {name} has more than {MAX_PAIRS} parameters.")));
    }
    if percent_decode(input).decode_utf8().is_err() {
        return Err(
            Error::new(source.code).with_detail(format!("The {name} is not UTF-8 when decoded."))
        );
    }
    // Finding the path costs an allocation for every field, so only a failure pays for it.
    serde_html_form::from_bytes(input).or_else(|_| {
        let deserializer = serde_html_form::Deserializer::from_bytes(input);
        serde_path_to_error::deserialize(deserializer).map_err(|error| fault(&error, source))
    })
}

fn fault(error: &serde_path_to_error::Error<serde_html_form::de::Error>, source: Source) -> Error {
    let complaint = Complaint::read(&error.inner().to_string());
    let mut pointer = String::new();
    for segment in error.path() {
        if let serde_path_to_error::Segment::Map { key } = segment {
            push_token(&mut pointer, &excerpt(key, MAX_NAME_BYTES));
        }
    }
    if let Some(field) = &complaint.field {
        push_token(&mut pointer, field);
    }
    let detail = match pointer.get(1..) {
        Some(field) => format!("The {} `{field}`: {}", source.pair, complaint.detail),
        None => format!("The {}: {}", source.name, complaint.detail),
    };
    let error = Error::new(source.code).with_detail(detail);
    if pointer.is_empty() {
        error
    } else {
        error.with_field(FieldError::at(pointer, complaint.code, complaint.detail))
    }
}
