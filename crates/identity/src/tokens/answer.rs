use http::HeaderValue;
use http::header::CACHE_CONTROL;
use plumego_contract::auth::Tokens;
use plumego_contract::respond::{IntoResponse, Json};
use plumego_contract::{RequestContext, Response};

/// The tokens as the answer to a sign-in or an exchange, in the words of RFC 6749, section 5.1:
/// `access_token`, `refresh_token`, `expires_in` in seconds, `token_type`. Nobody may keep it.
///
/// ```
/// use std::time::Duration;
/// use plumego_contract::auth::Tokens;
/// use plumego_contract::respond::IntoResponse as _;
/// use plumego_identity::tokens::TokenAnswer;
///
/// let tokens = Tokens {
///     access_token: "a".to_owned().into(),
///     refresh_token: "r".to_owned().into(),
///     expires_in: Duration::from_secs(900),
/// };
/// let response = TokenAnswer(tokens).into_response();
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// ```
#[derive(Debug, Clone)]
pub struct TokenAnswer(pub Tokens);

impl TokenAnswer {
    fn json(&self) -> Json<serde_json::Value> {
        let Self(tokens) = self;
        Json(serde_json::json!({
            "access_token": tokens.access_token.expose(),
            "refresh_token": tokens.refresh_token.expose(),
            "expires_in": tokens.expires_in.as_secs(),
            "token_type": "Bearer",
        }))
    }
}

impl IntoResponse for TokenAnswer {
    fn into_response(self) -> Response {
        not_to_be_kept(self.json().into_response())
    }

    fn respond(self, cx: &RequestContext) -> Response {
        not_to_be_kept(self.json().respond(cx))
    }
}

fn not_to_be_kept(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
