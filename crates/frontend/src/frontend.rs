//! What a site is made of.

use std::panic::Location;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    TRANSFER_ENCODING,
};
use http::{HeaderName, HeaderValue};
use plumego_contract::{Problem, Problems};

use crate::Site;
use crate::path::SitePath;
use crate::settings::Settings;
use crate::source::Fixed;

/// Headers that are made from the file.
const OWN_HEADERS: [HeaderName; 7] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    TRANSFER_ENCODING,
];

/// A static site or a single-page application on its way to a [`Site`].
///
/// A value: every method takes it and gives it back. What is wrong is told by
/// [`build`](Self::build), all of it at once. See the [crate](crate).
#[derive(Debug, Clone)]
pub struct Frontend {
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) bounds: Bounds,
    /// Whether the index has to be there.
    pub(crate) needs_index: bool,
    pub(crate) problems: Problems,
    pub(crate) name: &'static str,
    pub(crate) prefix: String,
    pub(crate) location: &'static Location<'static>,
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    Dir(PathBuf),
    Fixed(Fixed),
}

/// How much is kept in memory.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) memory_bytes: usize,
    pub(crate) file_bytes: usize,
    pub(crate) entries: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * 1024 * 1024,
            file_bytes: 1024 * 1024,
            entries: 4096,
        }
    }
}

/// Where the files are, and which of them are pages.
impl Frontend {
    /// The files of a folder on disk, read when they are asked for.
    ///
    /// The path is the operator's: links in it are followed, and it is looked up anew for each
    /// file, so a deployment may swap the folder.
    #[track_caller]
    pub fn dir(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::Dir(path.into()))
    }

    /// Files that are part of the program: names below the root with `/` between them, and their
    /// bytes. A name that is no path of a site, or there twice, is a problem.
    ///
    /// ```
    /// use plumego_frontend::Frontend;
    ///
    /// let site = Frontend::files([
    ///     ("index.html", &b"<!doctype html><title>hello</title>"[..]),
    ///     ("app.css", &b"body { margin: 0 }"[..]),
    /// ])
    /// .build()?;
    /// # let _ = site;
    /// # Ok::<(), plumego_contract::Problems>(())
    /// ```
    #[track_caller]
    pub fn files<N, B>(files: impl IntoIterator<Item = (N, B)>) -> Self
    where
        N: Into<String>,
        B: Into<Bytes>,
    {
        let mut fixed = Fixed::default();
        let mut wrong = Vec::new();
        for (name, bytes) in files {
            let name = name.into();
            if !is_file_name(&name) {
                wrong.push(format!("`{}` cannot be asked for", name.escape_debug()));
            }
            if !fixed.add(name.clone(), bytes.into()) {
                wrong.push(format!("`{}` is there twice", name.escape_debug()));
            }
        }
        let mut frontend = Self::of(Source::Fixed(fixed));
        for wrong in wrong {
            let message = format!("file {wrong}: expected a name such as `assets/app.js`");
            frontend = frontend.problem(message);
        }
        frontend
    }

    /// The page of a folder, in place of `index.html`. It has to be there for the root.
    #[track_caller]
    #[must_use]
    pub fn index(mut self, name: &str) -> Self {
        if !is_file_name(name) || name.contains('/') {
            let message = format!(
                "index `{}`: expected the name of a file, without folders",
                name.escape_debug()
            );
            return self.problem(message);
        }
        name.clone_into(&mut self.settings.index);
        self.needs_index = true;
        self
    }

    /// A single-page application: the index answers **navigations** to paths that are nowhere.
    ///
    /// A navigation is a GET or HEAD whose `Accept` names `text/html`, with `Sec-Fetch-Mode:
    /// navigate` where the browser sends that, to a path whose last name has no dot. Everything
    /// else that is missing is 404: scripts, images, calls of an API.
    #[must_use]
    pub fn spa(mut self) -> Self {
        self.settings.spa = true;
        self.needs_index = true;
        self
    }

    /// A page for what is not there, sent with status 404 to those who read pages: not to scripts,
    /// to parts of pages, and to clients that ask for JSON.
    #[track_caller]
    #[must_use]
    pub fn not_found_page(mut self, name: &str) -> Self {
        if !is_file_name(name) {
            let message = format!(
                "not-found page `{}`: expected the name of a file such as `404.html`",
                name.escape_debug()
            );
            return self.problem(message);
        }
        self.settings.not_found_page = Some(name.to_owned());
        self
    }

    /// Nothing at this path below the site's own prefix, nor below it: it is `404 not_found` for
    /// everybody. For the rest of an API, so that a mistyped call is never answered by a page.
    #[track_caller]
    #[must_use]
    pub fn exclude(mut self, prefix: &str) -> Self {
        let names = SitePath::parse(prefix, true).filter(|path| !path.names.is_empty());
        let Some(path) = names else {
            let shown = prefix.escape_debug();
            let message = format!("excluded prefix `{shown}`: expected a path such as `/api`");
            return self.problem(message);
        };
        self.settings.excluded.push(path.names.into_owned());
        self
    }

    /// Whether `/.well-known/` (RFC 8615) is served; nothing else with a dot in front ever is.
    /// Default: yes.
    #[must_use]
    pub fn well_known(mut self, served: bool) -> Self {
        self.settings.well_known = served;
        self
    }
}

/// What answers carry.
impl Frontend {
    /// Headers of every file, its 304 and its parts, in place of the defaults: a
    /// `Content-Security-Policy`, a `Cross-Origin-Resource-Policy`.
    ///
    /// They stand against those of the application's security headers. Those that follow from the
    /// file (`Content-Type`, `ETag`, …) are a problem.
    #[track_caller]
    #[must_use]
    pub fn with_headers<N, V>(self, headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut frontend = self;
        for (name, value) in headers {
            frontend = frontend.with_header(name.as_ref(), value.as_ref());
        }
        frontend
    }

    /// One of [`with_headers`](Self::with_headers).
    #[track_caller]
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let shown = name.escape_debug();
        let wrong = match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), _) if OWN_HEADERS.contains(&name) => "it follows from the file",
            (Ok(name), Ok(value)) => {
                self.settings.headers.push((name, value));
                return self;
            }
            (Err(_), _) => "this is no header name",
            (_, Err(_)) => "its value is no header value",
        };
        let message = format!("header `{shown}`: {wrong}");
        self.problem(message)
    }

    /// `Cache-Control` of pages (HTML), and of the redirect to a folder. Default: `no-cache`, which
    /// asks each time. Empty: none.
    #[track_caller]
    #[must_use]
    pub fn cache_pages(self, value: &str) -> Self {
        self.cache(value, |caching, value| caching.pages = value)
    }

    /// `Cache-Control` of files whose name changes with their content. Default: `public,
    /// max-age=31536000, immutable`. Empty: none.
    #[track_caller]
    #[must_use]
    pub fn cache_hashed(self, value: &str) -> Self {
        self.cache(value, |caching, value| caching.hashed = value)
    }

    /// `Cache-Control` of all other files. Default: `no-cache`. Empty: none.
    #[track_caller]
    #[must_use]
    pub fn cache_others(self, value: &str) -> Self {
        self.cache(value, |caching, value| caching.others = value)
    }

    /// Every file below this folder, but pages, changes its name with its content.
    #[track_caller]
    #[must_use]
    pub fn immutable_under(mut self, prefix: &str) -> Self {
        let names = SitePath::parse(prefix, true).filter(|path| !path.names.is_empty());
        let Some(path) = names else {
            let shown = prefix.escape_debug();
            let message = format!("immutable folder `{shown}`: expected a path such as `/assets`");
            return self.problem(message);
        };
        let folders = &mut self.settings.caching.immutable_under;
        folders.push(path.names.into_owned());
        self
    }

    /// Which names change with their content, in place of the built-in guess. It gets the name
    /// below the root, such as `assets/index-BdH3bPq2.js`.
    #[must_use]
    pub fn hashed_when(mut self, test: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.settings.caching.is_hashed = std::sync::Arc::new(test);
        self
    }

    /// The content type of an extension, in place of the one known.
    #[track_caller]
    #[must_use]
    pub fn content_type(mut self, extension: &str, content_type: &str) -> Self {
        let is_extension = !extension.is_empty() && !extension.contains(['.', '/']);
        match HeaderValue::try_from(content_type) {
            Ok(value) if is_extension && content_type.contains('/') => {
                let extension = extension.to_ascii_lowercase();
                self.settings.types.insert(extension, value);
                self
            }
            _ => {
                let message = format!(
                    "content type `{}` of `{}`: expected an extension without a dot, and a type \
                     such as `text/plain`",
                    content_type.escape_debug(),
                    extension.escape_debug()
                );
                self.problem(message)
            }
        }
    }

    /// Whether `app.js.br`, `app.js.zst` and `app.js.gz` are sent for `app.js` to those who take
    /// the coding. They must be made from it: nobody compares. Default: yes.
    #[must_use]
    pub fn precompressed(mut self, used: bool) -> Self {
        self.settings.siblings = used;
        self
    }

    /// Whether files in memory that have no such sibling are compressed, once for each coding that
    /// somebody takes (feature `compression`). From 1 KiB on, and types that shrink. Default: yes.
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.settings.compress = compress;
        self
    }
}

/// What is kept in memory.
impl Frontend {
    /// How much memory files on disk may take, in bytes, with what is compressed of them. Those
    /// that nobody asks for go first. Default: 64 MiB. Files of the program are not counted.
    #[must_use]
    pub fn max_memory_bytes(mut self, bytes: usize) -> Self {
        self.bounds.memory_bytes = bytes;
        self
    }

    /// Files up to so long are kept in memory; longer ones are read while they are sent, 128 KiB at
    /// a time. Default: 1 MiB.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: usize) -> Self {
        self.bounds.file_bytes = bytes;
        self
    }

    /// How many files are remembered, those on disk included. Default: 4096.
    #[must_use]
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.bounds.entries = entries;
        self
    }

    /// How long a file is sent without a look at the disk. Then its length, times and number, and
    /// those of its siblings, are held against what is remembered. Zero looks for each request.
    /// Default: 1 s.
    #[must_use]
    pub fn revalidate_after(mut self, time: Duration) -> Self {
        self.settings.revalidate_after = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

/// As a component.
impl Frontend {
    /// Below this prefix instead of `/`, where it is a component. A [`Site`] takes its prefix from
    /// the router it is given to.
    #[must_use]
    pub fn at(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// The name of the component, where an application has several. Default: `frontend`.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// Every mistake at once: a folder that is missing or cannot be read, no files, an index or a
    /// not-found page that is not there, headers and types that are none, bounds that exclude each
    /// other.
    pub fn build(&self) -> Result<Site, Problems> {
        crate::build::build(self)
    }

    #[track_caller]
    pub(crate) fn of(source: Source) -> Self {
        Self {
            source,
            settings: Settings::default(),
            bounds: Bounds::default(),
            needs_index: false,
            problems: Problems::new(),
            name: "frontend",
            prefix: "/".to_owned(),
            location: Location::caller(),
        }
    }

    #[track_caller]
    fn cache(
        mut self,
        value: &str,
        set: impl FnOnce(&mut crate::caching::Caching, Option<HeaderValue>),
    ) -> Self {
        let Ok(header) = HeaderValue::try_from(value) else {
            let message = format!("cache control `{}`: no header value", value.escape_debug());
            return self.problem(message);
        };
        set(
            &mut self.settings.caching,
            (!value.is_empty()).then_some(header),
        );
        self
    }

    #[track_caller]
    pub(crate) fn problem(mut self, message: String) -> Self {
        self.problems.push(Problem::at(message, Location::caller()));
        self
    }
}

/// Whether a request can name this file, or a sibling of it.
pub(crate) fn is_file_name(name: &str) -> bool {
    let raw = format!("/{}", name.replace('%', "%25"));
    SitePath::parse(&raw, true).is_some_and(|path| !path.is_folder && path.names == name)
}
