//! The one error type, its codes, and the one place where it is rendered.
//!
//! How an error flows: a handler, an extractor or a layer makes an [`Error`] (or anything that is
//! `Into<Error>`). It has two messages. `detail` is for the client. The source, set by
//! [`Error::with_source`] or [`Error::internal`], is for the log alone. [`Error::respond`] renders
//! it once, as RFC 9457 `application/problem+json` or as the original's envelope
//! ([`ErrorFormat`]), with the trace id of the request, and writes the source to the log.
//!
//! ```
//! use plumego_contract::Error;
//!
//! struct OrderMissing(u64);
//!
//! impl From<OrderMissing> for Error {
//!     fn from(OrderMissing(id): OrderMissing) -> Self {
//!         Error::not_found("order_missing", format!("order {id} not found"))
//!     }
//! }
//!
//! let error = Error::from(OrderMissing(7));
//! assert_eq!(error.status().as_u16(), 404);
//! assert_eq!(error.code(), "order_missing");
//! ```

mod code;
mod field;
mod render;
mod report;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

pub use self::code::{CODES, Category, Code, codes};
pub use self::field::FieldError;
pub(crate) use self::field::push_token;
pub use self::render::ErrorFormat;
pub use self::report::ErrorReport;
use crate::BoxError;

/// Text that is either part of the program or made for this error.
pub type Message = Cow<'static, str>;

/// The most fields that one error names; what is beyond is left out.
pub const MAX_FIELD_ERRORS: usize = 100;

/// What a handler, an extractor or a layer answers instead of a response.
///
/// One pointer wide. The status is always 4xx or 5xx.
pub struct Error(Box<Inner>);

struct Inner {
    status: StatusCode,
    code: &'static str,
    title: Option<&'static str>,
    category: Category,
    detail: Option<Message>,
    errors: Vec<FieldError>,
    members: Vec<(&'static str, Value)>,
    headers: HeaderMap,
    source: Option<BoxError>,
    absent: bool,
    location: &'static Location<'static>,
}

impl Error {
    /// An error of a row of the [table](CODES).
    #[track_caller]
    pub fn new(code: Code) -> Self {
        let mut error = Self::custom(code.status, code.code);
        error.0.title = Some(code.title);
        error.0.category = code.category;
        error
    }

    /// An error with a code of the application's own.
    ///
    /// A status that is no error (below 400) becomes 500: an error is never sent as a success.
    #[track_caller]
    pub fn custom(status: StatusCode, code: &'static str) -> Self {
        let status = if status.as_u16() < 400 {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            status
        };
        Self(Box::new(Inner {
            status,
            code,
            title: None,
            category: Category::of(status),
            detail: None,
            errors: Vec::new(),
            members: Vec::new(),
            headers: HeaderMap::new(),
            source: None,
            absent: false,
            location: Location::caller(),
        }))
    }

    /// `400` with a code of the application's own.
    #[track_caller]
    pub fn bad_request(code: &'static str, detail: impl Into<Message>) -> Self {
        Self::custom(StatusCode::BAD_REQUEST, code).with_detail(detail)
    }

    /// `404` with a code of the application's own.
    #[track_caller]
    pub fn not_found(code: &'static str, detail: impl Into<Message>) -> Self {
        Self::custom(StatusCode::NOT_FOUND, code).with_detail(detail)
    }

    /// `409` with a code of the application's own.
    #[track_caller]
    pub fn conflict(code: &'static str, detail: impl Into<Message>) -> Self {
        let mut error = Self::custom(StatusCode::CONFLICT, code).with_detail(detail);
        error.0.category = Category::Business;
        error
    }

    /// `401 unauthenticated`. Add the challenge with [`Error::with_header`].
    #[track_caller]
    pub fn unauthenticated(detail: impl Into<Message>) -> Self {
        Self::new(codes::UNAUTHENTICATED).with_detail(detail)
    }

    /// `403 forbidden`.
    #[track_caller]
    pub fn forbidden(detail: impl Into<Message>) -> Self {
        Self::new(codes::FORBIDDEN).with_detail(detail)
    }

    /// `422 validation_failed` for one field, named by its dotted path, its JSON pointer, or
    /// its plain name.
    #[track_caller]
    pub fn validation(field: impl AsRef<str>, detail: impl Into<Message>) -> Self {
        Self::invalid(vec![FieldError::at(field, "invalid", detail)])
    }

    /// `422 validation_failed` for several fields at once, [`MAX_FIELD_ERRORS`] at most.
    #[track_caller]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        errors.truncate(MAX_FIELD_ERRORS);
        let mut error = Self::new(codes::VALIDATION_FAILED)
            .with_detail("One or more values do not fit; see errors.");
        error.0.errors = errors;
        error
    }

    /// `413 body_too_large`, naming the limit in bytes.
    #[track_caller]
    pub fn body_too_large(limit: u64) -> Self {
        Self::new(codes::BODY_TOO_LARGE)
            .with_detail(format!(
                "The body is larger than the limit of {limit} bytes."
            ))
            .with_member("max_bytes", limit)
    }

    /// `500 internal`. The client learns nothing of the source; the log has it whole.
    #[track_caller]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(codes::INTERNAL).with_source(source)
    }

    /// `503 unavailable`. The source is for the log alone.
    #[track_caller]
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::new(codes::UNAVAILABLE).with_source(source)
    }

    /// Brings back an [`Error`] that travelled as a boxed error; anything else is `500 internal`.
    #[track_caller]
    pub fn from_boxed(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => Self::internal(other),
        }
    }

    /// The error of a body stream: ours as it is, anything else `400 body_read`.
    #[track_caller]
    pub fn from_body(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => Self::new(codes::BODY_READ)
                .with_detail("The request body ended early or is not framed correctly.")
                .with_source(other),
        }
    }

    /// Sets what the client reads.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Message>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets what only the log reads.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds a field that did not fit, up to [`MAX_FIELD_ERRORS`].
    #[must_use]
    pub fn with_field(mut self, field: FieldError) -> Self {
        if self.0.errors.len() < MAX_FIELD_ERRORS {
            self.0.errors.push(field);
        }
        self
    }

    /// Adds a member to the problem, such as `max_bytes`; the same name again replaces the value.
    /// A member that RFC 9457 or this toolkit
    /// defines (`type`, `title`, `status`, `detail`, `instance`, `code`, `category`, `trace_id`,
    /// `errors`) cannot be replaced and is left out.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        if !render::RESERVED.contains(&name) {
            self.0.members.retain(|(there, _)| *there != name);
            self.0.members.push((name, value.into()));
        }
        self
    }

    /// Adds a header to the answer, such as `Retry-After`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Says when to come again: `Retry-After` in whole seconds, rounded up, at least 1
    /// (RFC 9110, section 10.2.3).
    ///
    /// ```
    /// use std::time::Duration;
    /// use plumego_contract::{Error, codes};
    ///
    /// let error = Error::new(codes::RATE_LIMITED).with_retry_after(Duration::from_millis(1200));
    /// assert_eq!(error.headers()["retry-after"], "2");
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        let whole = after.as_secs();
        let seconds = if after.subsec_nanos() > 0 {
            whole.saturating_add(1)
        } else {
            whole
        };
        let value = HeaderValue::from(seconds.max(1));
        self.0.headers.insert(header::RETRY_AFTER, value);
        self
    }

    /// Marks that what was asked for is not there at all, as opposed to malformed:
    /// `Option<T>` of an extractor answers `None` then.
    #[must_use]
    pub fn absent(mut self) -> Self {
        self.0.absent = true;
        self
    }

    /// The status of the answer, 4xx or 5xx.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Whose fault it is.
    pub fn category(&self) -> Category {
        self.0.category
    }

    /// What the client reads, if anything more than the title.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The fields that did not fit.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The headers that go with the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Whether what was asked for is not there at all.
    pub fn is_absent(&self) -> bool {
        self.0.absent
    }

    /// Whether the same request may succeed later: 408, 429, 502, 503 and 504.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.status.as_u16(), 408 | 429 | 502..=504)
    }

    /// Whether it was made of a cause and nothing was added.
    fn is_mere_cause(&self) -> bool {
        self.0.code == codes::INTERNAL.code && self.0.detail.is_none() && self.0.errors.is_empty()
    }

    /// Where the error was made, for the log.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.code)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        for field in &self.0.errors {
            write!(f, "; {field}")?;
        }
        Ok(())
    }
}

/// Readable, since `main` prints the error it returns with `Debug`: the error and its causes. An
/// error that says nothing of its own, such as that of a build that failed, is its cause alone.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut source = std::error::Error::source(self);
        match source.filter(|_| self.is_mere_cause()) {
            Some(cause) => {
                fmt::Display::fmt(cause, f)?;
                source = cause.source();
            }
            None => fmt::Display::fmt(self, f)?,
        }
        while let Some(cause) = source {
            write!(f, "\n  caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// `500 internal`; the log has the source.
impl From<std::io::Error> for Error {
    #[track_caller]
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

/// Turns any failure into an answer, where `?` alone has no conversion.
///
/// ```
/// use plumego_contract::{Error, ResultExt};
///
/// fn limit(text: &str) -> Result<u32, Error> {
///     text.parse::<u32>().or_internal()
/// }
/// assert_eq!(limit("x").unwrap_err().status().as_u16(), 500);
/// ```
pub trait ResultExt<T> {
    /// The failure is the server's: `500 internal`, with the source in the log.
    fn or_internal(self) -> Result<T, Error>;

    /// The failure is that something needed is away: `503 unavailable`.
    fn or_unavailable(self) -> Result<T, Error>;
}

impl<T, E: Into<BoxError>> ResultExt<T> for Result<T, E> {
    #[track_caller]
    fn or_internal(self) -> Result<T, Error> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::internal(error)),
        }
    }

    #[track_caller]
    fn or_unavailable(self) -> Result<T, Error> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::unavailable(error)),
        }
    }
}
