//! Forms of a file that we compress, once for each coding (feature `compression`).

use std::sync::{Arc, OnceLock};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue};
use plumego_contract::coding::Coding;
use plumego_contract::conditional::{EntityTag, Validators};
use plumego_middleware::compression::{Level, compress, shrinks};
use tokio::sync::Mutex;

use crate::entry::Variant;
use crate::settings::Settings;
use crate::source::Content;

/// Shorter files gain nothing worth a header.
const MIN_BYTES: u64 = 1024;
/// More than that of the original is no gain.
const MAX_PERCENT: u64 = 95;

/// The codings of one file that are made when somebody asks for them.
#[derive(Debug)]
pub(crate) struct Own {
    offers: bool,
    /// `Some(None)`: it was tried and is no gain.
    made: [OnceLock<Option<Arc<Variant>>>; 3],
    /// Held while one is made.
    making: Mutex<()>,
}

impl Own {
    pub(crate) fn new(settings: &Settings, content_type: &HeaderValue, content: &Content) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.clone());
        let is_here = matches!(content, Content::Memory(_)) && content.length() >= MIN_BYTES;
        Self {
            offers: settings.compress && is_here && shrinks(&headers),
            made: [const { OnceLock::new() }; 3],
            making: Mutex::new(()),
        }
    }

    /// Whether there is anything to be made or made already.
    pub(crate) fn offers(&self) -> bool {
        self.offers
    }

    /// Whether that coding is there, or can be.
    pub(crate) fn has(&self, coding: Coding) -> bool {
        self.offers && !matches!(self.place(coding).get(), Some(None))
    }

    pub(crate) fn get(&self, coding: Coding) -> Option<&Arc<Variant>> {
        self.place(coding).get()?.as_ref()
    }

    /// What was made so far.
    pub(crate) fn made(&self) -> impl Iterator<Item = &Arc<Variant>> {
        self.made.iter().filter_map(|place| place.get()?.as_ref())
    }

    /// Makes that coding, unless it is there. Whoever comes meanwhile waits. Gives how many bytes
    /// more are in memory.
    ///
    /// Cancel safe: what was begun is lost, and the next one begins anew.
    pub(crate) async fn make(&self, plain: &Arc<Variant>, coding: Coding) -> usize {
        let _making = self.making.lock().await;
        let place = self.place(coding);
        if place.get().is_some() {
            return 0;
        }
        let source = Arc::clone(plain);
        let made = tokio::task::spawn_blocking(move || make(&source, coding)).await;
        let made = made.ok().flatten().map(Arc::new);
        let more = made.as_ref().map_or(0, |variant| variant.weight());
        let _ = place.set(made);
        more
    }

    fn place(&self, coding: Coding) -> &OnceLock<Option<Arc<Variant>>> {
        let [zstd, brotli, gzip] = &self.made;
        match coding {
            Coding::Zstd => zstd,
            Coding::Brotli => brotli,
            Coding::Gzip => gzip,
        }
    }
}

fn make(plain: &Variant, coding: Coding) -> Option<Variant> {
    let Content::Memory(bytes) = &plain.content else {
        return None;
    };
    let made = compress(bytes, coding, Level::Dense).ok()?;
    if made.len() as u64 * 100 > bytes.len() as u64 * MAX_PERCENT {
        return None;
    }
    let tag = plain.validators.tag.as_ref().map(|tag| {
        let tag = tag.to_string();
        EntityTag::strong(format!("{}-{}", tag.trim_matches('"'), coding.as_str()))
    });
    let mut headers = plain.headers.clone();
    headers.insert(CONTENT_ENCODING, coding.to_value());
    if let Some(tag) = tag.as_ref().and_then(EntityTag::to_value) {
        headers.insert(ETAG, tag);
    }
    let mut validators = Validators::default();
    validators.tag = tag;
    validators.modified = plain.validators.modified;
    Some(Variant {
        file: plain.file.clone(),
        coding: Some(coding),
        content: Content::Memory(made),
        validators,
        stamp: None,
        headers,
    })
}
