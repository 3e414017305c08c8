//! The operator's surface: the guard before it, and the endpoints under `/_debug`.
