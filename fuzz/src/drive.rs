//! Sending one request through a layer, without a runtime.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::HeaderValue;
use plumego_contract::{Request, Response};
use tower::{Service, ServiceExt};

/// What a future comes to that never waits.
pub(crate) fn once<T>(future: impl Future<Output = T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// The answer of a service.
pub(crate) fn call<S>(service: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    match once(service.oneshot(request)) {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Each line as a header; without those that no header can be.
pub(crate) fn values(data: &[u8]) -> Vec<HeaderValue> {
    let lines = data.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect()
}

/// Whether `Vary` names this.
pub(crate) fn varies_by(response: &Response, name: &str) -> bool {
    let lines = response.headers().get_all(http::header::VARY).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|there| there.trim().eq_ignore_ascii_case(name))
}
