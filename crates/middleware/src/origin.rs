//! Origins as a browser writes them: `scheme://host` or `scheme://host:port` (RFC 6454).

/// Brings an origin that a person wrote to what a browser sends: lower case, no default port.
///
/// The error says what is wrong, to stand after the origin in a sentence.
pub(crate) fn normalize(text: &str) -> Result<String, &'static str> {
    let (scheme, authority) = split(text)?;
    let (host, port) = host_and_port(authority)?;
    if !is_host(&host) {
        return Err("has no valid host");
    }
    Ok(write(&scheme, &host, port))
}

/// `https://*.example.com` as what must stand before and after the name of the subdomain.
pub(crate) fn wildcard(text: &str) -> Result<(String, String), &'static str> {
    let (scheme, authority) = split(text)?;
    let parent = authority
        .strip_prefix("*.")
        .ok_or("may have `*` only as the whole first label: `https://*.example.com`")?;
    let (parent, port) = host_and_port(parent)?;
    if !is_host(&parent) || parent.starts_with('[') {
        return Err("has no valid host after `*.`");
    }
    if !parent.contains('.') && parent != "localhost" {
        return Err("takes in a whole top-level domain");
    }
    if parent.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("has an address after `*.`, which has no names below it");
    }
    let full = write(&scheme, &parent, port);
    let start = scheme.len() + "://".len();
    let after = full.get(start..).unwrap_or_default();
    Ok((format!("{scheme}://"), format!(".{after}")))
}

/// Whether an origin has the host and port of `host`, in whatever case.
pub(crate) fn is_of_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let plain = |text: &str| {
        text.strip_suffix(default)
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    !authority.is_empty() && plain(authority) == plain(host)
}

/// Whether this is one or more labels of a host name, as a browser writes them.
pub(crate) fn is_labels(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    })
}

fn split(text: &str) -> Result<(String, &str), &'static str> {
    let (scheme, authority) = text
        .split_once("://")
        .ok_or("must begin with a scheme, such as `https://`")?;
    let scheme = scheme.to_ascii_lowercase();
    let valid = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !valid {
        return Err("has no valid scheme");
    }
    if authority.contains(['/', '?', '#', '\\']) {
        return Err("must end after host and port: an origin has no path");
    }
    if authority.contains('@') {
        return Err("must not have user information");
    }
    Ok((scheme, authority))
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    let authority = authority.to_ascii_lowercase();
    let colon = match authority.rfind(']') {
        Some(end) => authority
            .get(end..)
            .and_then(|tail| tail.find(':'))
            .map(|at| end + at),
        None => authority.find(':'),
    };
    let Some((host, port)) = colon.and_then(|at| authority.split_at_checked(at)) else {
        return Ok((authority, None));
    };
    let digits = port.get(1..).unwrap_or_default();
    let port = digits
        .parse()
        .ok()
        .filter(|port| *port > 0 && digits.bytes().all(|b| b.is_ascii_digit()));
    Ok((host.to_owned(), Some(port.ok_or("has no valid port")?)))
}

fn is_host(host: &str) -> bool {
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match v6 {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_labels(host),
    }
}

fn write(scheme: &str, host: &str, port: Option<u16>) -> String {
    match (scheme, port) {
        ("https", Some(443)) | ("http", Some(80)) | (_, None) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    }
}
