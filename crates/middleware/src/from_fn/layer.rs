use tower_layer::Layer;

use super::FromFnService;

/// Makes a layer of `async fn(Request, Next) -> impl IntoResponse`. See the [module](super).
pub fn from_fn<F>(function: F) -> FromFnLayer<F> {
    FromFnLayer { function }
}

/// The layer that [`from_fn`](from_fn()) makes.
#[derive(Debug, Clone, Copy)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for FromFnLayer<F> {
    type Service = FromFnService<F, S>;

    fn layer(&self, inner: S) -> Self::Service {
        FromFnService {
            inner,
            function: self.function.clone(),
        }
    }
}
