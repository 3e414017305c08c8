//! The endpoints for developers under `/_debug` (feature `devtools`).
//!
//! Three locks lie before them. They are compiled only with the feature, which belongs into no
//! release build. They are there only in a development run (`APP_DEBUG`, or `ServerConfig::debug`);
//! otherwise every one of these paths is a 404 as any other. And they answer only who shows a token
//! of the [`Guard`], or who asks [from this machine](plumego_middleware::local): from
//! a loopback address, without a header that proxies add, for a host that is this machine, and not
//! from the page of another origin.
//!
//! | route | answers |
//! | --- | --- |
//! | `GET /_debug` | what there is |
//! | `GET /_debug/routes` | every route as text, by method and path |
//! | `GET /_debug/routes.json` | the same with metadata, chain of layers, source location |
//! | `GET /_debug/middleware` | the layers around all routes, the outermost first |
//! | `GET /_debug/config` | every setting with its origin, secrets masked |
//! | `GET /_debug/metrics` | the requests of the last five minutes by route, and the newest 200 |
//! | `POST /_debug/metrics/clear` | forgets these; the exported metrics stay as they are |
//! | `GET /_debug/health` | phase, readiness, every component |
//! | `GET /_debug/tasks` | live tasks, and what became of all |
//! | `GET /_debug/runtime` | workers and queues of tokio, memory and threads of the process |
//! | `GET`, `PUT /_debug/log` | which log lines are written: `{"filter": "info,shop=debug"}` |
//! | `POST /_debug/reload` | reads again what can be; `400 reload_refused` says what is wrong |
//! | `GET /_debug/components` | the components that have a [debug drawer](plumego_component::Setup::debug) |
//! | `GET /_debug/components/{name}` | what is in one |
//! | `GET /_debug/pprof` | which profiles there are |
//! | `GET /_debug/pprof/profile?seconds=10&frequency=99` | a CPU profile for `pprof` (feature `profiling`) |
//! | `GET /_debug/pprof/flamegraph?seconds=10&frequency=99` | the same as a picture |
//! | `GET /_debug/pprof/heap` | what the allocator tells: [`Devtools::heap`] |
//! | `GET /_routes`, `/_config`, `/_info` | aliases: routes as JSON, settings, settings and build |
//!
//! JSON is `{"data": …}`. Errors of the application tell more in a development run, to the same
//! people: see [`plumego_middleware::debug_errors`].
//!
//! ```
//! use plumego_component::{Lifecycle, LifecycleConfig};
//! use plumego_ops::{Devtools, Guard};
//!
//! let mut builder = Lifecycle::builder(LifecycleConfig::default());
//! builder.debug(true).component(Devtools::new(Guard::new()));
//! # builder.build().unwrap();
//! ```
//!
//! # Limits and defaults
//! Of tasks, 1,000 are listed. A profile takes 1 to 60 s (10) at 1 to 1,000 samples a second (99),
//! one at a time; the next one is `409 profile_running`. What a debug drawer shows is refused
//! beyond 1 MiB. The window of requests has bounds of its own: 200 routes, 200 newest requests,
//! five minutes in steps of 30 s.

mod heap;
#[cfg(all(unix, feature = "profiling"))]
mod profile;
#[cfg(not(all(unix, feature = "profiling")))]
#[path = "no_profile.rs"]
mod profile;
mod routes;
mod runtime;
mod window;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use plumego_component::{Component, Setup};
use plumego_contract::{Error, Problem, RequestContext, codes};
use plumego_middleware::local::{self, NotLocal};
use plumego_observe::record::{RequestRecord, RequestSink};

pub use self::heap::Heap;
use self::window::Window;
use crate::guard::{Doorkeeper, Operator};
use crate::{Guard, Scope};

/// The endpoints for developers. See the [module](self).
#[derive(Clone)]
pub struct Devtools {
    guard: Guard,
    heap: Option<Arc<dyn Heap>>,
}

impl Devtools {
    /// For whoever asks from this machine, and for whoever shows a token of the guard. A layer of
    /// the guard decides about both.
    pub fn new(guard: Guard) -> Self {
        Self { guard, heap: None }
    }

    /// What the allocator of the program tells of the heap.
    #[must_use]
    pub fn heap(mut self, heap: impl Heap) -> Self {
        self.heap = Some(Arc::new(heap));
        self
    }
}

/// For this machine alone.
impl Default for Devtools {
    fn default() -> Self {
        Self::new(Guard::new())
    }
}

impl Component for Devtools {
    fn name(&self) -> &'static str {
        "devtools"
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let mut problems = self.guard.problems();
        if !self.guard.is_required() {
            problems.push(Problem::new(
                "the endpoints for developers are never open to everybody: give their guard a \
                 token, or a layer",
            ));
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        if !setup.is_debug() {
            return Ok(());
        }
        tracing::warn!("development run: the endpoints for developers answer below /_debug");
        let window = Arc::new(Window::new());
        let door = Doorkeeper::new(self.guard.clone(), "development");
        let viewer = door.clone();
        let (heap, inspect) = (self.heap.clone(), setup.inspect().clone());
        setup
            .sink(Told(Arc::clone(&window)))
            .show_errors_to(move |context, headers| viewer.is_operator(context, headers))
            .assemble(move |drawers| {
                let drawers = drawers.debug().to_vec();
                let all = routes::Shown {
                    inspect,
                    window,
                    heap,
                    drawers,
                };
                door.protect(routes::all(&all), Some(from_this_machine))
            });
        Ok(())
    }
}

impl fmt::Debug for Devtools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devtools")
            .field("guard", &self.guard)
            .field("heap", &self.heap.is_some())
            .finish()
    }
}

fn from_this_machine(context: &RequestContext, headers: &HeaderMap) -> Result<Operator, Error> {
    match local::check(context, headers) {
        Ok(()) => Ok(Operator::new("this machine", Scope::Operate)),
        Err(NotLocal::OtherSite) => Err(Error::new(codes::CSRF_REJECTED)
            .with_detail("A page of another origin must not make this request.")),
        Err(why) => {
            tracing::debug!(
                why = why.as_str(),
                "the endpoints for developers stay closed"
            );
            let detail = "Show a token, or ask from this machine without a proxy.";
            Err(Error::new(codes::UNAUTHENTICATED).with_detail(detail))
        }
    }
}

/// The window as somebody who is told of every request.
struct Told(Arc<Window>);

impl RequestSink for Told {
    fn record(&self, record: &RequestRecord<'_>) {
        self.0.record(record);
    }
}
