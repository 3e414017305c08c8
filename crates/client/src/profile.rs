//! Which of the two kinds a client is, as a type.

mod sealed {
    pub trait Sealed {}
}

/// [`Guarded`] or [`Trusted`].
pub trait Profile: sealed::Sealed + Send + Sync + 'static {}

/// For addresses that came from data: targets of webhooks, URLs of users. Every address is checked
/// where the connection is made.
#[derive(Clone, Copy, Debug)]
pub enum Guarded {}

/// For endpoints that the operator configured: a collector, an issuer. It reaches internal
/// addresses, and no origin but those it was made for.
#[derive(Clone, Copy, Debug)]
pub enum Trusted {}

impl sealed::Sealed for Guarded {}
impl sealed::Sealed for Trusted {}
impl Profile for Guarded {}
impl Profile for Trusted {}
