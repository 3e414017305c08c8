//! The tower layers of Plumego.
