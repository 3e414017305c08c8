//! Path parameters: static before parameter before wildcard.

use plumego::prelude::*;
use serde::Serialize;

/// Which route answered, and with what.
#[derive(Serialize)]
pub(crate) struct Matched {
    route: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl Matched {
    fn by(route: &'static str) -> Self {
        Self {
            route,
            id: None,
            post: None,
            path: None,
        }
    }
}

/// `GET /api/users/me`
pub(crate) async fn me() -> impl IntoResponse {
    reply(Matched::by("me"))
}

/// `GET /api/users/{id}`
pub(crate) async fn show(Path(id): Path<String>) -> impl IntoResponse {
    reply(Matched {
        id: Some(id),
        ..Matched::by("user")
    })
}

/// `GET /api/users/{id}/posts/{post}`
pub(crate) async fn post(Path((id, post)): Path<(String, String)>) -> impl IntoResponse {
    reply(Matched {
        id: Some(id),
        post: Some(post),
        ..Matched::by("post")
    })
}

/// `GET /api/files/{*path}`
pub(crate) async fn file(Path(path): Path<String>) -> impl IntoResponse {
    reply(Matched {
        path: Some(path),
        ..Matched::by("file")
    })
}
