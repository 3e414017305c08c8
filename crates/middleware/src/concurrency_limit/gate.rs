//! The slots and the queue in front of them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plumego_contract::{Body, Error, Request, RequestContext, codes};
use plumego_stdx::{Shard, Shards};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ConcurrencyLimitConfig;
use super::body::WaitingBody;
use super::spare::Spare;
use super::waits::{Upload, Waits};
use crate::rate_limit::network;

/// When to come again. The queue is as long as it is because a slot comes free within its wait.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer) is doing and has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyStats {
    /// Requests that hold a slot now.
    pub running: usize,
    /// Requests that wait now.
    pub queued: usize,
    /// Requests refused with `503 server_busy`.
    pub refused_busy: u64,
    /// Requests refused with `503 server_queue_timeout`.
    pub refused_timeout: u64,
    /// Of the requests that hold a slot, those whose body is or was waited for.
    pub waiting_bodies: usize,
    /// Requests whose body was refused because its client had too many others waited for.
    pub refused_bodies: u64,
}

/// The slots and the queue in front of them.
#[derive(Debug)]
pub(crate) struct Gate {
    max_concurrent: AtomicUsize,
    max_queued: AtomicUsize,
    max_wait_nanos: AtomicU64,
    /// Free slots that nobody waits for.
    spare: Spare,
    /// Free slots that somebody waits for, or did.
    slots: Semaphore,
    /// Slots in use that are too many since the limit was lowered: they are not given back.
    owed: AtomicUsize,
    /// Held while the limit changes.
    changing: Mutex<()>,
    queued: AtomicUsize,
    refused_busy: AtomicU64,
    refused_timeout: AtomicU64,
    waits: Arc<Waits>,
}

/// A slot in use, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Shard<Arc<Gate>>,
    /// The body of its request, where that was still to come.
    upload: Option<Arc<Upload>>,
}

impl Slot {
    /// Follows the body of its request, when it is still to come.
    pub(crate) fn follow(&mut self, request: &mut Request, context: &RequestContext) {
        let waits = &self.gate.waits;
        if !request.body().is_stream() || waits.is_unlimited() {
            return;
        }
        let client = context.client_ip().map(network);
        let upload = Arc::new(Upload::new(Arc::clone(waits), client));
        self.upload = Some(Arc::clone(&upload));
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(WaitingBody::new(body, upload));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(upload) = &self.upload {
            upload.end();
        }
        self.gate.give_back();
    }
}

/// A place in the queue, given back when it is dropped.
struct Place(Shard<Arc<Gate>>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(super) fn new(config: ConcurrencyLimitConfig) -> Self {
        Self {
            max_concurrent: AtomicUsize::new(config.max_concurrent),
            max_queued: AtomicUsize::new(config.max_queued),
            max_wait_nanos: AtomicU64::new(nanos(config.max_wait)),
            owed: AtomicUsize::new(0),
            changing: Mutex::new(()),
            spare: Spare::new(config.max_concurrent, config.max_queued == 0),
            slots: Semaphore::new(0),
            queued: AtomicUsize::new(0),
            refused_busy: AtomicU64::new(0),
            refused_timeout: AtomicU64::new(0),
            waits: Arc::new(Waits::new(config.waiting_bodies())),
        }
    }

    /// A slot, when one is free and nobody waits for it.
    pub(crate) fn enter(gate: &Shards<Arc<Self>>) -> Option<Slot> {
        let gate = gate.here();
        let is_free = gate.queued.load(Ordering::Relaxed) == 0 && gate.spare.take();
        if !is_free {
            gate.slots.try_acquire().ok()?.forget();
        }
        let gate = gate.clone();
        Some(Slot { gate, upload: None })
    }

    /// One slot is free again, unless there are too many.
    fn give_back(&self) {
        if self.owed.load(Ordering::SeqCst) == 0 || !self.pay() {
            self.free(1);
        }
    }

    /// One slot is given up, when one is owed.
    fn pay(&self) -> bool {
        let less = |owed: usize| owed.checked_sub(1);
        let seq = Ordering::SeqCst;
        self.owed.try_update(seq, seq, less).is_ok()
    }

    fn free(&self, slots: usize) {
        // Either this sees who waits, or who waits sees this: both change what is theirs before
        // they look at the other. The same with who lowers the limit.
        self.spare.put(slots);
        self.settle();
    }

    /// Takes free slots away for as long as any are owed; what is left is for those who wait.
    fn settle(&self) {
        while self.owed.load(Ordering::SeqCst) > 0 && self.take_free() {
            if !self.pay() {
                // Others have paid meanwhile.
                self.spare.put(1);
            }
        }
        if self.queued.load(Ordering::SeqCst) > 0 {
            self.offer_spare();
        }
    }

    fn take_free(&self) -> bool {
        self.spare.take()
            || self
                .slots
                .try_acquire()
                .map(tokio::sync::SemaphorePermit::forget)
                .is_ok()
    }

    /// Gives what is spare to those who wait.
    fn offer_spare(&self) {
        let spare = self.spare.take_all();
        if spare > 0 {
            self.slots.add_permits(spare);
        }
    }

    /// Other limits from now on. Requests that run go on; when there are more of them than may
    /// be, nobody else begins until enough have ended.
    pub(super) fn set(&self, config: ConcurrencyLimitConfig) {
        let relaxed = Ordering::Relaxed;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.max_queued.store(config.max_queued, relaxed);
        self.spare.gather(config.max_queued == 0);
        self.max_wait_nanos.store(nanos(config.max_wait), relaxed);
        self.waits.set(config.waiting_bodies());
        let now = config.max_concurrent;
        let before = self.max_concurrent.swap(now, relaxed);
        if now < before {
            self.owed.fetch_add(before - now, Ordering::SeqCst);
            self.settle();
            return;
        }
        let mut more = now - before;
        let _ = self.owed.try_update(relaxed, relaxed, |owed| {
            more = (now - before).saturating_sub(owed);
            Some(owed.saturating_sub(now - before))
        });
        self.free(more);
    }

    /// Waits for a slot, as long as is allowed. Whether there is a place in the queue is known at
    /// once. Dropping the future gives the place back.
    pub(crate) fn wait(
        gate: Shard<Arc<Self>>,
    ) -> Result<impl Future<Output = Result<Slot, Error>> + Send, Error> {
        let most = gate.max_queued.load(Ordering::Relaxed);
        let room = |queued: usize| (queued < most).then_some(queued + 1);
        let seq = Ordering::SeqCst;
        if gate.queued.try_update(seq, seq, room).is_err() {
            gate.refused_busy.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(codes::SERVER_BUSY)
                .with_detail("The server has no room for another request; try again.")
                .with_retry_after(RETRY_AFTER));
        }
        let place = Place(gate);
        place.0.offer_spare();
        Ok(async move {
            let gate = &place.0;
            let slot = gate.slots.acquire();
            // The semaphore is never closed, so no slot means that the time is over.
            if let Ok(Ok(slot)) = timeout(gate.max_wait(), slot).await {
                slot.forget();
                let gate = gate.clone();
                return Ok(Slot { gate, upload: None });
            }
            gate.refused_timeout.fetch_add(1, Ordering::Relaxed);
            Err(Error::new(codes::SERVER_QUEUE_TIMEOUT)
                .with_detail("The request waited too long for its turn; try again.")
                .with_retry_after(RETRY_AFTER))
        })
    }

    fn max_wait(&self) -> Duration {
        Duration::from_nanos(self.max_wait_nanos.load(Ordering::Relaxed))
    }

    pub(super) fn stats(&self) -> ConcurrencyStats {
        let relaxed = Ordering::Relaxed;
        let slots = self.max_concurrent.load(relaxed) + self.owed.load(relaxed);
        let free = self.slots.available_permits() + self.spare.count();
        let (waiting_bodies, refused_bodies) = self.waits.stats();
        ConcurrencyStats {
            running: slots.saturating_sub(free),
            queued: self.queued.load(Ordering::Relaxed),
            refused_busy: self.refused_busy.load(Ordering::Relaxed),
            refused_timeout: self.refused_timeout.load(Ordering::Relaxed),
            waiting_bodies,
            refused_bodies,
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASKS: usize = 8;

    /// Goes through the gate many times, and notes how many were inside at once.
    async fn visit(gate: Arc<Shards<Arc<Gate>>>, inside: Arc<[AtomicUsize; 2]>) {
        for round in 0..2_000 {
            let slot = match Gate::enter(&gate) {
                Some(slot) => slot,
                None => Gate::wait(gate.here().clone())
                    .ok()
                    .unwrap()
                    .await
                    .ok()
                    .unwrap(),
            };
            let [now, most] = &*inside;
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if round % 3 == 0 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            drop(slot);
        }
    }

    /// Whichever comes first: that a slot is free, or that somebody waits for one.
    #[tokio::test(start_paused = true)]
    async fn slot_that_comes_free_is_seen_by_who_waits() {
        for is_free_first in [true, false] {
            let shared = Arc::new(Gate::new(ConcurrencyLimitConfig {
                max_concurrent: 1,
                ..ConcurrencyLimitConfig::default()
            }));
            let gate = Shards::new(|| Arc::clone(&shared));
            let held = Gate::enter(&gate).unwrap();
            assert!(Gate::enter(&gate).is_none());
            let held = (!is_free_first).then_some(held);
            let turn = Gate::wait(gate.here().clone()).ok().unwrap();
            drop(held);
            assert!(turn.await.is_ok(), "free first: {is_free_first}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_slot_is_lost_or_made_up_between_those_who_race() {
        let config = |max_concurrent| ConcurrencyLimitConfig {
            max_concurrent,
            max_queued: TASKS,
            max_wait: Duration::from_mins(1),
            ..ConcurrencyLimitConfig::default()
        };
        let shared = Arc::new(Gate::new(config(2)));
        let gate = Arc::new(Shards::new(|| Arc::clone(&shared)));
        let inside: Arc<[AtomicUsize; 2]> = Arc::default();
        let visits = (0..TASKS).map(|_| tokio::spawn(visit(gate.clone(), inside.clone())));
        for visit in visits.collect::<Vec<_>>() {
            visit.await.unwrap();
        }
        assert_eq!(inside[1].load(Ordering::SeqCst), 2);
        let visits = (0..TASKS).map(|_| tokio::spawn(visit(gate.clone(), inside.clone())));
        let visits: Vec<_> = visits.collect();
        for slots in [3, 1, 4, 2].into_iter().cycle().take(1_000) {
            shared.spare.gather(true);
            shared.set(config(slots));
            tokio::task::yield_now().await;
        }
        for visit in visits {
            visit.await.unwrap();
        }
        let stats = shared.stats();
        assert_eq!((stats.running, stats.queued), (0, 0), "{stats:?}");
        let slots: Vec<_> = std::iter::from_fn(|| Gate::enter(&gate)).collect();
        assert_eq!(slots.len(), 2);
    }

    #[test]
    fn a_limit_that_is_lowered_while_slots_come_back_holds() {
        let config = |max_concurrent| ConcurrencyLimitConfig {
            max_concurrent,
            ..ConcurrencyLimitConfig::default()
        };
        let shared = Arc::new(Gate::new(config(2)));
        let gate = Shards::new(|| Arc::clone(&shared));
        let (held, go) = (Mutex::new(Vec::new()), std::sync::Barrier::new(3));
        let mut entered = Vec::new();
        let enter_all = || std::iter::from_fn(|| Gate::enter(&gate)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        go.wait();
                        drop(held.lock().unwrap().pop());
                        go.wait();
                        go.wait();
                    }
                });
            }
            for _ in 0..5_000 {
                *held.lock().unwrap() = enter_all();
                go.wait();
                shared.set(config(1));
                go.wait();
                entered.push(enter_all().len());
                shared.set(config(2));
                go.wait();
            }
        });
        assert_eq!(entered, vec![1; 5_000]);
    }

    /// One that was given back by who had not seen yet that it is owed.
    #[test]
    fn slot_that_comes_free_pays_what_is_owed() {
        let gate = Gate::new(ConcurrencyLimitConfig::default());
        gate.owed.store(2, Ordering::SeqCst);
        gate.free(1);
        let owed = gate.owed.load(Ordering::SeqCst);
        assert_eq!((owed, gate.spare.count()), (0, 255));
        gate.free(1);
        assert_eq!(gate.spare.count(), 256);
    }
}
