//! Sessions of browsers, and attacks on them.

mod attacks;
mod browser;
mod lifetime;
mod races;
mod store;
