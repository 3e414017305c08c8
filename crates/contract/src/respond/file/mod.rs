//! A file on disk as a response.
//!
//! Not for paths that a client names: a name such as `../../etc/passwd` is opened as it is. Not
//! for the files of a web page either, which need an index, caching and hidden files refused.
//!
//! ```no_run
//! use http::HeaderMap;
//! use plumego_contract::{Error, File};
//!
//! async fn report(headers: HeaderMap) -> Result<File, Error> {
//!     let file = File::open("/srv/reports/2026.pdf").await?;
//!     Ok(file.attachment("Report 2026.pdf").for_request(&headers))
//! }
//! ```
//!
//! # Limits and defaults
//! The file is read in chunks of 64 KiB, one ahead of the client, and closed when the client
//! leaves. Conditional requests (`If-None-Match`) are a layer's work; the validators are set here.

mod disposition;
mod media;
mod reader;

use std::borrow::Cow;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

pub use self::media::content_type_of;
use super::IntoResponse;
use super::stream::streaming;
use super::text::media_type;
use crate::conditional::{EntityTag, Validators};
use crate::range::{self, Requested};
use crate::{Body, Error, RequestContext, Response, codes};

/// The Unix time from which on there is no HTTP date.
const YEAR_9999: u64 = 253_370_764_800;

/// A file on disk, whose path the program chose.
///
/// The answer carries `Content-Type` (by the extension; text is taken for UTF-8),
/// `Content-Length`, `Last-Modified`, `ETag` and `Accept-Ranges`. The tag is made of size and
/// modification time: two changes within one tick of the file system that leave the size as it is
/// are not told apart. A file that shrinks while it is sent cuts the body; what is appended is not
/// sent. See [the module](crate::respond::file).
#[derive(Debug)]
pub struct File {
    handle: tokio::fs::File,
    length: u64,
    modified: Option<SystemTime>,
    content_type: Cow<'static, str>,
    disposition: Option<HeaderValue>,
    asked: Requested,
}

impl File {
    /// Opens the file. The path must not be made of what a client sent.
    ///
    /// # Errors
    /// `404 not_found` when there is no such file, or it is not a regular one; `500 internal` for
    /// anything else, such as a missing permission. The path is in the log alone.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        // A pipe would block when it is opened.
        let found = tokio::fs::metadata(path).await;
        if !found.map_err(|error| refused(path, &error))?.is_file() {
            return Err(not_a_file(path));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that opens a file for a response"
        )]
        let opened = tokio::fs::File::open(path).await;
        let file = opened.map_err(|error| refused(path, &error))?;
        let found = file.metadata().await;
        let found = found.map_err(|error| refused(path, &error))?;
        if !found.is_file() {
            return Err(not_a_file(path));
        }
        Ok(Self::opened(file, &found, path))
    }

    fn opened(handle: tokio::fs::File, found: &Metadata, path: &Path) -> Self {
        Self {
            handle,
            length: found.len(),
            modified: found.modified().ok().filter(|time| has_http_date(*time)),
            content_type: Cow::Borrowed(content_type_of(extension(path))),
            disposition: None,
            asked: Requested::Whole,
        }
    }

    /// Sets the content type. One that is no valid header value is `500 internal`.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Offers the file for download under this name (RFC 6266, RFC 8187).
    ///
    /// The name may come from a client: separators, control characters and quotes become `_`, and
    /// it is cut at 255 bytes.
    #[must_use]
    pub fn attachment(mut self, name: impl AsRef<str>) -> Self {
        self.disposition = disposition::attachment(name.as_ref());
        self
    }

    /// Answers what the request asks for with `Range` and `If-Range` (RFC 9110, section 14).
    ///
    /// One range of bytes is `206`; one that begins after the end is `416`. Several ranges, other
    /// units and malformed ones are ignored, as is a range of a method other than GET. `If-Range`
    /// is held against the `ETag` and the date of the last change.
    #[must_use]
    pub fn for_request(mut self, headers: &HeaderMap) -> Self {
        let mut current = Validators::tagged(self.tag());
        current.modified = self.modified;
        self.asked = match range::requested(headers, self.length, &current) {
            Requested::Parts(parts) if parts.len() > 1 => Requested::Whole,
            asked => asked,
        };
        self
    }

    fn tag(&self) -> EntityTag {
        let since = self
            .modified
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let nanos = since.map_or(0, |time| time.as_nanos());
        EntityTag::strong(format!("{nanos:x}-{:x}", self.length))
    }

    fn build(self) -> Result<Response, Error> {
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: String| {
            let value = HeaderValue::try_from(value).map_err(Error::internal)?;
            headers.insert(name, value);
            Ok::<_, Error>(())
        };
        let (status, part) = match self.asked.clone() {
            Requested::Whole => (StatusCode::OK, 0..self.length),
            Requested::Beyond => return Err(range::not_satisfiable(self.length)),
            Requested::Parts(parts) => {
                let part = parts.into_iter().next().unwrap_or_default();
                let (first, last) = (part.start, part.end.saturating_sub(1));
                set(
                    header::CONTENT_RANGE,
                    format!("bytes {first}-{last}/{}", self.length),
                )?;
                (StatusCode::PARTIAL_CONTENT, part)
            }
        };
        let (start, length) = (part.start, part.end - part.start);
        set(header::CONTENT_LENGTH, length.to_string())?;
        set(header::ETAG, self.tag().to_string())?;
        if let Some(modified) = self.modified {
            set(header::LAST_MODIFIED, httpdate::fmt_http_date(modified))?;
        }
        set(header::ACCEPT_RANGES, "bytes".to_owned())?;
        headers.insert(header::CONTENT_TYPE, media_type(&self.content_type)?);
        if let Some(disposition) = self.disposition {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        let mut response = streaming(match length {
            0 => Body::empty(),
            _ => Body::new(reader::Reader::new(self.handle, start, length)),
        });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        self.build().into_response()
    }

    fn respond(mut self, cx: &RequestContext) -> Response {
        if cx.method() != Method::GET {
            self.asked = Requested::Whole;
        }
        self.build().respond(cx)
    }
}

#[track_caller]
fn not_a_file(path: &Path) -> Error {
    Error::new(codes::NOT_FOUND)
        .with_detail("There is no such file.")
        .with_source(format!("{} is not a regular file", path.display()))
}

#[track_caller]
fn refused(path: &Path, error: &std::io::Error) -> Error {
    let source = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::new(codes::NOT_FOUND)
            .with_detail("There is no such file.")
            .with_source(source),
        _ => Error::internal(source),
    }
}

/// Before 1970 and after 9999 there is no HTTP date.
fn has_http_date(time: SystemTime) -> bool {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .is_ok_and(|since| since.as_secs() < YEAR_9999)
}

fn extension(path: &Path) -> &str {
    let extension = path.extension().and_then(|text| text.to_str());
    extension.unwrap_or_default()
}
