//! How a layer says that it finds out who asks.

use std::cell::Cell;

use tower_layer::Layer;

thread_local! {
    /// Layers are put around a service by a plain call, so what is said in one is said of it.
    static SAID: Cell<bool> = const { Cell::new(false) };
}

/// Says of the layer that calls it, in its [`Layer::layer`], that it finds out who asks and puts a
/// [`Principal`](plumego_contract::auth::Principal) into the requests that it lets through.
///
/// A router that is frozen holds it against what its routes ask for: one that asks for somebody
/// known and has no such layer around it would be closed to everybody, and is a problem. Nothing is
/// opened by it: whether there is a principal is checked for each request. Layers that are made of
/// others, or choose among them, say what those say. Elsewhere it does nothing.
///
/// For a layer that is not yours, or is a function, see [`IdentifyingLayer`].
///
/// ```
/// use plumego_router::{Router, identifies};
/// use tower_layer::Layer;
///
/// #[derive(Clone)]
/// struct ByCertificate;
///
/// impl<S> Layer<S> for ByCertificate {
///     type Service = S; // yours, which puts a `Principal` into the request
///
///     fn layer(&self, inner: S) -> S {
///         identifies();
///         inner
///     }
/// }
///
/// let router = Router::new()
///     .layer(ByCertificate)
///     .get("/me", async || "somebody known")
///     .authenticated();
/// assert!(router.freeze(plumego_contract::AppContext::default()).is_ok());
/// ```
pub fn identifies() {
    SAID.set(true);
}

/// A layer of somebody else, of which the program says that it [finds out who asks](identifies).
///
/// ```
/// use plumego_router::IdentifyingLayer;
/// # let foreign = tower_layer::Identity::new();
/// let layer = IdentifyingLayer::new(foreign);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct IdentifyingLayer<L> {
    layer: L,
}

impl<L> IdentifyingLayer<L> {
    /// The layer, and the word for it.
    pub fn new(layer: L) -> Self {
        Self { layer }
    }
}

impl<S, L: Layer<S>> Layer<S> for IdentifyingLayer<L> {
    type Service = L::Service;

    fn layer(&self, inner: S) -> L::Service {
        identifies();
        self.layer.layer(inner)
    }
}

/// What was made, and whether one of the layers said while it was that it finds out who asks.
pub(crate) fn listen<T>(make: impl FnOnce() -> T) -> (T, bool) {
    let outside = SAID.replace(false);
    let result = make();
    (result, SAID.replace(outside))
}
