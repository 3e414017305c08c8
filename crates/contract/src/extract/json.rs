//! A JSON body, typed.

use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::excerpt::{Complaint, MAX_NAME_BYTES, excerpt};
use super::media::MediaType;
use super::whole::read_body;
use super::{FromRequest, ViaRequest};
use crate::error::push_token;
use crate::{Error, FieldError, Json, Request, RequestContext, UnknownFields, codes};

/// The most unknown fields that one answer lists.
const MAX_UNKNOWN_FIELDS: usize = 32;

/// Reads a JSON body.
///
/// The content type must be `application/json` or `…+json`, without a charset other than UTF-8.
/// The size is bounded by the body limit of the route, the depth at 128 levels. After the value
/// nothing but white space may follow. Fields that `T` does not have are ignored or refused by
/// choice of the application ([`JsonConfig`](crate::JsonConfig)). The value is parsed from the
/// bytes as they came in, without a copy.
///
/// `Option<Json<T>>` is `None` when there is neither a `Content-Type` nor a body.
///
/// # Errors
/// - `415 unsupported_media_type` for another content type, or none with a body;
/// - `413 body_too_large`, `400 body_read`;
/// - `400 invalid_json` for what is not one JSON value, with line and column;
/// - `422 validation_failed` for JSON that is not a `T`: `errors` has the JSON pointer and what was
///   expected, for the first value that does not fit or for every unknown field (32 at most).
///
/// # Cancel safety
/// Not cancel safe: what was read of the body is lost.
///
/// ```
/// use plumego_contract::Json;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct NewUser {
///     name: String,
///     age: u8,
/// }
///
/// async fn create(Json(user): Json<NewUser>) -> String {
///     format!("{} is {}", user.name, user.age)
/// }
/// ```
impl<T: DeserializeOwned + Send> FromRequest<ViaRequest> for Json<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let typed = check_type(request.headers())?;
        let unknown = unknown_fields(RequestContext::get(request.extensions()));
        let body = read_body(request).await?;
        parse(&body, typed, unknown).map(Self)
    }
}

pub(super) fn unknown_fields(context: Option<&RequestContext>) -> UnknownFields {
    context.map_or(UnknownFields::Ignore, |context| {
        context.app().json.unknown_fields
    })
}

/// Whether there is a content type; an error when it is not JSON.
pub(super) fn check_type(headers: &HeaderMap) -> Result<bool, Error> {
    match MediaType::of(headers)? {
        None => Ok(false),
        Some(media) if media.is_json() && media.is_utf8() => Ok(true),
        Some(_) => Err(unsupported()),
    }
}

/// Reads the body, which had a content type or not.
pub(super) fn parse<T: DeserializeOwned>(
    body: &[u8],
    typed: bool,
    unknown: UnknownFields,
) -> Result<T, Error> {
    if body.is_empty() {
        let error = Error::new(codes::INVALID_JSON)
            .with_detail("The body is empty; a JSON value was expected.");
        return Err(if typed { error } else { error.absent() });
    }
    if !typed {
        return Err(unsupported());
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::new(codes::INVALID_JSON).with_detail(format!(
            "The body is not UTF-8 after byte {}.",
            error.valid_up_to()
        ))
    })?;
    match unknown {
        UnknownFields::Ignore => {
            serde_json::from_str(text).map_err(|error| fault::<T>(&error, text))
        }
        UnknownFields::Deny => parse_known(text),
    }
}

/// Reads it and refuses every field that the type does not have.
fn parse_known<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut fields = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = serde_ignored::deserialize(&mut deserializer, |path| {
        if fields.len() < MAX_UNKNOWN_FIELDS {
            let mut pointer = String::new();
            push_ignored(&mut pointer, &path);
            fields.push(FieldError::at(
                pointer,
                "unknown_field",
                "This field is not known.",
            ));
        }
    });
    let value = parsed
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| fault::<T>(&error, text))?;
    if fields.is_empty() {
        Ok(value)
    } else {
        Err(Error::invalid(fields))
    }
}

fn push_ignored(pointer: &mut String, path: &serde_ignored::Path<'_>) {
    use serde_ignored::Path;
    match path {
        Path::Root => {}
        Path::Seq { parent, index } => {
            push_ignored(pointer, parent);
            push_token(pointer, &index.to_string());
        }
        Path::Map { parent, key } => {
            push_ignored(pointer, parent);
            push_token(pointer, &excerpt(key, MAX_NAME_BYTES));
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => push_ignored(pointer, parent),
    }
}

/// What the client is told. The text is read a second time to find out where a value that does not
/// fit lies: keeping track of it in every request would cost an allocation for every field.
fn fault<T: DeserializeOwned>(error: &serde_json::Error, text: &str) -> Error {
    if error.classify() != Category::Data {
        return syntax(error);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let pointer = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => String::new(),
        Err(error) => pointer(error.path()),
    };
    Error::invalid(vec![field(pointer, error)])
}

fn syntax(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let reason = without_place(error);
    Error::new(codes::INVALID_JSON)
        .with_detail(format!(
            "The body is not one JSON value: {reason} at line {line} column {column}."
        ))
        .with_member("line", line)
        .with_member("column", column)
}

fn field(mut pointer: String, error: &serde_json::Error) -> FieldError {
    let complaint = Complaint::read(&without_place(error));
    if let Some(name) = &complaint.field {
        let mut token = String::new();
        push_token(&mut token, name);
        // An unknown field is where the reading stopped; one that is missing is not.
        if complaint.code != "unknown_field" || !pointer.ends_with(&token) {
            pointer.push_str(&token);
        }
    }
    FieldError::at(pointer, complaint.code, complaint.detail)
}

/// The message without the `at line 1 column 2` that is told elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&place) {
        Some(reason) => reason.to_owned(),
        None => message,
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_token(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_token(&mut pointer, &excerpt(key, MAX_NAME_BYTES)),
            Segment::Enum { variant } => {
                push_token(&mut pointer, &excerpt(variant, MAX_NAME_BYTES));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

fn unsupported() -> Error {
    Error::new(codes::UNSUPPORTED_MEDIA_TYPE)
        .with_detail("Content-Type must be application/json, or end in +json, in UTF-8.")
}
