//! Telling work that it should end.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Tells a task that it should end.
///
/// Cheap to clone; it never goes back. A task looks at it where it waits:
///
/// ```
/// # use std::time::Duration;
/// use plumego_component::StopToken;
///
/// async fn flush(stop: StopToken) {
///     while stop.run(tokio::time::sleep(Duration::from_secs(1))).await.is_some() {
///         // write out what has gathered
///     }
///     // write out the rest
/// }
/// # tokio_test(async { let source = plumego_component::StopSource::new(); source.stop();
/// # flush(source.token()).await });
/// # fn tokio_test<F: Future>(f: F) -> F::Output {
/// #     tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(f)
/// # }
/// ```
#[derive(Clone)]
pub struct StopToken(CancellationToken);

impl StopToken {
    pub(crate) fn of(token: CancellationToken) -> Self {
        Self(token)
    }

    /// Waits until the task should end; at once when it should already.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// Whether the task should end.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Runs the future to its end, or drops it and answers `None` when the task should end first.
    ///
    /// When both are so, the answer is `None`: a loop over work that is always ready still ends.
    ///
    /// # Cancel safety
    /// As cancel safe as the future, which is dropped when the token fires.
    pub async fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            () = self.0.cancelled() => None,
            output = future => Some(output),
        }
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StopToken")
            .field(&self.is_stopped())
            .finish()
    }
}

/// The other end of a [`StopToken`], for a program or a test that runs a task by itself.
///
/// Inside of an application the tokens come from
/// [`StartContext::spawn`](crate::StartContext::spawn). Dropping the source does not fire the
/// token.
#[derive(Default)]
pub struct StopSource(CancellationToken);

impl StopSource {
    /// A source that has not fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token of this source.
    pub fn token(&self) -> StopToken {
        StopToken(self.0.clone())
    }

    /// Fires every token of this source.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

impl fmt::Debug for StopSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StopSource")
            .field(&self.0.is_cancelled())
            .finish()
    }
}

/// The point in time that far from now; a far one instead of a panic when it is beyond the clock.
pub(crate) fn after(time: Duration) -> Instant {
    const A_YEAR: Duration = Duration::from_hours(365 * 24);
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + A_YEAR)
}
