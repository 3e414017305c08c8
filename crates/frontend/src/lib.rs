//! Static sites and single-page applications, from a directory or embedded in the binary.
//!
//! For the files of a web page: an index, caching, codings, ranges, hidden files refused. Not for
//! one file that a handler chose, for which there is `contract::File`, and not for what users
//! upload: whoever may write HTML below the root writes pages of your site.
//!
//! ```
//! use plumego_contract::AppContext;
//! use plumego_frontend::Frontend;
//! use plumego_router::Router;
//!
//! let page = &b"<!doctype html><title>shop</title><script src=/app.js></script>"[..];
//! let site = Frontend::files([("index.html", page), ("app.js", &b"start()"[..])])
//!     .spa()
//!     .exclude("/api")
//!     .with_header("content-security-policy", "default-src 'self'")
//!     .build()?;
//! let router = Router::new()
//!     .get("/api/orders", async || "[]")
//!     .site("/", site);
//! router.freeze(AppContext::default())?;
//! # Ok::<(), plumego_contract::Problems>(())
//! ```
//!
//! A [`Frontend`] is a component too: `App::builder().component(Frontend::dir("web").spa())`.
//!
//! # What is answered
//! - **A file** by GET and HEAD, a folder by its index; a folder without its slash is a redirect to
//!   it with one. Everything else is 404: the house's error, or a page with
//!   [`Frontend::not_found_page`].
//! - **Routes come first.** A site gives way to every route that has the path, whatever its method.
//!   Another method than GET and HEAD is 405 where the site has something, 404 where it has
//!   nothing.
//! - **Content type** by extension: a table of some 50 types of the web, then what the registry
//!   knows. Change one with [`Frontend::content_type`].
//! - **Validators**: a strong `ETag` of the content, `Last-Modified`; 304 and 412 as RFC 9110 says.
//!   Of files on disk beyond 16 MiB the tag is a hash of length, number and times.
//! - **Ranges**: one is 206, several are `multipart/byteranges`, `If-Range` counts. With more than
//!   [`MAX_RANGES`](plumego_contract::range::MAX_RANGES) the whole is sent. A range is one of the
//!   file as it is, unless `If-Range` names another form of it.
//! - **Codings**: `.br`, `.zst` and `.gz` beside a file go to those who take them, by weight; what
//!   has none is compressed once (feature `compression`). Each form has a tag of its own, and
//!   `Vary` says what it depends on. The compression layer leaves such answers as they are.
//! - **Caching**: pages `no-cache`, names with a hash `immutable` for a year, others `no-cache`.
//!
//! # What is refused
//! As 404, whatever is on disk: names with a dot in front (but `/.well-known/`), `.` and `..`,
//! empty names, an encoded slash, backslash, colon, control characters, names that end with a dot
//! or a space, Windows device names, escapes that are broken or decode to no UTF-8, names beyond
//! 255 and paths beyond 4096 bytes. Escapes are decoded once. On Linux the kernel opens each file
//! below the root, so links that lead out and names that change meanwhile lead nowhere; elsewhere,
//! and where the kernel cannot, no link is followed. What is no regular file is never sent. Hard
//! links and mounts are files like any other.
//!
//! # Limits and defaults
//! Files of up to 1 MiB are kept in memory, 64 MiB and 4096 entries in all; what nobody asks for
//! goes first. For 1 s they are sent without a look at the disk; then length, times and number are
//! compared, and a file that changed within 2 s of being read is read again. Longer files are read
//! while they are sent, 128 KiB at a time; one that is written to meanwhile ends the connection,
//! one that is replaced by renaming is sent to its end. All reading is done by threads that may
//! block, 32 lookups at a time; two files are compressed at a time.
//!
//! Each of these is a method of [`Frontend`]. What is in memory of a folder is counted: see
//! [`Site::register`].

mod answer;
mod body;
mod build;
mod caching;
mod component;
#[cfg(feature = "compression")]
mod compress;
#[cfg(not(feature = "compression"))]
#[path = "no_compress.rs"]
mod compress;
#[cfg(feature = "embed")]
mod embedded;
mod entry;
mod frontend;
mod navigation;
mod path;
mod settings;
mod site;
mod source;
mod store;
mod tag;
mod watch;

pub use self::frontend::Frontend;
pub use self::site::{Site, SiteFuture};
