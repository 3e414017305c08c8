//! From `http://` to `https://`: what a second address answers, where TLS is not spoken.

use http::header::{HeaderValue, LOCATION};
use http::{StatusCode, Uri};
use plumego_contract::{Error, Request, RequestContext, Response};
use plumego_router::Router;

use super::Tls;
use crate::config::HTTPS;

/// Answers every request by the way to the same at this port, for hosts that a certificate is for.
pub(super) fn router(tls: Tls, port: u16) -> Router {
    Router::new().fallback(async move |request: Request| answer(&tls, port, &request))
}

fn answer(tls: &Tls, port: u16, request: &Request) -> Result<Response, Error> {
    let context = RequestContext::get(request.extensions());
    let host = context.and_then(RequestContext::host).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if !name.bytes().all(is_plain) || !tls.is_for(name) {
        let error = Error::custom(StatusCode::MISDIRECTED_REQUEST, "unknown_host");
        return Err(error.with_detail("This server has no certificate for the host."));
    }
    let location = location(name, port, request.uri()).map_err(Error::internal)?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn location(name: &str, port: u16, uri: &Uri) -> Result<HeaderValue, http::Error> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let port = match port {
        HTTPS => String::new(),
        port => format!(":{port}"),
    };
    Ok(HeaderValue::try_from(format!(
        "https://{name}{port}{target}"
    ))?)
}
