//! A site: from a request to a file to an answer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{ALLOW, CACHE_CONTROL, LOCATION, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use plumego_contract::coding::Coding;
use plumego_contract::{Body, Error, RequestContext, Response, Streaming, codes};
use plumego_observe::metrics::{MetricError, Metrics};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::time::Instant;
use tower_service::Service;

use crate::answer::{self, Answer, Pending, answer};
use crate::body::Pieces;
use crate::compress;
use crate::entry::{Choice, Entry};
use crate::navigation;
use crate::path::SitePath;
use crate::settings::Settings;
use crate::source::{Dir, Found};
use crate::store::Store;
use crate::watch::Watch;

/// So many names are looked for on disk at once; the same name by one request at a time.
const LOOKUPS: usize = 32;
/// So many files are compressed at once. Each takes a processor and some MiB.
const COMPRESSIONS: usize = 2;
/// A file that changes each time it is to be sent is given up.
const ATTEMPTS: usize = 4;

/// The files of a [`Frontend`](crate::Frontend), as a tower service: cheap to clone, and clones
/// share what is in memory.
///
/// Give it to [`Router::site`](plumego_router::Router::site). Anywhere else it answers what it has
/// at the path of the request, 405 to other methods than GET and HEAD, and 404.
///
/// # Cancel safety
/// Dropping a response's future loses nothing but the answer.
#[derive(Debug, Clone)]
pub struct Site(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) files: Files,
    pub(crate) began: Instant,
    compressing: Arc<Semaphore>,
}

/// Where the files are.
#[derive(Debug)]
pub(crate) enum Files {
    Disk(Disk),
    /// All of them, for good.
    Fixed(HashMap<String, Arc<Entry>>),
}

/// A folder on disk and what is remembered of it.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: Arc<Dir>,
    store: Arc<Store>,
    lanes: Box<[Arc<Mutex<()>>]>,
    hasher: RandomState,
}

/// What a name stands for.
enum Target {
    File(Arc<Entry>),
    Folder,
    Missing,
}

/// What a path is answered with.
enum Page {
    File,
    /// The index, for a view of the application.
    View,
    NotFound,
}

impl Disk {
    pub(crate) fn new(dir: Dir, store: Store) -> Self {
        Self {
            dir: Arc::new(dir),
            store: Arc::new(store),
            lanes: (0..LOOKUPS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    /// Waits for its turn to look for this name.
    async fn turn(&self, name: &str) -> OwnedMutexGuard<()> {
        let lanes = self.lanes.len().max(1);
        let place = usize::try_from(self.hasher.hash_one(name) % lanes as u64).unwrap_or(0);
        let lane = self.lanes.get(place).map(Arc::clone).unwrap_or_default();
        lane.lock_owned().await
    }

    /// Works where it may block. The turn ends with the work, also when nobody waits for that any
    /// more.
    async fn block<T: Send + 'static>(
        &self,
        turn: OwnedMutexGuard<()>,
        work: impl FnOnce(&Dir) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let dir = Arc::clone(&self.dir);
        let work = move || {
            let result = work(&dir);
            drop(turn);
            result
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result.map_err(|error| failed(&error)),
            Err(error) => Err(Error::internal(error)),
        }
    }
}

impl Site {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Counts into metrics what of a folder on disk is in memory: `frontend_cache_hits`, `_misses`,
    /// `_evictions`, `_bytes` and `_entries`, with the label `site`. Files of the program are all
    /// in memory, and not counted.
    ///
    /// A [`Frontend`](crate::Frontend) that is a component does so by itself, under its name. Only
    /// the first call of a site counts. The name is a label: give a site one that is fixed.
    ///
    /// # Errors
    /// One of these names is taken by a metric of another kind.
    pub fn register(&self, metrics: &Metrics, site: &str) -> Result<(), MetricError> {
        if let Files::Disk(disk) = &self.0.files {
            disk.store.watch(Watch::new(metrics, site)?);
        }
        Ok(())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    pub(crate) fn new(settings: Settings, files: Files) -> Self {
        Self {
            settings,
            files,
            began: Instant::now(),
            compressing: Arc::new(Semaphore::new(COMPRESSIONS)),
        }
    }

    /// The answer, where everything for it is in memory.
    fn at_once(&self, parts: &Parts) -> Option<Response> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = SitePath::parse(parts.uri.path(), self.settings.well_known)?;
        // The prefix of a mount may lack its slash.
        if path.names.is_empty() || self.is_excluded(&path) {
            return None;
        }
        let entry = self.known(&path.file(&self.settings.index))?;
        let Choice::Ready(variant) = entry.choose(&parts.method, &parts.headers) else {
            return None;
        };
        match answer(&variant, &parts.method, &parts.headers) {
            Ok(Answer::Done(response)) => {
                self.note_hit();
                Some(response)
            }
            _ => None,
        }
    }

    async fn answer(&self, parts: &Parts, cx: &RequestContext) -> Response {
        match self.try_answer(parts, cx).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = error.respond(cx);
                if self.settings.spa || self.settings.not_found_page.is_some() {
                    varies(&mut response);
                }
                response
            }
        }
    }

    async fn try_answer(&self, parts: &Parts, cx: &RequestContext) -> Result<Response, Error> {
        let path = SitePath::parse(parts.uri.path(), self.settings.well_known);
        let is_excluded = match &path {
            Some(path) => self.is_excluded(path),
            None => self.is_excluded(&SitePath::of_refused(parts.uri.path())),
        };
        if is_excluded {
            return Err(missing());
        }
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let allow = HeaderValue::from_static("GET, HEAD");
            return Err(Error::new(codes::METHOD_NOT_ALLOWED).with_header(ALLOW, allow));
        }
        if let Some(path) = &path {
            let file = path.file(&self.settings.index);
            match self.find(&file).await? {
                // The prefix of a mount without its slash is a folder too.
                Target::File(_) if path.is_folder && !cx.path().ends_with('/') => {
                    return self.redirect(cx);
                }
                Target::File(entry) => return self.serve(entry, parts, &Page::File).await,
                Target::Folder if !path.is_folder => return self.redirect(cx),
                Target::Folder | Target::Missing => {}
            }
        }
        let is_view = |path: &SitePath<'_>| {
            !path.has_extension() && navigation::is_navigation(&parts.headers)
        };
        if self.settings.spa && path.as_ref().is_some_and(is_view) {
            return match self.find(&self.settings.index).await? {
                Target::File(entry) => self.serve(entry, parts, &Page::View).await,
                _ => Err(missing()),
            };
        }
        if let Some(page) = &self.settings.not_found_page
            && navigation::reads_pages(&parts.headers)
            && let Target::File(entry) = self.find(page).await?
        {
            return self.serve(entry, parts, &Page::NotFound).await;
        }
        Err(missing())
    }

    fn is_excluded(&self, path: &SitePath<'_>) -> bool {
        self.settings
            .excluded
            .iter()
            .any(|names| path.is_below(names))
    }

    /// An entry that needs no look at the disk.
    fn known(&self, name: &str) -> Option<Arc<Entry>> {
        match &self.files {
            Files::Fixed(files) => files.get(name).cloned(),
            Files::Disk(disk) => {
                let entry = disk.store.get(name)?;
                entry
                    .is_fresh(self.now(), self.settings.revalidate_after)
                    .then_some(entry)
            }
        }
    }

    async fn find(&self, name: &str) -> Result<Target, Error> {
        let disk = match &self.files {
            Files::Disk(disk) => disk,
            Files::Fixed(files) => {
                let index = || format!("{name}/{}", self.settings.index);
                return Ok(match files.get(name) {
                    Some(entry) => Target::File(Arc::clone(entry)),
                    None if files.contains_key(&index()) => Target::Folder,
                    None => Target::Missing,
                });
            }
        };
        if let Some(entry) = disk.store.get(name) {
            if entry.is_fresh(self.now(), self.settings.revalidate_after) {
                self.note_hit();
                return Ok(Target::File(entry));
            }
            // One looks; the others take what there is.
            let Some(checking) = entry.begin_check() else {
                self.note_hit();
                return Ok(Target::File(Arc::clone(&entry)));
            };
            let now = self.now();
            let is_same = entry.is_settled() && self.is_unchanged(disk, &entry).await?;
            if is_same {
                entry.note_checked(now);
                self.note_hit();
                drop(checking);
                return Ok(Target::File(entry));
            }
            return self.load(disk, name).await;
        }
        self.load(disk, name).await
    }

    async fn is_unchanged(&self, disk: &Disk, entry: &Arc<Entry>) -> Result<bool, Error> {
        let stamps = entry.stamps(self.settings.siblings);
        let work = move |dir: &Dir| {
            for (name, stamp) in stamps {
                if !dir.is_unchanged(&name, stamp)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        disk.block(disk.turn(&entry.name).await, work).await
    }

    async fn load(&self, disk: &Disk, name: &str) -> Result<Target, Error> {
        let turn = disk.turn(name).await;
        // Whoever had the turn before may have loaded it.
        if let Some(entry) = self.known(name) {
            self.note_hit();
            return Ok(Target::File(entry));
        }
        disk.store.note_miss();
        let now = self.now();
        let (wanted, index) = (name.to_owned(), self.settings.index.clone());
        let work = move |dir: &Dir| dir.load(&wanted, &index);
        let found = disk.block(turn, work).await?;
        Ok(match found {
            Found::File(loaded) => {
                let entry = Arc::new(Entry::new(name, loaded, &self.settings, now));
                disk.store.put(&entry);
                Target::File(entry)
            }
            gone => {
                disk.store.remove(name);
                match gone {
                    Found::Folder => Target::Folder,
                    _ => Target::Missing,
                }
            }
        })
    }

    async fn serve(
        &self,
        mut entry: Arc<Entry>,
        parts: &Parts,
        page: &Page,
    ) -> Result<Response, Error> {
        for _ in 0..ATTEMPTS {
            let variant = match entry.choose(&parts.method, &parts.headers) {
                Choice::Ready(variant) => variant,
                Choice::Compress(coding) => {
                    self.compress(&entry, coding).await;
                    continue;
                }
            };
            let answer = match page {
                Page::NotFound => answer::not_found(&variant, &parts.method),
                Page::File | Page::View => answer(&variant, &parts.method, &parts.headers)?,
            };
            let response = match (answer, &self.files) {
                (Answer::Done(response), _) => Some(response),
                (Answer::Disk(pending), Files::Disk(disk)) => open(disk, pending).await?,
                (Answer::Disk(_), Files::Fixed(_)) => None,
            };
            if let Some(mut response) = response {
                if !matches!(page, Page::File) {
                    varies(&mut response);
                }
                return Ok(response);
            }
            // It is another file by now.
            let Files::Disk(disk) = &self.files else {
                break;
            };
            disk.store.remove(&entry.name);
            entry = match self.load(disk, &entry.name).await? {
                Target::File(entry) => entry,
                _ => return Err(missing()),
            };
        }
        Err(Error::unavailable("the file changes all the time"))
    }

    /// To the same path with a slash, as a reference that cannot lead to another host. It is kept
    /// for as long as a page: the folder may become a view of the application.
    fn redirect(&self, cx: &RequestContext) -> Result<Response, Error> {
        let name = cx.path().rsplit('/').next().unwrap_or_default();
        let query = cx.uri().query().map(|query| format!("?{query}"));
        let location = format!("./{name}/{}", query.unwrap_or_default());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        let location = HeaderValue::try_from(location).map_err(Error::internal)?;
        response.headers_mut().insert(LOCATION, location);
        if let Some(value) = &self.settings.caching.pages {
            response.headers_mut().insert(CACHE_CONTROL, value.clone());
        }
        Ok(response)
    }

    fn note_hit(&self) {
        if let Files::Disk(disk) = &self.files {
            disk.store.note_hit();
        }
    }

    async fn compress(&self, entry: &Arc<Entry>, coding: Coding) {
        let store = match &self.files {
            Files::Disk(disk) => Some(Arc::clone(&disk.store)),
            Files::Fixed(_) => None,
        };
        let kept = Arc::clone(entry);
        let note = move |more| {
            if let Some(store) = store {
                store.grow(&kept, more);
            }
        };
        compress::make(entry, coding, &self.compressing, note).await;
    }

    /// Milliseconds since the site was made.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// `None` when the file is another one by now.
async fn open(disk: &Disk, pending: Pending) -> Result<Option<Response>, Error> {
    let Pending {
        variant,
        mut response,
        pieces,
    } = pending;
    let Some(stamp) = variant.stamp else {
        return Ok(None);
    };
    let name = variant.file.to_string();
    let begin = move |dir: &Dir| match dir.reopen(&name, stamp)? {
        Some(file) => Pieces::begin(file, stamp.written, pieces).map(Some),
        None => Ok(None),
    };
    let turn = disk.turn(&variant.file).await;
    let Some(pieces) = disk.block(turn, begin).await? else {
        return Ok(None);
    };
    *response.body_mut() = answer::body(pieces);
    response.extensions_mut().insert(Streaming);
    Ok(Some(response))
}

#[track_caller]
fn missing() -> Error {
    Error::new(codes::NOT_FOUND).with_detail("There is nothing at this path.")
}

fn failed(error: &io::Error) -> Error {
    use nix::errno::Errno;

    let exhausted = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM];
    let code = error.raw_os_error().map(Errno::from_raw);
    let source = format!("a file of the site: {error}");
    if code.is_some_and(|code| exhausted.contains(&code)) {
        Error::unavailable(source)
    } else {
        Error::internal(source)
    }
}

fn varies(response: &mut Response) {
    let value = HeaderValue::from_static(navigation::VARIES_BY);
    response.headers_mut().append(VARY, value);
}

/// The answer of a [`Site`].
#[must_use = "futures do nothing unless polled"]
pub struct SiteFuture(State);

enum State {
    Ready(Option<Response>),
    Working(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Future for SiteFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
            State::Working(future) => future.as_mut().poll(cx).map(Ok),
        }
    }
}

impl std::fmt::Debug for SiteFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteFuture")
    }
}

impl<B> Service<http::Request<B>> for Site {
    type Response = Response;
    type Error = Infallible;
    type Future = SiteFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<B>) -> SiteFuture {
        let context = RequestContext::of(&mut request);
        let (parts, _) = request.into_parts();
        if let Some(response) = self.0.at_once(&parts) {
            return SiteFuture(State::Ready(Some(response)));
        }
        let inner = Arc::clone(&self.0);
        let work = async move { inner.answer(&parts, &context).await };
        SiteFuture(State::Working(Box::pin(work)))
    }
}
