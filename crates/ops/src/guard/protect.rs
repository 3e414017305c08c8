//! The guard at work, around a group of routes.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use plumego_contract::auth::AuthRequirement;
use plumego_contract::{Error, Request, RequestContext, Response, codes};
use plumego_middleware::{Next, from_fn};
use plumego_router::Router;

use super::audit::{self, Write, is_safe};
use super::failures::Failures;
use super::token::{Token, bearer, find};
use super::{Guard, Scope, Wrap};
use crate::views::GUARD;

/// Who was let in.
#[derive(Clone)]
pub(crate) struct Operator {
    pub(crate) name: String,
    pub(crate) scope: Scope,
}

impl Operator {
    pub(crate) fn new(name: impl Into<String>, scope: Scope) -> Self {
        Self {
            name: name.into(),
            scope,
        }
    }
}

/// A guard whose tokens are checked. Cheap to clone; clones count failures together.
#[derive(Clone)]
pub(crate) struct Doorkeeper(Arc<Inner>);

struct Inner {
    tokens: Vec<Token>,
    layer: Option<Wrap>,
    requirement: Option<AuthRequirement>,
    everybody: bool,
    realm: &'static str,
    failures: Failures,
}

/// Lets somebody in who shows no token.
pub(crate) type Otherwise = fn(&RequestContext, &HeaderMap) -> Result<Operator, Error>;

impl Doorkeeper {
    pub(crate) fn new(guard: Guard, realm: &'static str) -> Self {
        Self(Arc::new(Inner {
            tokens: guard.tokens,
            layer: guard.layer,
            requirement: guard.requirement,
            everybody: guard.everybody,
            realm,
            failures: Failures::default(),
        }))
    }

    /// The routes behind the guard. Whoever shows no token may be let in `otherwise`.
    pub(crate) fn protect(&self, inside: Router, otherwise: Option<Otherwise>) -> Router {
        let outer = self.clone();
        let routes = Router::new();
        let routes = routes.layers(
            &[GUARD],
            from_fn(move |request, next| outer.clone().outer(request, next, otherwise)),
        );
        let routes = match &self.0.layer {
            Some(layer) => layer(routes),
            None => routes,
        };
        let routes = routes.layers(&["OpsAudit"], from_fn(inner)).merge(inside);
        let guarded = Router::new().group("", |_| routes);
        match (&self.0.requirement, &self.0.layer) {
            (Some(requirement), _) => guarded.auth(requirement.clone()),
            // What the layer is for, the router cannot know: a layer may let everybody to what is
            // public.
            (None, Some(_)) => guarded,
            (None, None) => guarded.public(),
        }
    }

    /// Who shows one of the tokens, if anybody; the time is that of every check.
    #[cfg(feature = "devtools")]
    pub(crate) fn is_operator(&self, context: &RequestContext, headers: &HeaderMap) -> bool {
        headers.contains_key(AUTHORIZATION)
            && self.0.failures.refused(context.client_ip()).is_none()
            && self.by_token(headers).is_ok()
    }

    async fn outer(
        self,
        mut request: Request,
        next: Next,
        otherwise: Option<Otherwise>,
    ) -> Response {
        let context = RequestContext::of(&mut request);
        let client = context.client_ip();
        let (admitted, shown) = match self.0.failures.refused(client) {
            Some(left) => {
                let error = Error::new(codes::RATE_LIMITED).with_retry_after(left);
                return no_store(error.respond(&context));
            }
            None => self.admit(&context, request.headers(), otherwise),
        };
        let response = match admitted {
            Ok(operator) => {
                if let Some(operator) = operator {
                    request.extensions_mut().insert(operator);
                }
                next.run(request).await
            }
            Err(error) => {
                if !is_safe(context.method()) {
                    audit::refused(&context, "nobody", error.status().as_u16());
                }
                error.respond(&context)
            }
        };
        // A wrong token, or credentials that the layer of the program did not take.
        if shown && response.status() == StatusCode::UNAUTHORIZED {
            self.0.failures.note(client);
        }
        no_store(response)
    }

    /// Who asks, `None` when the layer below decides; and whether credentials were shown.
    fn admit(
        &self,
        context: &RequestContext,
        headers: &HeaderMap,
        otherwise: Option<Otherwise>,
    ) -> (Result<Option<Operator>, Error>, bool) {
        let shown = headers.contains_key(AUTHORIZATION);
        let has_tokens = !self.0.tokens.is_empty();
        if shown && has_tokens {
            return (self.by_token(headers).map(Some), true);
        }
        let by_other = otherwise.map(|otherwise| otherwise(context, headers));
        let admitted = match by_other {
            Some(Ok(operator)) => Ok(Some(operator)),
            // Tokens are asked for, or nothing is configured that would let anybody in.
            _ if has_tokens || (self.0.layer.is_none() && !self.0.everybody) => {
                let error = by_other.and_then(Result::err);
                Err(self.challenge(error.unwrap_or_else(|| Error::new(codes::UNAUTHENTICATED))))
            }
            _ if self.0.layer.is_some() => Ok(None),
            _ => Ok(Some(Operator::new("anybody", Scope::Operate))),
        };
        (admitted, shown)
    }

    fn by_token(&self, headers: &HeaderMap) -> Result<Operator, Error> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let presented = match (values.next(), values.next()) {
            (Some(value), None) => bearer(value.as_bytes()),
            _ => None,
        };
        let found = presented.and_then(|presented| find(&self.0.tokens, presented));
        let Some(token) = found else {
            return Err(self.challenge(Error::new(codes::INVALID_TOKEN)));
        };
        let name = format!("token {}", token.fingerprint());
        Ok(Operator::new(name, token.scope))
    }

    /// RFC 9110, section 11.6.1; RFC 6750, section 3.
    fn challenge(&self, error: Error) -> Error {
        if error.status() != StatusCode::UNAUTHORIZED {
            return error;
        }
        let wrong = error.code() == codes::INVALID_TOKEN.code;
        let hint = if wrong {
            ", error=\"invalid_token\""
        } else {
            ""
        };
        let value = format!("Bearer realm=\"{}\"{hint}", self.0.realm);
        let value = HeaderValue::try_from(value);
        let value = value.unwrap_or(HeaderValue::from_static("Bearer"));
        error.with_header(WWW_AUTHENTICATE, value)
    }
}

/// Inside of the layer of the program: the scope, and the audit.
async fn inner(mut request: Request, next: Next) -> Response {
    let context = RequestContext::of(&mut request);
    let extensions = request.extensions();
    let by_layer = extensions.get::<Scope>().copied();
    let operator = extensions.get::<Operator>().cloned();
    let mut operator =
        operator.unwrap_or_else(|| Operator::new("whom the layer let pass", Scope::Operate));
    operator.scope = operator.scope.min(by_layer.unwrap_or(Scope::Operate));
    if is_safe(context.method()) {
        return next.run(request).await;
    }
    if operator.scope < Scope::Operate {
        audit::refused(&context, &operator.name, StatusCode::FORBIDDEN.as_u16());
        let error = Error::forbidden("This needs a token with the scope `operate`.");
        return error.respond(&context);
    }
    let write = Write::begin(context, operator);
    let response = next.run(request).await;
    write.end(response.status().as_u16());
    response
}

/// What an operator sees is kept by nobody.
fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
