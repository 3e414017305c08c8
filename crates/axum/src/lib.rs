//! axum extractors and routers in Plumego, Plumego in axum.
