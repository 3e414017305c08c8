//! Why there is no answer.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use plumego_contract::{BoxError, Error as ContractError, codes};

use crate::metrics::Outcome;
use crate::policy::Refusal;
use crate::url::{Origin, UrlError};

/// Why a request has no answer, or its answer no end.
///
/// One pointer wide. The text is for the log: it names the client and the origin (never path or
/// query, which may be secrets), what was refused and why. As an answer to somebody else
/// (`?` in a handler) it says nothing of that:
///
/// | question | answered with |
/// | --- | --- |
/// | [`is_timeout`](Self::is_timeout) | `504 upstream_timeout` |
/// | [`is_busy`](Self::is_busy) | `503 server_busy` with `Retry-After` |
/// | [`is_misuse`](Self::is_misuse) | `500 internal` |
/// | all others | `502 upstream_failed` |
pub struct Error(Box<Inner>);

struct Inner {
    client: &'static str,
    origin: Option<Origin>,
    kind: Kind,
    source: Option<BoxError>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Url(UrlError),
    Refused(Refusal),
    Resolve,
    Connect,
    Tls,
    Exchange,
    Body,
    Timeout(Stage, Duration),
    TooLarge(u64),
    Busy,
    Redirect(RedirectError),
    Status(StatusCode),
    Json,
    Text,
    Misuse(&'static str),
}

/// Which of the waits was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Looking up the name, connecting, the handshake of TLS.
    Connect,
    /// From the request to the head of the answer.
    FirstByte,
    /// All of it, with attempts, redirects and the body.
    Whole,
}

/// Why a redirect was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// More than were allowed.
    TooMany(u8),
    /// From `https` to `http`.
    Downgrade,
    /// No `Location`, or one that is no URL.
    Location,
    /// The body would have to be sent again, and it was a stream.
    Body,
    /// The body would have to be sent to another host.
    BodyElsewhere,
}

impl Error {
    pub(crate) fn new(client: &'static str, origin: Option<Origin>, kind: Kind) -> Self {
        Self(Box::new(Inner {
            client,
            origin,
            kind,
            source: None,
        }))
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The name of the client.
    pub fn client(&self) -> &'static str {
        self.0.client
    }

    /// Whom the request was for, when the URL could be read.
    pub fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_ref()
    }

    /// Why the guard did not let the request out.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.0.kind {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What is wrong with the URL.
    pub fn url_error(&self) -> Option<UrlError> {
        match self.0.kind {
            Kind::Url(error) => Some(error),
            _ => None,
        }
    }

    /// Why a redirect was not followed.
    pub fn redirect_error(&self) -> Option<RedirectError> {
        match self.0.kind {
            Kind::Redirect(error) => Some(error),
            _ => None,
        }
    }

    /// Which of the waits was too long.
    pub fn timeout(&self) -> Option<Stage> {
        match self.0.kind {
            Kind::Timeout(stage, _) => Some(stage),
            _ => None,
        }
    }

    /// The guard did not let it out, or the URL is none that it takes. The target is to blame, and
    /// trying again changes nothing.
    pub fn is_refused(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Url(_) | Kind::Refused(_) | Kind::Redirect(_)
        )
    }

    /// One of the timeouts ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout(..))
    }

    /// No connection came about: the name, the network, or TLS. The server saw no request.
    pub fn is_connect(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Resolve | Kind::Connect | Kind::Tls | Kind::Timeout(Stage::Connect, _)
        )
    }

    /// The certificate or the handshake.
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls)
    }

    /// The answer is larger than allowed.
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.kind, Kind::TooLarge(_))
    }

    /// The status that was none of success, from
    /// [`Response::ok`](crate::Response::ok).
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.kind {
            Kind::Status(status) => Some(status),
            _ => None,
        }
    }

    /// The client runs all the requests it may, and more wait than may.
    pub fn is_busy(&self) -> bool {
        matches!(self.0.kind, Kind::Busy)
    }

    /// The answer is not what its reader expected: no JSON of that shape, no UTF-8.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.0.kind, Kind::Json | Kind::Text)
    }

    /// The program asked for what cannot be sent, such as a header with a line break.
    pub fn is_misuse(&self) -> bool {
        matches!(self.0.kind, Kind::Misuse(_))
    }

    /// Whether the same request may succeed later. Whether it may be *sent* again is another
    /// question: only if its method is idempotent or [`is_connect`](Self::is_connect).
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Resolve
                | Kind::Connect
                | Kind::Exchange
                | Kind::Body
                | Kind::Timeout(..)
                | Kind::Busy
        )
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self.0.kind {
            Kind::Url(_) | Kind::Refused(_) | Kind::Redirect(_) => Outcome::Refused,
            Kind::Resolve | Kind::Connect | Kind::Tls => Outcome::Connect,
            Kind::Timeout(..) => Outcome::Timeout,
            Kind::TooLarge(_) => Outcome::TooLarge,
            Kind::Busy => Outcome::Busy,
            Kind::Status(status) => Outcome::of(status),
            Kind::Exchange | Kind::Body | Kind::Json | Kind::Text | Kind::Misuse(_) => {
                Outcome::Failed
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client `{}`", self.0.client)?;
        if let Some(origin) = &self.0.origin {
            write!(f, ", {origin}")?;
        }
        write!(f, ": {}", self.0.kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "refused: {error}"),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::Resolve => f.write_str("the name could not be looked up"),
            Self::Connect => f.write_str("no connection could be made"),
            Self::Tls => f.write_str("the handshake of TLS failed"),
            Self::Exchange => f.write_str("the connection ended, or broke HTTP, before the answer"),
            Self::Body => f.write_str("the body of the answer was cut off or broke HTTP"),
            Self::Timeout(stage, after) => write!(f, "{stage} took more than {after:?}"),
            Self::TooLarge(limit) => {
                write!(
                    f,
                    "the answer is larger than {limit} bytes (`max_response_bytes`)"
                )
            }
            Self::Busy => f.write_str("too many requests at once (`max_in_flight`)"),
            Self::Redirect(error) => write!(f, "redirect refused: {error}"),
            Self::Status(status) => write!(f, "answered with {status}"),
            Self::Json => f.write_str("the answer is not the JSON that was expected"),
            Self::Text => f.write_str("the answer is not UTF-8"),
            Self::Misuse(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "the head of the answer",
            Self::Whole => "the whole exchange",
        })
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(max) => write!(f, "there are more than {max}"),
            Self::Downgrade => f.write_str("it leads from `https` to `http`"),
            Self::Location => f.write_str("its `Location` is missing or no URL"),
            Self::Body => f.write_str("it asks for the body again, which was a stream"),
            Self::BodyElsewhere => f.write_str("it asks for the body at another host"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
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

/// As the table above: the cause goes into the log alone.
impl From<Error> for ContractError {
    #[track_caller]
    fn from(error: Error) -> Self {
        match error.0.kind {
            Kind::Timeout(..) => Self::new(codes::UPSTREAM_TIMEOUT),
            Kind::Busy => Self::new(codes::SERVER_BUSY).with_retry_after(Duration::from_secs(1)),
            Kind::Misuse(_) => Self::new(codes::INTERNAL),
            _ => Self::new(codes::UPSTREAM_FAILED),
        }
        .with_source(error)
    }
}
