//! What a site was told, checked.

use std::collections::HashMap;

use http::{HeaderName, HeaderValue};
use plumego_contract::respond::file::content_type_of;

use crate::caching::Caching;
use crate::path::extension;

/// The choices of a site.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct Settings {
    pub(crate) index: String,
    /// Whether navigations to what is not there get the index.
    pub(crate) spa: bool,
    pub(crate) not_found_page: Option<String>,
    /// Names without slashes at the ends.
    pub(crate) excluded: Vec<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) caching: Caching,
    /// By extension in lower case.
    pub(crate) types: HashMap<String, HeaderValue>,
    pub(crate) well_known: bool,
    pub(crate) siblings: bool,
    pub(crate) compress: bool,
    /// In milliseconds.
    pub(crate) revalidate_after: u64,
}

impl Settings {
    pub(crate) fn content_type(&self, name: &str) -> HeaderValue {
        let extension = extension(name).unwrap_or_default();
        let own = self.types.get(&extension.to_ascii_lowercase());
        own.cloned()
            .unwrap_or_else(|| HeaderValue::from_static(content_type_of(extension)))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            index: "index.html".to_owned(),
            spa: false,
            not_found_page: None,
            excluded: Vec::new(),
            headers: Vec::new(),
            caching: Caching::default(),
            types: HashMap::new(),
            well_known: true,
            siblings: true,
            compress: true,
            revalidate_after: 1000,
        }
    }
}
