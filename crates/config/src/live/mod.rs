//! Settings that are read again while the program runs.

mod subscription;

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::error::ConfigError;
use crate::file::Turn;
use crate::name::nearest;
use crate::{Change, ConfigErrors, Loaded, Loader};

pub use self::subscription::{KeySubscription, Subscription};

/// The settings in force, and how to read them again. Cheap to clone; clones are one.
///
/// [`reload`](Self::reload) reads all layers, with the flags given at the start, and checks the
/// candidate as a whole: every value, every type, every
/// [validation](Loader::validate). Only then is it swapped in, at once, and subscribers are told.
/// Until then, and when anything is wrong, everybody sees the settings they had. Nothing here
/// watches the files: whoever holds this decides when to read.
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
/// let reloaded = live.reload()?;
/// assert!(reloaded.changes().is_empty());
/// # Ok::<(), plumego_config::ConfigErrors>(())
/// ```
#[doc(alias = "ReloadWithValidation")]
pub struct Live<T> {
    shared: Arc<Shared<T>>,
}

type Hook<T> = Box<dyn Fn(&Reloaded<T>) + Send + Sync>;
type Check = Box<dyn Fn(&Loaded) -> Vec<ConfigError> + Send + Sync>;

struct Shared<T> {
    loader: Loader,
    args: Vec<OsString>,
    read: fn(&Loaded) -> Result<T, ConfigErrors>,
    settings: watch::Sender<Arc<T>>,
    loaded: watch::Sender<Arc<Loaded>>,
    hooks: Mutex<Vec<Hook<T>>>,
    checks: Mutex<Vec<Check>>,
    /// Held while reloading, so that a slow reload cannot undo a later one.
    reloading: Mutex<()>,
}

/// What a reload put in force.
#[derive(Debug)]
pub struct Reloaded<T> {
    settings: Arc<T>,
    loaded: Arc<Loaded>,
    changes: Vec<Change>,
}

impl<T> Reloaded<T> {
    /// The settings in force now.
    pub fn settings(&self) -> &Arc<T> {
        &self.settings
    }

    /// What they were read from.
    pub fn loaded(&self) -> &Arc<Loaded> {
        &self.loaded
    }

    /// What is different; empty when nothing is, and then no subscriber is told.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
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
        let first = loader.load_flags(args.iter().cloned(), Turn::First)?;
        Self::of_loaded(loader, args, first, Loaded::settings)
    }
}

impl<T> Live<T> {
    /// Goes on from what was loaded already, by this loader and with these arguments. `read` makes
    /// the settings of it, now and at every reload.
    ///
    /// # Errors
    ///
    /// Every problem found in reading the settings.
    pub fn of_loaded(
        loader: Loader,
        args: Vec<OsString>,
        first: Loaded,
        read: fn(&Loaded) -> Result<T, ConfigErrors>,
    ) -> Result<Self, ConfigErrors> {
        let shared = Shared {
            settings: watch::Sender::new(Arc::new(read(&first)?)),
            loaded: watch::Sender::new(Arc::new(first)),
            loader,
            args,
            read,
            hooks: Mutex::default(),
            checks: Mutex::default(),
            reloading: Mutex::new(()),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The settings in force now. What is held stays as it is when they are read again.
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.shared.settings.borrow())
    }

    /// What the settings in force were read from: values, origins, warnings, files.
    pub fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.shared.loaded.borrow())
    }

    /// Tells of settings that are put in force from now on.
    #[doc(alias = "WatchGlobal")]
    pub fn subscribe(&self) -> Subscription<T> {
        Subscription::new(self.shared.settings.subscribe())
    }

    /// Tells of changes of one key, or of the values under one table, from now on. The name is a
    /// dotted path in any spelling (`db.pool_size`, `DB.PoolSize`), or a variable.
    ///
    /// # Errors
    ///
    /// There is no such key, or its value is not a `V`.
    #[doc(alias = "Watch")]
    pub fn watch<V: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<KeySubscription<V>, ConfigErrors> {
        let receiver = self.shared.loaded.subscribe();
        let loaded = self.loaded();
        let path = loaded.path_of(key).ok_or_else(|| {
            let names = loaded.entries.list.iter().map(|entry| entry.name.as_str());
            let hint = nearest(key, names).map(|near| format!("did you mean `{near}`?"));
            let problem = ConfigError::new(key, "a known key").with_hint(hint);
            ConfigErrors::new(vec![problem])
        })?;
        loaded.section::<V>(&path)?;
        Ok(KeySubscription::new(receiver, loaded, path))
    }

    /// Asks this of every candidate from now on, beside what the [loader](Loader::validate) asks:
    /// when a problem is answered, the settings in force stay. For who knows more than the loader
    /// did, such as what of the settings a program that runs could not start with.
    pub fn on_candidate(
        &self,
        check: impl Fn(&Loaded) -> Vec<ConfigError> + Send + Sync + 'static,
    ) {
        lock(&self.shared.checks).push(Box::new(check));
    }

    /// Calls this after every reload that changed something, while no other reload runs. For
    /// whoever must not miss a change and is quick about it; others
    /// [`subscribe`](Self::subscribe).
    pub fn on_reload(&self, hook: impl Fn(&Reloaded<T>) + Send + Sync + 'static) {
        lock(&self.shared.hooks).push(Box::new(hook));
    }

    /// Reads everything again and puts it in force when all of it is right. Files are read on the
    /// calling thread. A pipe, such as `<(…)` of a shell, gives what it has once: it is a problem
    /// here.
    ///
    /// # Errors
    ///
    /// Every problem found; the settings in force stay.
    pub fn reload(&self) -> Result<Reloaded<T>, ConfigErrors> {
        let shared = &*self.shared;
        let _one_at_a_time = lock(&shared.reloading);
        let args = shared.args.iter().cloned();
        let loaded = shared.loader.load_flags(args, Turn::Again)?;
        let settings = Arc::new((shared.read)(&loaded)?);
        let checks = lock(&shared.checks);
        let problems: Vec<_> = checks.iter().flat_map(|check| check(&loaded)).collect();
        drop(checks);
        if !problems.is_empty() {
            return Err(ConfigErrors::new(problems));
        }
        let changes = loaded.changes_since(&self.loaded());
        let loaded = Arc::new(loaded);
        if changes.is_empty() {
            // Origins and warnings may be others; nobody is told of them.
            return Ok(Reloaded {
                settings: self.current(),
                loaded,
                changes,
            });
        }
        shared.loaded.send_replace(Arc::clone(&loaded));
        shared.settings.send_replace(Arc::clone(&settings));
        let reloaded = Reloaded {
            settings,
            loaded,
            changes,
        };
        for hook in lock(&shared.hooks).iter() {
            hook(&reloaded);
        }
        Ok(reloaded)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("loader", &self.shared.loader)
            .finish_non_exhaustive()
    }
}
