//! The metrics as text at a path, for Prometheus.

use http::HeaderValue;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use plumego_contract::{Context, Error, IntoResponse};
use plumego_middleware::local;
use plumego_observe::metrics::{CONTENT_TYPE as OPEN_METRICS, Metrics};
use plumego_stdx::Secret;

/// Where the metrics can be read, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) token: Option<Secret<String>>,
}

impl Endpoint {
    /// The answer to one request: the metrics, for who shows the token or asks from this machine.
    ///
    /// # Errors
    /// `401` for anybody else.
    pub(crate) fn answer(
        &self,
        cx: &Context,
        metrics: &Metrics,
    ) -> Result<impl IntoResponse + use<>, Error> {
        if !self.has_token(cx) && local::check(cx.request_context(), cx.headers()).is_err() {
            let challenge = HeaderValue::from_static("Bearer");
            return Err(Error::unauthenticated("the metrics are not for everybody")
                .with_header(WWW_AUTHENTICATE, challenge));
        }
        let headers = [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")];
        Ok((headers, metrics.encode()))
    }

    fn has_token(&self, cx: &Context) -> bool {
        let shown = cx.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let shown = shown.and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
        });
        match (&self.token, shown) {
            (Some(token), Some(shown)) => token.matches(shown),
            _ => false,
        }
    }
}
