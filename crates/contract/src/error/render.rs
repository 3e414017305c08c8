//! The one renderer: what an error looks like on the wire and in the log.

use std::error::Error as _;
use std::fmt::Write as _;

use http::{HeaderValue, StatusCode, header};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::field::bounded;
use super::{Error, ErrorReport, FieldError, Inner};
use crate::{Body, IntoResponse, RequestContext, Response};

/// The members that RFC 9457 and this toolkit define.
pub(super) const RESERVED: [&str; 9] = [
    "type", "title", "status", "detail", "instance", "code", "category", "trace_id", "errors",
];

/// The path in `instance` is the client's own text; more than this of it helps nobody.
const MAX_INSTANCE_BYTES: usize = 256;

/// The challenge of a 401 that brings none of its own, with the realm that is the default.
const CHALLENGE: &str = "Bearer realm=\"Protected Area\"";

/// How errors are written. The default is RFC 9457 with `"type": "about:blank"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorFormat {
    /// RFC 9457 `application/problem+json`, with our members `code`, `category`, `trace_id` and
    /// `errors`.
    #[default]
    Problem,
    /// As `Problem`, with `type` made of this base and the code, for an application that serves a
    /// page for each of its codes.
    ProblemAt(String),
    /// The envelope of the original, `application/json`:
    /// `{"error":{"code","message","category","trace_id","details"}}`.
    Envelope,
}

impl Error {
    /// Renders the error for this request and writes its source to the log.
    ///
    /// The answer holds the code, the detail and the trace id. The source stays in the log: as an
    /// error when the status is 5xx, else at debug level. A 401 without a challenge gets that of
    /// [`DEFAULT_REALM`](crate::auth::DEFAULT_REALM).
    pub fn respond(self, cx: &RequestContext) -> Response {
        let trace_id = cx.trace().trace_id().to_string();
        self.log(cx, &trace_id);
        let report = cx.wants_error_reports().then(|| ErrorReport::of(&self));
        let mut response = self.render(&cx.app().error_format, Some(cx.path()), Some(&trace_id));
        if let Some(report) = report {
            response.extensions_mut().insert(report);
        }
        response
    }

    /// A refusal without a source, such as one under overload, is in the record of the request and
    /// needs no line of its own.
    fn log(&self, cx: &RequestContext, trace_id: &str) {
        let inner = &self.0;
        let (status, code) = (inner.status.as_u16(), inner.code);
        if inner.source.is_none() {
            return cx.note_error(code);
        }
        let cause = self.causes();
        if inner.status.is_server_error() {
            let at = inner.location;
            tracing::error!(trace_id, status, code, %at, cause, "request failed");
        } else {
            tracing::debug!(trace_id, status, code, cause, "request refused");
        }
        cx.note_failure(code, Some(cause.into()));
    }

    /// The chain of sources, for the log.
    fn causes(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        text
    }

    fn render(self, format: &ErrorFormat, path: Option<&str>, trace_id: Option<&str>) -> Response {
        let view = View {
            inner: &self.0,
            format,
            path,
            trace_id,
        };
        let (kind, body) = match format {
            ErrorFormat::Envelope => ("application/json", serde_json::to_vec(&Envelope(&view))),
            _ => ("application/problem+json", serde_json::to_vec(&view)),
        };
        let inner = *self.0;
        let mut response = Response::new(Body::from(body.unwrap_or_default()));
        *response.status_mut() = inner.status;
        *response.headers_mut() = inner.headers;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // RFC 9110, section 15.5.2: a 401 without a challenge is none.
        if inner.status == StatusCode::UNAUTHORIZED {
            let challenge = headers.entry(header::WWW_AUTHENTICATE);
            challenge.or_insert_with(|| HeaderValue::from_static(CHALLENGE));
        }
        response
    }
}

impl IntoResponse for Error {
    /// As RFC 9457 without trace id, for where no request is known.
    fn into_response(self) -> Response {
        self.render(&ErrorFormat::Problem, None, None)
    }

    fn respond(self, cx: &RequestContext) -> Response {
        Self::respond(self, cx)
    }
}

struct View<'a> {
    inner: &'a Inner,
    format: &'a ErrorFormat,
    path: Option<&'a str>,
    trace_id: Option<&'a str>,
}

impl View<'_> {
    /// RFC 9457, section 4.2.1: with `about:blank` the title is the phrase of the status.
    fn title(&self) -> &str {
        let phrase = self.inner.status.canonical_reason().unwrap_or("Error");
        match self.format {
            ErrorFormat::Problem => phrase,
            _ => self.inner.title.unwrap_or(phrase),
        }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = self.inner;
        let mut map = serializer.serialize_map(None)?;
        match self.format {
            ErrorFormat::ProblemAt(base) => {
                map.serialize_entry("type", &format_args!("{base}{}", inner.code))?;
            }
            _ => map.serialize_entry("type", "about:blank")?,
        }
        map.serialize_entry("title", self.title())?;
        map.serialize_entry("status", &inner.status.as_u16())?;
        if let Some(detail) = &inner.detail {
            map.serialize_entry("detail", detail)?;
        }
        if let Some(path) = self.path {
            map.serialize_entry("instance", bounded(path, MAX_INSTANCE_BYTES))?;
        }
        map.serialize_entry("code", inner.code)?;
        map.serialize_entry("category", inner.category.as_str())?;
        if let Some(trace_id) = self.trace_id {
            map.serialize_entry("trace_id", trace_id)?;
        }
        if !inner.errors.is_empty() {
            map.serialize_entry("errors", &inner.errors)?;
        }
        for (name, value) in &inner.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Envelope<'a>(&'a View<'a>);

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("error", &EnvelopeError(self.0))?;
        map.end()
    }
}

struct EnvelopeError<'a>(&'a View<'a>);

impl Serialize for EnvelopeError<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = self.0.inner;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", inner.code)?;
        map.serialize_entry("message", inner.detail.as_deref().unwrap_or(self.0.title()))?;
        map.serialize_entry("category", inner.category.as_str())?;
        if let Some(trace_id) = self.0.trace_id {
            map.serialize_entry("trace_id", trace_id)?;
        }
        if !inner.errors.is_empty() || !inner.members.is_empty() {
            map.serialize_entry("details", &Details(inner))?;
        }
        map.end()
    }
}

struct Details<'a>(&'a Inner);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let fields: Vec<EnvelopeField<'_>> =
            self.0.errors.iter().map(EnvelopeField::from).collect();
        if !fields.is_empty() {
            map.serialize_entry("type", self.0.category.as_str())?;
            map.serialize_entry("fields", &fields)?;
        }
        for (name, value) in &self.0.members {
            if *name != "fields" || fields.is_empty() {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct EnvelopeField<'a> {
    field: &'a str,
    code: &'a str,
    message: &'a str,
}

impl<'a> From<&'a FieldError> for EnvelopeField<'a> {
    fn from(field: &'a FieldError) -> Self {
        Self {
            field: &field.pointer,
            code: &field.code,
            message: &field.detail,
        }
    }
}
