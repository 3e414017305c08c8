//! A file in the forms in which it is sent, with the headers of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_RANGE, LAST_MODIFIED,
    RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method};
use plumego_contract::coding::{Accepted, Coding};
use plumego_contract::conditional::{EntityTag, Validators};

use crate::compress::Own;
use crate::settings::Settings;
use crate::source::{Content, Loaded, Part, SIBLINGS, Stamp};

/// What an entry takes beside its bytes, in a guess on the large side.
const OVERHEAD_BYTES: usize = 2048;

/// A file in every form it has.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name below the root.
    pub(crate) name: Box<str>,
    pub(crate) plain: Arc<Variant>,
    /// From files beside it, the one to prefer first.
    coded: Vec<Arc<Variant>>,
    /// Made by us.
    pub(crate) own: Own,
    settled: bool,
    /// When it was last held against the disk, in milliseconds of the site's time.
    checked: AtomicU64,
    checking: AtomicBool,
}

/// One form of a file.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The name of its own file.
    pub(crate) file: Box<str>,
    pub(crate) coding: Option<Coding>,
    pub(crate) content: Content,
    pub(crate) validators: Validators,
    pub(crate) stamp: Option<Stamp>,
    /// Those of a complete answer.
    pub(crate) headers: HeaderMap,
}

/// What is sent.
pub(crate) enum Choice {
    Ready(Arc<Variant>),
    /// To be compressed first.
    Compress(Coding),
}

/// Whoever has this holds an entry against the disk; others go on using it meanwhile.
pub(crate) struct Checking<'a>(&'a AtomicBool);

impl Drop for Checking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Entry {
    pub(crate) fn new(name: &str, loaded: Loaded, settings: &Settings, now: u64) -> Self {
        let content_type = settings.content_type(name);
        let own = Own::new(settings, &content_type, &loaded.plain.content);
        let headers = headers(
            name,
            content_type,
            settings,
            own.offers() || !loaded.coded.is_empty(),
        );
        let plain = Variant::new(name, None, loaded.plain, &headers);
        let coded = loaded.coded.into_iter().map(|(coding, part)| {
            let suffix = SIBLINGS.iter().find(|(there, _)| *there == coding);
            let suffix = suffix.map_or("", |(_, suffix)| suffix);
            Arc::new(Variant::new(
                &format!("{name}{suffix}"),
                Some(coding),
                part,
                &headers,
            ))
        });
        Self {
            name: name.into(),
            plain: Arc::new(plain),
            coded: coded.collect(),
            own,
            settled: loaded.settled,
            checked: AtomicU64::new(now),
            checking: AtomicBool::new(false),
        }
    }

    /// What goes to this client. A part of a file is a part of it as it is, unless the client holds
    /// another form of it.
    pub(crate) fn choose(&self, method: &Method, headers: &HeaderMap) -> Choice {
        let plain = || Choice::Ready(Arc::clone(&self.plain));
        if self.coded.is_empty() && !self.own.offers() {
            return plain();
        }
        if *method == Method::GET && headers.contains_key(RANGE) {
            let held = headers.get(IF_RANGE);
            let held = held.and_then(|value| EntityTag::parse(value.as_bytes()));
            let is_held =
                |variant: &&Arc<Variant>| held.is_some() && variant.validators.tag == held;
            let made = self.own.made();
            let variant = self.coded.iter().chain(made).find(is_held);
            return Choice::Ready(Arc::clone(variant.unwrap_or(&self.plain)));
        }
        let offered = SIBLINGS.map(|(coding, _)| coding);
        let has = |coding: &Coding| self.sibling(*coding).is_some() || self.own.has(*coding);
        let mut buffer = [Coding::Brotli; SIBLINGS.len()];
        let mut count = 0;
        for (place, coding) in buffer.iter_mut().zip(offered.into_iter().filter(has)) {
            *place = coding;
            count += 1;
        }
        let offered = buffer.get(..count).unwrap_or_default();
        match Accepted::of(headers, offered).coding {
            None => plain(),
            Some(coding) => match self.sibling(coding).or_else(|| self.own.get(coding)) {
                Some(variant) => Choice::Ready(Arc::clone(variant)),
                None => Choice::Compress(coding),
            },
        }
    }

    fn sibling(&self, coding: Coding) -> Option<&Arc<Variant>> {
        self.coded
            .iter()
            .find(|variant| variant.coding == Some(coding))
    }

    /// What is remembered of each file on disk: its name, and its stamp if it is there.
    pub(crate) fn stamps(&self, siblings: bool) -> Vec<(String, Option<Stamp>)> {
        let stamp_of = |coding| self.sibling(coding).and_then(|variant| variant.stamp);
        let mut stamps = vec![(self.name.to_string(), self.plain.stamp)];
        for (coding, suffix) in SIBLINGS.iter().filter(|_| siblings) {
            stamps.push((format!("{}{suffix}", self.name), stamp_of(*coding)));
        }
        stamps
    }

    /// Whether the stamps tell a later change for sure.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether it was held against the disk within so many milliseconds.
    pub(crate) fn is_fresh(&self, now: u64, max_age: u64) -> bool {
        now.saturating_sub(self.checked.load(Ordering::Acquire)) < max_age
    }

    /// Takes on holding it against the disk, unless somebody does.
    pub(crate) fn begin_check(&self) -> Option<Checking<'_>> {
        (!self.checking.swap(true, Ordering::AcqRel)).then_some(Checking(&self.checking))
    }

    pub(crate) fn note_checked(&self, now: u64) {
        self.checked.fetch_max(now, Ordering::AcqRel);
    }

    /// How much memory it takes, without what is compressed later.
    pub(crate) fn weight(&self) -> usize {
        let variants = self.coded.iter().chain([&self.plain]);
        variants.map(|variant| variant.weight()).sum::<usize>() + self.name.len()
    }
}

impl Variant {
    fn new(file: &str, coding: Option<Coding>, part: Part, headers: &HeaderMap) -> Self {
        let mut headers = headers.clone();
        if let Some(tag) = part.tag.to_value() {
            headers.insert(ETAG, tag);
        }
        let modified = part.modified.map(httpdate::fmt_http_date);
        if let Some(date) = modified.and_then(|date| HeaderValue::try_from(date).ok()) {
            headers.insert(LAST_MODIFIED, date);
        }
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, coding.to_value());
        }
        let mut validators = Validators::tagged(part.tag);
        validators.modified = part.modified;
        Self {
            file: file.into(),
            coding,
            content: part.content,
            validators,
            stamp: part.stamp,
            headers,
        }
    }

    pub(crate) fn weight(&self) -> usize {
        let bytes = match &self.content {
            Content::Memory(bytes) => bytes.len(),
            Content::Disk(_) => 0,
        };
        bytes + OVERHEAD_BYTES
    }
}

/// What all forms of a file have in common.
fn headers(
    name: &str,
    content_type: HeaderValue,
    settings: &Settings,
    is_negotiated: bool,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    let is_page = is_page(&content_type);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(value) = settings.caching.of(name, is_page) {
        headers.insert(CACHE_CONTROL, value.clone());
    }
    for (name, value) in &settings.headers {
        headers.insert(name.clone(), value.clone());
    }
    if is_negotiated {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    headers
}

fn is_page(content_type: &HeaderValue) -> bool {
    let text = content_type.as_bytes();
    ["text/html", "application/xhtml+xml"].iter().any(|page| {
        text.get(..page.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(page.as_bytes()))
    })
}
