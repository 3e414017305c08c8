//! hyper: bare, and with the work of a production stack fused into one function by hand.
//!
//! The fused one is the yardstick: what the work costs when nothing about it can be chosen.

mod answer;
mod bare;
mod clock;
mod deadlines;
mod fused;
mod limiter;
mod log;
mod metrics;
mod random;
mod work;

use peers::Failure;

fn main() -> Result<(), Failure> {
    let settings = peers::settings()?;
    peers::run(settings.workers, async move {
        if settings.production {
            fused::serve(settings).await
        } else {
            bare::serve(settings).await
        }
    })
}
