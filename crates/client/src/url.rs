//! URLs, read strictly: what two programs could read in two ways is refused.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use http::uri::PathAndQuery;

/// The longest URL that is read.
pub const MAX_URL_BYTES: usize = 8192;
/// RFC 1035, section 2.3.4.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, in lower case, without a dot at its end.
    Name(Box<str>),
    /// An IP address, written as one.
    Ip(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port: whom a request is for (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, also when the URL left it out.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What goes into `Host`: the port only when it is not the one of the scheme.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// An absolute `http` or `https` URL.
///
/// Read more strictly than a browser does, so that no two programs can disagree about where it
/// leads. Refused are: more than 8192 bytes; anything but printable ASCII, and `\`; user and
/// password; other schemes; a host that is a number in any spelling but four decimal parts
/// (`127.1`, `0x7f000001`, `017700000001`); percent escapes, zone ids and a dot at the end of
/// the host; an empty port or port 0. A fragment is dropped, since it is never sent.
///
/// `Display` writes all of it; `Debug` leaves path and query out, for those of webhooks are often
/// secrets.
///
/// ```
/// use plumego_client::{Url, UrlError};
///
/// let url: Url = "https://Hooks.example:8443/in?x=1#top".parse()?;
/// assert_eq!(url.to_string(), "https://hooks.example:8443/in?x=1");
/// assert_eq!("http://127.1/".parse::<Url>(), Err(UrlError::NumericHost));
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    origin: Origin,
    target: PathAndQuery,
}

impl Url {
    /// Whom it is for.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// The host.
    pub const fn host(&self) -> &Host {
        &self.origin.host
    }

    /// The port, also when the text left it out.
    pub const fn port(&self) -> u16 {
        self.origin.port
    }

    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.target.path()
    }

    /// The query, without `?`.
    pub fn query(&self) -> Option<&str> {
        self.target.query()
    }

    /// Path and query as they are sent.
    pub(crate) const fn target(&self) -> &PathAndQuery {
        &self.target
    }

    /// Reads a reference relative to this URL, as `Location` holds one (RFC 3986, section 5.2).
    ///
    /// ```
    /// use plumego_client::{Url, UrlError};
    ///
    /// let url: Url = "https://a.example/b/c?d".parse()?;
    /// assert_eq!(url.join("../e")?.to_string(), "https://a.example/e");
    /// assert_eq!(url.join("//f.example")?.to_string(), "https://f.example/");
    /// # Ok::<(), UrlError>(())
    /// ```
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        check_text(reference)?;
        if has_scheme(reference) {
            return reference.parse();
        }
        if reference.starts_with("//") {
            return format!("{}:{reference}", self.scheme().as_str()).parse();
        }
        let reference = without_fragment(reference);
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let query = match (path.is_empty(), query) {
            (true, None) => self.query(),
            (_, query) => query,
        };
        let path = match path {
            "" => self.path().to_owned(),
            path if path.starts_with('/') => without_dots(path),
            path => {
                let folder = self
                    .path()
                    .rfind('/')
                    .and_then(|end| self.path().get(..=end));
                without_dots(&format!("{}{path}", folder.unwrap_or("/")))
            }
        };
        let target = match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        Ok(Self {
            origin: self.origin.clone(),
            target: read_target(&target)?,
        })
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        check_text(text)?;
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NotAbsolute)?;
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = read_authority(authority)?;
        Ok(Self {
            origin: Origin {
                scheme,
                host,
                port: port.unwrap_or(scheme.default_port()),
            },
            target: read_target(without_fragment(target))?,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({}/…)", self.origin)
    }
}

impl TryFrom<&str> for Url {
    type Error = UrlError;

    fn try_from(text: &str) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl TryFrom<&String> for Url {
    type Error = UrlError;

    fn try_from(text: &String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl TryFrom<String> for Url {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl TryFrom<&Uri> for Url {
    type Error = UrlError;

    fn try_from(uri: &Uri) -> Result<Self, UrlError> {
        uri.to_string().parse()
    }
}

impl From<&Self> for Url {
    fn from(url: &Self) -> Self {
        url.clone()
    }
}

/// Why a text is no URL that is asked for. The message never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// More than [`MAX_URL_BYTES`].
    TooLong,
    /// A character that is not printable ASCII, or `\`.
    Character,
    /// No scheme.
    NotAbsolute,
    /// Neither `http` nor `https`.
    Scheme,
    /// A user or a password before the host.
    Userinfo,
    /// No host, or a name that is none.
    Host,
    /// A dot at the end of the host.
    TrailingDot,
    /// A number as host that is not four decimal parts.
    NumericHost,
    /// A port that is empty, zero, too large or no number.
    Port,
    /// A path or query with a character that has no place there.
    Target,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the URL is longer than 8192 bytes",
            Self::Character => {
                "the URL holds a character that is not printable ASCII, or a backslash; write \
                 names in punycode (`xn--…`) and escape the rest by percent signs"
            }
            Self::NotAbsolute => "the URL is not absolute; write `https://host/path`",
            Self::Scheme => "the scheme is neither `http` nor `https`",
            Self::Userinfo => {
                "the URL holds a user or password; send credentials in the header `Authorization`"
            }
            Self::Host => "the host is missing or no valid name or address",
            Self::TrailingDot => "the host ends with a dot; write it without",
            Self::NumericHost => {
                "the host is a number in an unusual spelling; write an IPv4 address as four \
                 decimal parts without leading zeros"
            }
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Target => "the path or query holds a character that has to be escaped",
        })
    }
}

impl std::error::Error for UrlError {}

impl From<Infallible> for UrlError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn check_text(text: &str) -> Result<(), UrlError> {
    if text.len() > MAX_URL_BYTES {
        return Err(UrlError::TooLong);
    }
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if text.bytes().all(fits) {
        Ok(())
    } else {
        Err(UrlError::Character)
    }
}

fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

/// Whether it begins with `scheme:` (RFC 3986, section 3.1).
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn read_target(text: &str) -> Result<PathAndQuery, UrlError> {
    let read = if text.starts_with('/') {
        PathAndQuery::try_from(text)
    } else {
        PathAndQuery::try_from(format!("/{text}"))
    };
    read.map_err(|_| UrlError::Target)
}

fn read_authority(text: &str) -> Result<(Host, Option<u16>), UrlError> {
    if text.contains('@') {
        return Err(UrlError::Userinfo);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(read_port(port)?),
            None if port.is_empty() => None,
            None => return Err(UrlError::Port),
        };
        return Ok((Host::Ip(IpAddr::V6(address)), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(read_port(port)?)),
        None => (text, None),
    };
    Ok((read_host(host)?, port))
}

fn read_port(text: &str) -> Result<u16, UrlError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(UrlError::Port),
    }
}

pub(crate) fn read_host(text: &str) -> Result<Host, UrlError> {
    if text.len() > 1 && text.ends_with('.') {
        return Err(UrlError::TrailingDot);
    }
    if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.split('.').all(is_label) {
        return Err(UrlError::Host);
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    if is_number(last) {
        // What the C library reads from `127.1` or `0x7f000001` is not what others read.
        return match text.parse::<Ipv4Addr>() {
            Ok(address) => Ok(Host::Ip(IpAddr::V4(address))),
            Err(_) => Err(UrlError::NumericHost),
        };
    }
    Ok(Host::Name(text.to_ascii_lowercase().into()))
}

/// Letters, digits, `-` and `_`: names of services have the latter.
fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(fits)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Decimal, octal or hexadecimal: what ends a name that is read as an address (WHATWG URL, "ends in
/// a number").
fn is_number(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// RFC 3986, section 5.2.4, for a path that begins with `/`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}
