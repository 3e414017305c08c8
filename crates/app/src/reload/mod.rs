//! Reading again while the application runs: settings, certificates, whatever a program brings.
//!
//! A source is anything that is [`Reload`]. The application asks its sources to read again when
//! the process gets SIGHUP (in [`App::run`](crate::App::run), Unix), when the program calls
//! [`Handle::reload`](crate::Handle::reload), and, with the feature `watch`, when one of the files
//! changes that a source names. One reload runs at a time. Each source answers what has changed, or
//! refuses and changes nothing; either is one line in the log and one count in the metric
//! `reloads_total{source,result}`, where the result is `changed`, `unchanged` or `refused`.
//!
//! A refusal that may pass by itself, since the process is short of descriptors, say, is no last
//! word: the source is read again, and the log says once that it will be.
//!
//! | what | bound |
//! | --- | --- |
//! | time for one source to read | 30 s, then it is dropped and counts as refused |
//! | signals, and changes of files, that wait during a reload | one of each; it reads what is newest |
//! | time that files must stand still before they are read | 100 ms |
//! | wait for files that do not stand still, or are still being written, or others beside them come and go | 10 s, then they are read |
//! | looks at the files when the system does not tell | every 2 s; every 10 s when it does |
//! | wait before a source that may not stay refused is read again | 1 s, doubled up to 60 s |
//! | texts of one line of the log | 32, then how many more there are |

mod again;
mod log_file;
mod outcome;
mod reloader;
mod settings;
mod times;
#[cfg(feature = "watch")]
mod watch;
#[cfg(not(feature = "watch"))]
#[path = "no_watch.rs"]
mod watch;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) use self::log_file::LogFile;
pub use self::outcome::{Changes, Refused, ReloadReport};
pub(crate) use self::reloader::{Reloader, Trigger};
pub(crate) use self::settings::{Dials, LiveConfig, Settings};
pub(crate) use self::times::Times;

/// Something that can be read again while the application runs.
///
/// ```
/// use std::path::PathBuf;
/// use std::sync::RwLock;
/// use plumego_app::{App, Changes, Refused, Reload};
///
/// struct Banner { file: PathBuf, text: RwLock<String> }
///
/// impl Reload for Banner {
///     fn name(&self) -> &'static str {
///         "banner"
///     }
///
///     fn paths(&self) -> Vec<PathBuf> {
///         vec![self.file.clone()]
///     }
///
///     async fn reload(&self) -> Result<Changes, Refused> {
///         let text = tokio::fs::read_to_string(&self.file).await;
///         let text = text.map_err(|error| {
///             Refused::new(format!("{}: {error}", self.file.display()))
///         })?;
///         *self.text.write().unwrap() = text;
///         Ok(Changes::none().changed("the text"))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let banner = Banner { file: "no/such/file".into(), text: RwLock::default() };
/// let app = App::builder().reload(banner).build()?;
/// let report = app.handle().reload().await;
/// assert!(!report.is_ok());
/// # Ok::<(), plumego_contract::Problems>(()) }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read again",
    label = "not a source of reloads",
    note = "write `impl Reload` with `name` and `reload`"
)]
pub trait Reload: Send + Sync + 'static {
    /// What it is called in the log and in the metrics. Two sources of one application never share
    /// a name.
    fn name(&self) -> &'static str;

    /// The files that are watched with the feature `watch`, when they are to be; they need not
    /// exist. A relative path belongs to the directory of the process. Asked again after every
    /// reload.
    fn paths(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Reads again. All of it takes effect, or nothing.
    ///
    /// # Errors
    /// Everything that is wrong; then nothing has changed. No text holds a secret.
    ///
    /// # Cancel safety
    /// The future is dropped after 30 s, and when the caller of
    /// [`Handle::reload`](crate::Handle::reload) drops it: take effect after the last `await`.
    fn reload(&self) -> impl Future<Output = Result<Changes, Refused>> + Send;
}

impl<R: Reload> Reload for Arc<R> {
    fn name(&self) -> &'static str {
        R::name(self)
    }

    fn paths(&self) -> Vec<PathBuf> {
        R::paths(self)
    }

    fn reload(&self) -> impl Future<Output = Result<Changes, Refused>> + Send {
        R::reload(self)
    }
}

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Changes, Refused>> + Send + 'a>>;

/// A [`Reload`] of whatever kind.
pub(crate) trait Source: Send + Sync {
    fn name(&self) -> &'static str;
    fn paths(&self) -> Vec<PathBuf>;
    fn reload(&self) -> Reading<'_>;
}

impl<R: Reload> Source for R {
    fn name(&self) -> &'static str {
        Reload::name(self)
    }

    fn paths(&self) -> Vec<PathBuf> {
        Reload::paths(self)
    }

    fn reload(&self) -> Reading<'_> {
        Box::pin(Reload::reload(self))
    }
}
