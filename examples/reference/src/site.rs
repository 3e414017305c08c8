//! The page that lists what is here and lets one try it, with its assets: part of the program.

use plumego::frontend::Frontend;
use rust_embed::RustEmbed;

/// Everything the page needs comes from here.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "web"]
struct Web;

/// At `/`, for every path that a browser opens and no route has.
pub(crate) fn page() -> Frontend {
    Frontend::embedded::<Web>()
        .spa()
        .exclude("/api")
        .exclude("/health")
        .with_header("content-security-policy", POLICY)
}
