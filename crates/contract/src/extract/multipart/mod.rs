//! `multipart/form-data`, RFC 7578: forms with files.

mod boundary;
mod disposition;
mod feed;

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body as _;
use tokio::time::{Instant, timeout_at};

use self::boundary::boundary;
use self::disposition::Disposition;
use self::feed::{Feed, Meter};
use super::{FromRequest, ViaRequest, whole};
use crate::{Error, MultipartConfig, Request, RequestContext, codes};

/// A form with files, read part by part as it comes in.
///
/// Nothing is kept in memory but what is being read, so large files can go straight to where they
/// belong. A part that is not read, or not to its end, is skipped by the next
/// [`next_part`](Self::next_part).
///
/// # Bounds
/// The whole body is bounded by the body limit of the route; parts, their bytes, their headers and
/// the time by [`MultipartConfig`]. What stands before the first part counts as its headers. A part
/// has at most 32 headers. The time runs from the moment the handler gets this, and what the
/// handler does in between counts.
///
/// # Errors
/// - `415 unsupported_media_type` for another content type, or none with a body;
/// - `400 invalid_multipart` for a boundary that is missing, there twice, or not 1 to 70 characters
///   of RFC 2046; for a body that ends early or is framed wrongly; for a part without a name;
/// - `413 part_too_large` beyond a bound of [`MultipartConfig`], `413 body_too_large` beyond the
///   body limit;
/// - `408 body_timeout`; `400 body_read`.
///
/// After an error every further call answers an error. `Option<Multipart>` is `None` when there is
/// neither a `Content-Type` nor a body.
///
/// ```
/// use plumego_contract::Error;
/// use plumego_contract::extract::Multipart;
///
/// async fn upload(mut form: Multipart) -> Result<String, Error> {
///     let mut size = 0;
///     while let Some(mut part) = form.next_part().await? {
///         match part.name() {
///             "title" => println!("{}", part.text().await?),
///             _ => {
///                 while let Some(chunk) = part.chunk().await? {
///                     size += chunk.len();
///                 }
///             }
///         }
///     }
///     Ok(format!("{size} bytes"))
/// }
/// ```
pub struct Multipart {
    parser: multer::Multipart<'static>,
    /// The part that is being read.
    field: Option<multer::Field<'static>>,
    meter: Arc<Meter>,
    config: MultipartConfig,
    deadline: Instant,
    parts: usize,
    /// Bytes of the part that is being read.
    part_bytes: u64,
    failed: bool,
}

impl FromRequest<ViaRequest> for Multipart {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let boundary = boundary(request.headers()).map_err(|error| {
            let nothing = request.body().is_end_stream();
            let untyped = !request.headers().contains_key(CONTENT_TYPE);
            if nothing && untyped {
                error.absent()
            } else {
                error
            }
        })?;
        let context = RequestContext::get(request.extensions());
        let limit = whole::max_body_bytes(context);
        let config = context
            .map(|context| context.app().multipart.clone())
            .unwrap_or_default();
        if request.body().size_hint().lower() > limit {
            return Err(Error::body_too_large(limit));
        }
        let meter = Arc::new(Meter::default());
        let feed = Feed::new(request.into_body(), limit, Arc::clone(&meter));
        let now = Instant::now();
        Ok(Self {
            parser: multer::Multipart::new(feed, boundary),
            field: None,
            meter,
            // A time too long to be added is as good as a year.
            deadline: now
                .checked_add(config.timeout)
                .unwrap_or(now + std::time::Duration::from_hours(24 * 365)),
            config,
            parts: 0,
            part_bytes: 0,
            failed: false,
        })
    }
}

impl Multipart {
    /// The next part; `None` after the last one. What is left of the part before is skipped.
    ///
    /// # Errors
    /// See [`Multipart`].
    ///
    /// # Cancel safety
    /// Cancel safe: no part is lost when the future is dropped.
    pub async fn next_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        while self.next_chunk().await?.is_some() {}
        match self.read_head().await {
            Ok(Some((headers, disposition))) => Ok(Some(Part {
                multipart: self,
                headers,
                disposition,
            })),
            Ok(None) => Ok(None),
            Err(error) => Err(self.fail(error)),
        }
    }

    async fn read_head(&mut self) -> Result<Option<(HeaderMap, Disposition)>, Error> {
        let max = self.config.max_header_bytes;
        self.meter.start(max);
        let field = within(self.deadline, self.parser.next_field()).await?;
        self.meter.stop();
        let Some(field) = field else {
            return Ok(None);
        };
        self.parts += 1;
        if self.parts > self.config.max_parts {
            let max = self.config.max_parts;
            return Err(too_large(format!("The body has more than {max} parts.")));
        }
        let headers = field.headers().clone();
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
            .sum();
        if size > max {
            return Err(feed::too_long_head(max));
        }
        let disposition = Disposition::of(&headers)?;
        self.part_bytes = 0;
        self.field = Some(field);
        Ok(Some((headers, disposition)))
    }

    /// The next bytes of the part that is being read.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.failed {
            return Err(invalid("The multipart body could not be read before."));
        }
        match self.read_chunk().await {
            Ok(chunk) => Ok(chunk),
            Err(error) => Err(self.fail(error)),
        }
    }

    async fn read_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(field) = &mut self.field else {
                return Ok(None);
            };
            let Some(chunk) = within(self.deadline, field.chunk()).await? else {
                self.field = None;
                return Ok(None);
            };
            self.part_bytes += chunk.len() as u64;
            if !self.config.max_part_bytes.allows(self.part_bytes) {
                let max = self.config.max_part_bytes;
                return Err(too_large(format!("A part has more than {max} bytes.")));
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = true;
        self.field = None;
        error
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// One part of a form: a field, or a file.
pub struct Part<'a> {
    multipart: &'a mut Multipart,
    headers: HeaderMap,
    disposition: Disposition,
}

impl Part<'_> {
    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.disposition.name
    }

    /// The name of the file, exactly as the client wrote it; `None` for a plain field.
    ///
    /// Never make a path of it: it may be `../../etc/passwd`, `C:\autoexec.bat`, or hold control
    /// characters. [`safe_file_name`](Self::safe_file_name) holds none of that.
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.file_name.as_deref()
    }

    /// The name of the file, fit to be shown or to be one component of a path.
    ///
    /// What stands before the last `/` or `\` is cut off, as are dots and blanks at both ends.
    /// Control characters, those that change the direction of text, and `<>:"|?*` are left out. A
    /// name that Windows reserves gets a `_` in front. At most 255 bytes, of which a short
    /// extension stays. `None` when nothing is left. It is still the client's choice: two files may
    /// carry the same one, and an extension says nothing about the content.
    pub fn safe_file_name(&self) -> Option<String> {
        crate::file_name::safe(self.file_name()?)
    }

    /// The content type that the client claims.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The headers of the part.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next bytes of the part; `None` at its end.
    ///
    /// # Errors
    /// See [`Multipart`].
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.multipart.next_chunk().await
    }

    /// What is left of the part, at most `limit` bytes.
    ///
    /// # Errors
    /// See [`Multipart`]; `413 part_too_large` when there is a byte more.
    ///
    /// # Cancel safety
    /// Not cancel safe: what was read is lost.
    pub async fn bytes(&mut self, limit: u64) -> Result<Bytes, Error> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            let size = first.len() + rest.len() + chunk.len();
            if size as u64 > limit {
                return Err(too_large(format!("The part has more than {limit} bytes.")));
            }
            if first.is_empty() {
                first = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let mut whole = BytesMut::with_capacity(first.len() + rest.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&rest);
        Ok(whole.freeze())
    }

    /// What is left of the part as text, bounded by [`MultipartConfig::max_part_bytes`] and the
    /// body limit.
    ///
    /// # Errors
    /// See [`Multipart`]; `400 invalid_utf8` when it is not UTF-8.
    ///
    /// # Cancel safety
    /// Not cancel safe: what was read is lost.
    pub async fn text(&mut self) -> Result<String, Error> {
        whole::text(self.bytes(u64::MAX).await?)
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name())
            .field("file_name", &self.file_name())
            .finish_non_exhaustive()
    }
}

/// Waits for the parser, but not beyond the deadline.
async fn within<T>(
    deadline: Instant,
    read: impl Future<Output = Result<T, multer::Error>>,
) -> Result<T, Error> {
    match timeout_at(deadline, read).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(multer::Error::StreamReadFailed(error))) => Err(Error::from_body(error)),
        Ok(Err(error)) => {
            Err(invalid("The body ended early or is not framed correctly.").with_source(error))
        }
        Err(_) => Err(Error::new(codes::BODY_TIMEOUT)
            .with_detail("The multipart body was not complete in time.")),
    }
}

fn invalid(detail: &'static str) -> Error {
    Error::new(codes::INVALID_MULTIPART).with_detail(detail)
}

fn too_large(detail: String) -> Error {
    Error::new(codes::PART_TOO_LARGE).with_detail(detail)
}
