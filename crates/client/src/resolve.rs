//! Names to addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// The most lookups of the operating system at once.
const MAX_LOOKUPS: usize = 32;
/// The most addresses of one name that are looked at; those beyond are left out.
pub const MAX_ADDRESSES: usize = 16;

/// The future of [`Resolve::resolve`].
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a name.
///
/// What it answers is checked by the client and then connected to; there is no second lookup. So a
/// resolver needs no guard of its own, and one that lies reaches nothing that is refused.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use plumego_client::{Resolve, Resolving};
///
/// struct Fixed;
///
/// impl Resolve for Fixed {
///     fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
///         Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]) })
///     }
/// }
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name, best first; the client looks at the first [`MAX_ADDRESSES`].
    /// Called within the connect timeout; must be cancel safe.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// The resolver of the operating system: `/etc/hosts`, then DNS. The default.
///
/// At most 32 lookups at once: one that hangs holds its place until the operating system gives up,
/// also when nobody waits for it any more. Further ones wait within the connect timeout.
#[derive(Clone)]
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

impl SystemResolver {
    /// A resolver with places of its own.
    pub fn new() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let lookups = Arc::clone(&self.lookups);
            let place = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let name = name.to_owned();
            let lookup = tokio::task::spawn_blocking(move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                // The place is given back by the thread, not by who may have stopped waiting.
                drop(place);
                Ok(found?.map(|found| found.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}
