//! The page that lists what is here and lets one try it, with its assets: part of the program.

use plumego::frontend::Frontend;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web"]
struct Web;

/// At `/`, for every path that a browser opens and no route has. Its policy is that of the guards:
/// everything the page needs comes from here.
pub(crate) fn page() -> Frontend {
    Frontend::embedded::<Web>()
        .spa()
        .exclude("/api")
        .exclude("/health")
}
