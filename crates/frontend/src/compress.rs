//! Forms of a file that we compress, once for each coding (feature `compression`).

use std::sync::{Arc, OnceLock};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue};
use plumego_contract::coding::Coding;
use plumego_contract::conditional::{EntityTag, Validators};
use plumego_middleware::compression::{Level, compress, shrinks};
use tokio::sync::{Mutex, Semaphore};

use crate::entry::{Entry, Variant};
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
    making: Arc<Mutex<()>>,
}

impl Own {
    pub(crate) fn new(settings: &Settings, content_type: &HeaderValue, content: &Content) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.clone());
        let is_here = matches!(content, Content::Memory(_)) && content.length() >= MIN_BYTES;
        Self {
            offers: settings.compress && is_here && shrinks(&headers),
            made: [const { OnceLock::new() }; 3],
            making: Arc::default(),
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

    fn place(&self, coding: Coding) -> &OnceLock<Option<Arc<Variant>>> {
        let [zstd, brotli, gzip] = &self.made;
        match coding {
            Coding::Zstd => zstd,
            Coding::Brotli => brotli,
            Coding::Gzip => gzip,
        }
    }
}

/// Makes that coding of a file, unless it is there, and tells how many bytes more are in memory.
/// Whoever comes meanwhile waits; so does whoever finds no place.
///
/// Cancel safe: what was begun goes on and keeps its place, whether or not anybody waits for it. A
/// client that leaves again and again has nothing made twice.
pub(crate) async fn make(
    entry: &Arc<Entry>,
    coding: Coding,
    places: &Arc<Semaphore>,
    note: impl FnOnce(usize) + Send + 'static,
) {
    let making = Arc::clone(&entry.own.making).lock_owned().await;
    if entry.own.place(coding).get().is_some() {
        return;
    }
    let place = Arc::clone(places).acquire_owned().await;
    let source = Arc::clone(entry);
    let work = move || {
        let made = form(&source.plain, coding).map(Arc::new);
        let more = made.as_ref().map_or(0, |variant| variant.weight());
        let _ = source.own.place(coding).set(made);
        note(more);
        drop((making, place));
    };
    if tokio::task::spawn_blocking(work).await.is_err() {
        let _ = entry.own.place(coding).set(None);
    }
}

fn form(plain: &Variant, coding: Coding) -> Option<Variant> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::sync::oneshot;

    use super::*;
    use crate::source::Fixed;

    fn entry() -> Arc<Entry> {
        let mut files = Fixed::default();
        files.add("a.txt".to_owned(), Bytes::from(vec![b'a'; 50_000]));
        let (name, loaded) = files.all(false).next().unwrap();
        Arc::new(Entry::new(name, loaded, &Settings::default(), 0))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_place_waits_for_one() {
        let (places, entry) = (Arc::new(Semaphore::new(1)), entry());
        let taken = Arc::clone(&places).acquire_owned().await.unwrap();
        let mut making = Box::pin(make(&entry, Coding::Gzip, &places, drop));
        let time = Duration::from_hours(1);
        assert!(tokio::time::timeout(time, &mut making).await.is_err());
        assert!(entry.own.get(Coding::Gzip).is_none());
        drop(taken);
        making.await;
        assert!(entry.own.get(Coding::Gzip).is_some());
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_was_begun_is_there_for_the_next_one_and_counted() {
        let (places, entry) = (Arc::new(Semaphore::new(1)), entry());
        let (tell, told) = oneshot::channel();
        let note = move |more| tell.send(more).unwrap();
        let mut making = Box::pin(make(&entry, Coding::Brotli, &places, note));
        // The client leaves after the first look.
        std::future::poll_fn(|cx| {
            let _ = making.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
        drop(making);
        assert!(told.await.unwrap() > 0);
        assert!(entry.own.get(Coding::Brotli).is_some());
    }
}
