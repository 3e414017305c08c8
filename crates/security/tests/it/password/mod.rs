//! Stored passwords and rules for new ones.

mod ceilings;
mod policy;
mod stored;
mod vectors;
