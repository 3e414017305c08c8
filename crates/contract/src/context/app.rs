//! What every request of one application shares.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use plumego_observe::trace::Tracer;
use plumego_stdx::Limit;

use super::{Adjust, TrustedProxies};
use crate::ErrorFormat;

/// What every request of one application shares: state, limits and choices.
///
/// Made once, before the router is frozen; afterwards only [`adjust`](Self::adjust) changes what it
/// is for. The defaults are those of a
/// router that is used without an application.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AppContext {
    /// The values that [`State`](crate::State) hands out.
    pub state: StateMap,
    /// How errors are written. Default: RFC 9457.
    pub error_format: ErrorFormat,
    /// The largest request body that an extractor reads. Default: 10 MiB.
    pub max_body_bytes: Limit,
    /// Bounds and choices of the [`Json`](crate::Json) extractor.
    pub json: JsonConfig,
    /// Bounds of the `Multipart` extractor (feature `multipart`).
    pub multipart: MultipartConfig,
    /// Whose forwarding headers are believed. Default: nobody's.
    pub trusted_proxies: TrustedProxies,
    /// The time a request has, as handlers read it from
    /// [`Context::deadline`](crate::Context::deadline). Default: 30 s; `None` for no deadline.
    pub request_deadline: Option<Duration>,
    /// Where tasks go that outlive their request. `None` outside of an application.
    pub tasks: Option<Arc<dyn SpawnTask>>,
    /// Decides which traces are recorded. Default: nobody, and then the caller's word holds.
    pub tracer: Option<Arc<dyn Tracer>>,
    adjust: Adjust,
}

impl Default for AppContext {
    fn default() -> Self {
        Self {
            state: StateMap::default(),
            error_format: ErrorFormat::default(),
            max_body_bytes: Limit::At(10 * 1024 * 1024),
            json: JsonConfig::default(),
            multipart: MultipartConfig::default(),
            trusted_proxies: TrustedProxies::default(),
            request_deadline: Some(Duration::from_secs(30)),
            tasks: None,
            tracer: None,
            adjust: Adjust::default(),
        }
    }
}

impl AppContext {
    /// What changes its limits while the application runs. Clones of the context share it.
    pub fn adjust(&self) -> &Adjust {
        &self.adjust
    }

    /// The largest request body now: [`max_body_bytes`](Self::max_body_bytes), unless it was
    /// [adjusted](Self::adjust).
    pub fn body_limit(&self) -> Limit {
        self.adjust.max_body_bytes(self.max_body_bytes)
    }

    /// The time of a request now: [`request_deadline`](Self::request_deadline), unless it was
    /// [adjusted](Self::adjust).
    pub fn request_time(&self) -> Option<Duration> {
        self.adjust.request_deadline(self.request_deadline)
    }
}

/// Bounds and choices of the [`Json`](crate::Json) extractor.
///
/// The size is bounded by the body limit. The depth is bounded at 128 levels, which is
/// `serde_json`'s own bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonConfig {
    /// What to do with fields that the type does not have. Default: ignore them.
    pub unknown_fields: UnknownFields,
}

/// What to do with fields that the type does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum UnknownFields {
    /// They are ignored, so that clients may be newer than the server.
    #[default]
    Ignore,
    /// They are refused with 422 and their pointers.
    Deny,
}

/// Bounds of the `Multipart` extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MultipartConfig {
    /// The most parts in one body. Default: 128.
    pub max_parts: usize,
    /// The largest part in bytes. Default: unlimited, so that the body limit alone holds.
    pub max_part_bytes: Limit,
    /// The most bytes in the headers of one part. Default: 8 KiB.
    pub max_header_bytes: usize,
    /// The time for the whole body. Default: 30 s. Beyond it: `408 body_timeout`.
    pub timeout: Duration,
}

impl Default for MultipartConfig {
    fn default() -> Self {
        Self {
            max_parts: 128,
            max_part_bytes: Limit::Unlimited,
            max_header_bytes: 8 * 1024,
            timeout: Duration::from_secs(30),
        }
    }
}

/// A future on the heap, as [`SpawnTask`] takes it.
pub type BoxTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where tasks go that outlive their request.
///
/// An application counts them, names them, and awaits or cancels them when it stops.
pub trait SpawnTask: Send + Sync {
    /// Runs the task. Answers `false`, and drops the task, when no more are taken.
    fn spawn_task(&self, name: &'static str, task: BoxTask) -> bool;
}

impl fmt::Debug for dyn SpawnTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpawnTask")
    }
}

/// Values by type. One of each; the clones that handlers get should be cheap.
#[derive(Clone, Default)]
pub struct StateMap {
    values: HashMap<TypeId, Value, BuildHasherDefault<TypeIdHasher>>,
}

#[derive(Clone)]
struct Value {
    value: Arc<dyn Any + Send + Sync>,
    name: &'static str,
}

impl StateMap {
    /// Adds a value; answers whether one of that type was there and has been replaced.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) -> bool {
        let value = Value {
            value: Arc::new(value),
            name: std::any::type_name::<T>(),
        };
        self.values.insert(TypeId::of::<T>(), value).is_some()
    }

    /// A clone of the value of that type.
    pub fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.values
            .get(&TypeId::of::<T>())?
            .value
            .downcast_ref::<T>()
            .cloned()
    }

    /// Whether there is a value of that type.
    pub fn contains(&self, id: TypeId) -> bool {
        self.values.contains_key(&id)
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.values.values().map(|value| value.name))
            .finish()
    }
}

/// A type id is a hash already.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
