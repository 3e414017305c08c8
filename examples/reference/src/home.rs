//! The page that lists what is here and lets one try it.

use plumego::prelude::*;

/// `GET /`
pub(crate) async fn page() -> Html<&'static str> {
    Html(include_str!("home.html"))
}

/// `GET /home.css`
pub(crate) async fn style() -> impl IntoResponse {
    (
        [("content-type", "text/css; charset=utf-8")],
        include_str!("home.css"),
    )
}

/// `GET /home.js`
pub(crate) async fn script() -> impl IntoResponse {
    (
        [("content-type", "text/javascript; charset=utf-8")],
        include_str!("home.js"),
    )
}

/// `GET /home.svg`
pub(crate) async fn icon() -> impl IntoResponse {
    (
        [("content-type", "image/svg+xml")],
        include_str!("home.svg"),
    )
}
