use std::time::SystemTime;

use http::HeaderMap;
use http::header::{ETAG, LAST_MODIFIED};

use super::EntityTag;

/// What tells one state of a resource from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validators {
    /// Its tag.
    pub tag: Option<EntityTag>,
    /// When it last changed; whole seconds count.
    pub modified: Option<SystemTime>,
}

impl Validators {
    /// A state that is known by its tag.
    pub fn tagged(tag: EntityTag) -> Self {
        Self {
            tag: Some(tag),
            modified: None,
        }
    }

    /// A state that is known by the time of its last change.
    pub fn modified(at: SystemTime) -> Self {
        Self {
            tag: None,
            modified: Some(at),
        }
    }

    /// Those that a response carries.
    pub fn of(headers: &HeaderMap) -> Self {
        let tag = headers.get(ETAG);
        let modified = headers.get(LAST_MODIFIED).and_then(|at| at.to_str().ok());
        Self {
            tag: tag.and_then(|tag| EntityTag::parse(tag.as_bytes())),
            modified: modified.and_then(|at| httpdate::parse_http_date(at).ok()),
        }
    }
}
