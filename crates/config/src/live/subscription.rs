//! Hearing of settings that were put in force.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::{ConfigErrors, Loaded};

/// Tells of new settings. It keeps the newest alone: whoever is slow misses what was in between,
/// never the last, and holds up nobody.
///
/// ```
/// # use plumego_config::{Live, Loader, ConfigErrors};
/// async fn follow(live: Live<Settings>) {
///     let mut settings = live.subscribe();
///     while let Some(now) = settings.changed().await {
///         println!("{}", now.greeting);
///     }
/// }
/// # #[derive(serde::Deserialize)] struct Settings { greeting: String }
/// ```
pub struct Subscription<T> {
    receiver: watch::Receiver<Arc<T>>,
}

impl<T> Subscription<T> {
    pub(super) fn new(receiver: watch::Receiver<Arc<T>>) -> Self {
        Self { receiver }
    }

    /// The settings in force now.
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.receiver.borrow())
    }

    /// Waits for settings that this has not told of yet; `None` when nobody is left who could read
    /// them again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn changed(&mut self) -> Option<Arc<T>> {
        self.receiver.changed().await.ok()?;
        Some(Arc::clone(&self.receiver.borrow_and_update()))
    }
}

/// Tells of new values of one key. Like [`Subscription`], it keeps the newest alone.
pub struct KeySubscription<V> {
    receiver: watch::Receiver<Arc<Loaded>>,
    told: Arc<Loaded>,
    path: String,
    value: PhantomData<fn() -> V>,
}

impl<V: DeserializeOwned> KeySubscription<V> {
    pub(super) fn new(
        receiver: watch::Receiver<Arc<Loaded>>,
        told: Arc<Loaded>,
        path: String,
    ) -> Self {
        Self {
            receiver,
            told,
            path,
            value: PhantomData,
        }
    }

    /// The key, in its one spelling.
    pub fn key(&self) -> &str {
        &self.path
    }

    /// Waits for a value other than the last one told; `None` when nobody is left who could read
    /// the settings again. A value that went there and back meanwhile is not told.
    ///
    /// # Errors
    ///
    /// The new value is not a `V`, although the settings as a whole are in force. The next one may
    /// be.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn changed(&mut self) -> Option<Result<V, ConfigErrors>> {
        loop {
            self.receiver.changed().await.ok()?;
            let now = Arc::clone(&self.receiver.borrow_and_update());
            let same = now.is_same_at(&self.told, &self.path);
            self.told = Arc::clone(&now);
            if !same {
                return Some(now.section(&self.path));
            }
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl<V> fmt::Debug for KeySubscription<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySubscription")
            .field("key", &self.path)
            .finish_non_exhaustive()
    }
}
