use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http_body::Body as HttpBody;
use plumego_contract::auth::{AuthError, Principal, bearer_challenge};
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_service::Service;

use super::TokenAuthLayer;
use crate::early::EarlyFuture;

/// The service of [`TokenAuthLayer`].
#[derive(Debug, Clone)]
pub struct TokenAuthService<S> {
    pub(super) inner: S,
    pub(super) config: TokenAuthLayer,
}

impl<S, B, R> Service<http::Request<B>> for TokenAuthService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = EarlyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        match self.config.check(request.headers()) {
            Ok(()) => {
                let subject = self.config.subject.as_ref();
                request.extensions_mut().insert(Principal::new(subject));
                EarlyFuture::run(self.inner.call(request.map(Body::new)))
            }
            Err(error) => {
                let context = RequestContext::of(&mut request);
                let error = bearer_challenge(Error::from(error), &self.config.realm);
                EarlyFuture::answer(error.respond(&context))
            }
        }
    }
}

impl TokenAuthLayer {
    fn check(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let presented = match (values.next(), values.next()) {
            (None, _) => return Err(AuthError::unauthenticated()),
            (Some(value), None) => bearer(value.as_bytes()),
            _ => return Err(AuthError::invalid_token()),
        };
        let presented = presented.ok_or(AuthError::unauthenticated())?;
        // All of them are compared, so that the time does not tell which one it was.
        let matched = self
            .tokens
            .iter()
            .fold(false, |found, token| found | token.matches(presented));
        if matched {
            Ok(())
        } else {
            Err(AuthError::invalid_token())
        }
    }
}

/// What stands after the scheme and one or more spaces, when the scheme is `Bearer` (RFC 9110,
/// section 11.4).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let start = rest.iter().position(|byte| *byte != b' ')?;
    if scheme.eq_ignore_ascii_case(b"bearer") && start > 0 {
        rest.get(start..)
    } else {
        None
    }
}
