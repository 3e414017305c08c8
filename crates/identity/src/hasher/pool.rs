//! The threads, the queue before them and the memory they share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plumego_contract::{Error, Problem, Problems, codes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{HasherConfig, HasherStats};

type Job = Box<dyn FnOnce() + Send>;

/// See [`super::Hasher`].
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Sender<Job>,
    /// Those that wait and those that are being hashed.
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    max_wait: Duration,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    refused: AtomicU64,
    present: AtomicUsize,
}

/// A place among those that wait or work, counted while it is held.
struct Place {
    counts: Arc<Counts>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.present.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn start(config: &HasherConfig) -> Result<Self, Problems> {
        let (jobs, incoming) = channel::<Job>();
        let incoming = Arc::new(Mutex::new(incoming));
        for i in 0..config.threads {
            let incoming = Arc::clone(&incoming);
            let name = format!("password-{i}");
            let spawned = std::thread::Builder::new()
                .name(name)
                .spawn(move || work(&incoming));
            if let Err(error) = spawned {
                let mut problems = Problems::new();
                problems.push(Problem::new(format!("password hasher: no thread: {error}")));
                return Err(problems);
            }
        }
        let memory = usize::try_from(config.memory_kib).unwrap_or(usize::MAX);
        Ok(Self {
            jobs,
            places: Arc::new(Semaphore::new(config.threads + config.max_waiting)),
            threads: Arc::new(Semaphore::new(config.threads)),
            memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            max_wait: config.max_wait,
            counts: Arc::default(),
        })
    }

    /// Runs the work on one of the threads, with that much memory.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        memory_kib: u32,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.place()?;
        let turn = tokio::time::timeout(self.max_wait, self.turn(memory_kib)).await;
        let turn = turn.map_err(|_| {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            Error::new(codes::SERVER_QUEUE_TIMEOUT).with_retry_after(self.max_wait)
        })??;
        let (answer, answered) = oneshot::channel();
        let counts = Arc::clone(&self.counts);
        // The place, the thread and the memory go with the work: who hangs up frees none of them
        // before it is over.
        let job: Job = Box::new(move || {
            let made = work();
            counts.done.fetch_add(1, Ordering::Relaxed);
            drop((turn, place));
            let _gone = answer.send(made);
        });
        self.jobs.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }

    fn place(&self) -> Result<Place, Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(codes::SERVER_BUSY).with_retry_after(self.max_wait));
        };
        self.counts.present.fetch_add(1, Ordering::Relaxed);
        Ok(Place {
            counts: Arc::clone(&self.counts),
            _place: place,
        })
    }

    async fn turn(&self, memory_kib: u32) -> Result<[OwnedSemaphorePermit; 2], Error> {
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let memory = Arc::clone(&self.memory)
            .acquire_many_owned(memory_kib)
            .await;
        Ok([thread.map_err(|_| gone())?, memory.map_err(|_| gone())?])
    }

    pub(super) fn stats(&self) -> HasherStats {
        HasherStats {
            done: self.counts.done.load(Ordering::Relaxed),
            refused: self.counts.refused.load(Ordering::Relaxed),
            present: self.counts.present.load(Ordering::Relaxed),
        }
    }
}

/// One thread: job after job, until the last sender is gone.
fn work(incoming: &Mutex<Receiver<Job>>) {
    loop {
        let next = incoming
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = next else {
            return;
        };
        // After a panic the caller is told by the channel that closed, and the thread goes on.
        let _told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

fn gone() -> Error {
    Error::internal("the thread that hashes passwords has gone")
}
