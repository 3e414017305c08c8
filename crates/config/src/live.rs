//! Settings that are read again while the program runs.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::de::DeserializeOwned;

use crate::{ConfigErrors, Loader};

/// The settings in force, and how to read them again.
///
/// [`reload`](Self::reload) reads all layers, with the flags given at the start, checks the result
/// and swaps it in at once; until then, and when anything is wrong, readers see the settings they
/// had. Nothing watches the files: whoever holds this decides when to read.
///
/// ```
/// use plumego_config::{Live, Loader};
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     greeting: String,
/// }
///
/// let loader = Loader::new(&[]).settings::<Settings>().environment([("APP_GREETING", "hi")]);
/// let live: Live<Settings> = Live::new(loader, ["shop", "--greeting", "hello"])?;
/// assert_eq!(live.current().greeting, "hello");
/// let settings = live.reload()?;
/// assert_eq!(settings.greeting, "hello");
/// # Ok::<(), plumego_config::ConfigErrors>(())
/// ```
pub struct Live<T> {
    loader: Loader,
    args: Vec<OsString>,
    current: RwLock<Arc<T>>,
    /// Held while reloading, so that a slow reload cannot undo a later one.
    reloading: Mutex<()>,
}

impl<T: DeserializeOwned> Live<T> {
    /// Loads for the first time. The arguments begin with the name of the program; none at all
    /// means no flags. `--help` and `--print-config` have no effect here.
    ///
    /// # Errors
    ///
    /// Every problem found.
    pub fn new<A: Into<OsString>>(
        loader: Loader,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Self, ConfigErrors> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let current = RwLock::new(Arc::new(
            loader.load_flags(args.iter().cloned())?.settings()?,
        ));
        Ok(Self {
            loader,
            args,
            current,
            reloading: Mutex::new(()),
        })
    }

    /// The settings in force now. What is held stays as it is when they are read again.
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads everything again and puts it in force when all of it is right. Files are read on the
    /// calling thread.
    ///
    /// # Errors
    ///
    /// Every problem found; the settings in force stay.
    pub fn reload(&self) -> Result<Arc<T>, ConfigErrors> {
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(
            self.loader
                .load_flags(self.args.iter().cloned())?
                .settings()?,
        );
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        Ok(next)
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("loader", &self.loader)
            .finish_non_exhaustive()
    }
}
