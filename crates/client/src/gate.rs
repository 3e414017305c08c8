//! How many requests there may be at once, in all and to one origin.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::url::Origin;

#[derive(Clone, Copy, Debug)]
pub(crate) struct GateLimits {
    pub(crate) in_flight: usize,
    pub(crate) per_origin: usize,
    pub(crate) waiting: usize,
    pub(crate) wait: Duration,
}

pub(crate) struct Gate {
    limits: GateLimits,
    all: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Only of origins that somebody is in or waits for: bounded by the two limits.
    origins: Mutex<HashMap<Origin, Lane>>,
}

struct Lane {
    places: Arc<Semaphore>,
    users: usize,
}

/// Too many wait already, or the time ran out.
#[derive(Debug)]
pub(crate) struct Full;

/// A place; given back when dropped.
pub(crate) struct Place {
    /// In this order: the lane is left last.
    _all: OwnedSemaphorePermit,
    _one: OwnedSemaphorePermit,
    _user: User,
}

struct User {
    gate: Arc<Gate>,
    origin: Origin,
}

impl Place {
    const fn new(all: OwnedSemaphorePermit, one: OwnedSemaphorePermit, user: User) -> Self {
        Self {
            _all: all,
            _one: one,
            _user: user,
        }
    }
}

impl Gate {
    pub(crate) fn new(limits: GateLimits) -> Self {
        Self {
            limits,
            all: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: AtomicUsize::new(0),
            origins: Mutex::default(),
        }
    }

    /// Waits for a place. Cancel safe.
    pub(crate) async fn enter(self: &Arc<Self>, origin: &Origin) -> Result<Place, Full> {
        let (user, places) = self.join(origin);
        if let Ok(one) = Arc::clone(&places).try_acquire_owned()
            && let Ok(all) = Arc::clone(&self.all).try_acquire_owned()
        {
            return Ok(Place::new(all, one, user));
        }
        let _waiting = self.wait()?;
        // The own lane first: who waits for a slow origin takes no place from others.
        let both = async {
            let one = places.acquire_owned().await;
            (one, Arc::clone(&self.all).acquire_owned().await)
        };
        match timeout(self.limits.wait, both).await {
            Ok((Ok(one), Ok(all))) => Ok(Place::new(all, one, user)),
            _ => Err(Full),
        }
    }

    fn join(self: &Arc<Self>, origin: &Origin) -> (User, Arc<Semaphore>) {
        let mut origins = self.lock();
        let lane = origins.entry(origin.clone()).or_insert_with(|| Lane {
            places: Arc::new(Semaphore::new(self.limits.per_origin)),
            users: 0,
        });
        lane.users += 1;
        let places = Arc::clone(&lane.places);
        drop(origins);
        let user = User {
            gate: Arc::clone(self),
            origin: origin.clone(),
        };
        (user, places)
    }

    fn wait(&self) -> Result<Waiting<'_>, Full> {
        let more = |waiting: usize| (waiting < self.limits.waiting).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_or(Err(Full), |_| Ok(Waiting(&self.waiting)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Lane>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let mut origins = self.gate.lock();
        if let Some(lane) = origins.get_mut(&self.origin) {
            lane.users -= 1;
            if lane.users == 0 {
                origins.remove(&self.origin);
            }
        }
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
