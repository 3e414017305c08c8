//! What a request is for: a page that a person opens, or a part of one.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderName};
use plumego_contract::accept;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What answers to navigations depend on, for `Vary`.
pub(crate) const VARIES_BY: &str = "accept, sec-fetch-dest, sec-fetch-mode";

/// Whether a browser opens a page: it names `text/html` in `Accept`, and where it says how it
/// fetches (Fetch Metadata) it navigates.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    let mode = headers.get(SEC_FETCH_MODE);
    mode.is_none_or(|mode| mode.as_bytes() == b"navigate") && accept::names(headers, "text", "html")
}

/// Whether a page tells more than an error for programs: the client takes HTML and does not ask
/// for JSON, and no script or part of a page is what fetches it.
pub(crate) fn reads_pages(headers: &HeaderMap) -> bool {
    let dest = headers.get(SEC_FETCH_DEST);
    let is_shown = dest.is_none_or(|dest| {
        matches!(
            dest.as_bytes(),
            b"document" | b"iframe" | b"frame" | b"embed" | b"object"
        )
    });
    let asks_for_json = || {
        ["json", "problem+json"]
            .iter()
            .any(|sub| accept::names(headers, "application", sub))
    };
    let takes_html =
        || !headers.contains_key(ACCEPT) || accept::weight(headers, "text", "html") > 0;
    is_shown && takes_html() && (!asks_for_json() || accept::prefers_html(headers))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn browsers_navigate_and_scripts_do_not() {
        let chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, mode, dest, navigates, reads) in [
            (Some(chrome), Some("navigate"), Some("document"), true, true),
            (Some(chrome), None, None, true, true),
            (Some(chrome), Some("cors"), Some("empty"), false, false),
            (Some("*/*"), Some("cors"), Some("empty"), false, false),
            (Some("*/*"), Some("no-cors"), Some("script"), false, false),
            (Some("*/*"), None, None, false, true),
            (Some("text/*"), None, None, false, true),
            (Some("text/html;q=0"), None, None, false, false),
            (Some("application/json"), None, None, false, false),
            (Some("application/json, */*"), None, None, false, false),
            (Some("application/json, text/html"), None, None, true, false),
            (
                Some("image/avif,image/webp,*/*;q=0.8"),
                Some("no-cors"),
                Some("image"),
                false,
                false,
            ),
            (None, None, None, false, true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                (ACCEPT, accept),
                (SEC_FETCH_MODE, mode),
                (SEC_FETCH_DEST, dest),
            ] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_navigation(&headers), navigates, "{headers:?}");
            assert_eq!(reads_pages(&headers), reads, "{headers:?}");
        }
    }
}
