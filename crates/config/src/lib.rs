//! Layered, typed settings: the only reader of the environment in Plumego.
