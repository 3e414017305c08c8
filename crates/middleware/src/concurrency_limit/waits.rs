//! The requests whose bodies are waited for, by client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A client as the abuse guard tells it: an IPv4 address or an IPv6 /64. All that have none are
/// one.
type Client = Option<IpAddr>;

/// How many requests of each client have a slot and wait for their body. No client is in the table
/// that does not wait, so it has at most as many entries as there are slots.
#[derive(Debug)]
pub(super) struct Waits {
    /// `usize::MAX` is unlimited.
    most: AtomicUsize,
    clients: Mutex<HashMap<Client, usize>>,
    refused: AtomicU64,
}

impl Waits {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: AtomicUsize::new(most),
            clients: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// Another share from now on; who waits already goes on.
    pub(super) fn set(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.most.load(Ordering::Relaxed) == usize::MAX
    }

    /// How many wait now, and how many were refused so far.
    pub(super) fn stats(&self) -> (usize, u64) {
        let now = self.locked(|clients| clients.values().sum());
        (now, self.refused.load(Ordering::Relaxed))
    }

    fn enter(&self, client: Client) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let entered = self.locked(|clients| {
            let waiting = clients.entry(client).or_default();
            let has_room = *waiting < most;
            *waiting += usize::from(has_room);
            has_room
        });
        if !entered {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        entered
    }

    fn leave(&self, client: Client) {
        self.locked(|clients| {
            if let Some(waiting) = clients.get_mut(&client) {
                *waiting = waiting.saturating_sub(1);
                if *waiting == 0 {
                    clients.remove(&client);
                }
            }
        });
    }

    fn locked<T>(&self, work: impl FnOnce(&mut HashMap<Client, usize>) -> T) -> T {
        // Nothing in here panics half way.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut clients)
    }
}

/// One request with a slot and a body. The body and the slot share it; whichever goes first ends
/// the wait.
#[derive(Debug)]
pub(super) struct Upload {
    waits: Arc<Waits>,
    client: Client,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has had to wait for the body yet.
    Ready,
    /// Counted.
    Waiting,
    /// The body has ended, or the slot is given back: no wait counts any more.
    Over,
}

impl Upload {
    pub(super) fn new(waits: Arc<Waits>, client: Client) -> Self {
        Self {
            waits,
            client,
            state: Mutex::new(State::Ready),
        }
    }

    /// The body is waited for. `false` when its client has too many of these.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Ready {
            let entered = self.waits.enter(self.client);
            *state = if entered { State::Waiting } else { State::Over };
            return entered;
        }
        true
    }

    /// It is not waited for any more.
    pub(super) fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *state, State::Over) == State::Waiting {
            self.waits.leave(self.client);
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    /// What happens to one of eight requests of three clients.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Arrive,
        Wait,
        End,
        Leave,
    }

    fn step() -> impl Strategy<Value = (usize, Step)> {
        let steps = vec![Step::Arrive, Step::Wait, Step::Wait, Step::End, Step::Leave];
        (0..8_usize, prop::sample::select(steps))
    }

    fn client(request: usize) -> Client {
        let last = u8::try_from(request % 3).unwrap();
        (last > 0).then(|| Ipv4Addr::new(192, 0, 2, last).into())
    }

    /// The state of a request, kept naively.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Model {
        Away,
        Ready,
        Waiting,
        Over,
    }

    fn of_client(model: [Model; 8], wanted: Client) -> usize {
        let of = |(request, model): &(usize, &Model)| {
            client(*request) == wanted && **model == Model::Waiting
        };
        model.iter().enumerate().filter(of).count()
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_a_naive_model(
            most in 1..4_usize,
            steps in prop::collection::vec(step(), 0..120),
        ) {
            let waits = Arc::new(Waits::new(most));
            let mut uploads: [Option<Upload>; 8] = Default::default();
            let mut model = [Model::Away; 8];
            let mut refused = 0;
            for (request, step) in steps {
                let there = uploads[request].as_ref();
                match (step, there) {
                    (Step::Arrive, None) => {
                        let upload = Upload::new(Arc::clone(&waits), client(request));
                        uploads[request] = Some(upload);
                        model[request] = Model::Ready;
                    }
                    (Step::Wait, Some(upload)) => {
                        let has_room = of_client(model, client(request)) < most;
                        let expected = model[request] != Model::Ready || has_room;
                        prop_assert_eq!(upload.wait(), expected);
                        if model[request] == Model::Ready {
                            refused += u64::from(!has_room);
                            model[request] = if has_room { Model::Waiting } else { Model::Over };
                        }
                    }
                    (Step::End, Some(upload)) => {
                        upload.end();
                        model[request] = Model::Over;
                    }
                    (Step::Leave, Some(_)) => {
                        uploads[request] = None;
                        model[request] = Model::Away;
                    }
                    _ => {}
                }
                let waiting = model.iter().filter(|one| **one == Model::Waiting).count();
                prop_assert_eq!(waits.stats(), (waiting, refused));
                let entries = waits.locked(|clients| clients.len());
                let clients = (0..3).filter(|one| of_client(model, client(*one)) > 0).count();
                prop_assert_eq!(entries, clients);
            }
            drop(uploads);
            prop_assert!(waits.locked(|clients| clients.is_empty()));
        }
    }

    #[test]
    fn a_request_that_panics_is_forgotten() {
        let waits = Arc::new(Waits::new(1));
        let of_request = Arc::clone(&waits);
        let panicked = std::thread::spawn(move || {
            let upload = Upload::new(of_request, None);
            assert!(upload.wait());
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert_eq!(waits.stats(), (0, 0));
        assert!(Upload::new(waits, None).wait());
    }

    #[test]
    fn threads_that_come_and_go_leave_nothing_behind() {
        let waits = Arc::new(Waits::new(2));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let waits = &waits;
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        let upload = Upload::new(Arc::clone(waits), client(thread));
                        upload.wait();
                    }
                });
            }
        });
        assert_eq!(waits.stats().0, 0);
        assert!(waits.locked(|clients| clients.is_empty()));
    }
}
