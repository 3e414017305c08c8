//! CPU profiles: the stacks of all threads, sampled by a signal.
//!
//! Stacks are walked by frame pointers. The standard library has them; build the program with
//! `RUSTFLAGS="-C force-frame-pointers=yes"` for whole stacks, else functions are missing in them.
//! A stack begins with a return address: the time of a function that calls nothing is its caller's.

mod encode;
mod flame;
mod sample;

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use plumego_contract::extract::Query;
use plumego_contract::{Body, Error, IntoResponse, RouteTimeout};
use plumego_router::Router;
use serde::Deserialize;

use self::sample::{Profile, Sampler};

/// The profiles that can be taken.
pub(super) const PROFILES: &[&str] = &["profile", "flamegraph"];

const MAX_SECONDS: u64 = 60;
const MAX_FREQUENCY: u32 = 1000;
/// The time for a profile of the longest kind, and to write it.
const PATIENCE: Duration = Duration::from_secs(MAX_SECONDS + 60);

/// The picture has a style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

#[derive(Deserialize)]
#[serde(default)]
struct Wanted {
    seconds: u64,
    frequency: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            seconds: 10,
            frequency: 99,
        }
    }
}

pub(super) fn routes() -> Router {
    let sampler = Arc::new(Sampler::default());
    let other = Arc::clone(&sampler);
    Router::new()
        .get("/profile", async move |Query(wanted): Query<Wanted>| {
            let profile = take(&sampler, &wanted).await?;
            let bytes = encode::gzipped(&profile)?;
            let headers = [
                header(CONTENT_TYPE, "application/octet-stream"),
                header(CONTENT_DISPOSITION, "attachment; filename=\"cpu.pb.gz\""),
            ];
            Ok::<_, Error>(answer(headers, bytes))
        })
        .timeout(RouteTimeout::After(PATIENCE))
        .get("/flamegraph", async move |Query(wanted): Query<Wanted>| {
            let profile = take(&other, &wanted).await?;
            let headers = [
                header(CONTENT_TYPE, "image/svg+xml"),
                header(CONTENT_SECURITY_POLICY, POLICY),
            ];
            Ok::<_, Error>(answer(headers, flame::picture(&profile).into_bytes()))
        })
        .timeout(RouteTimeout::After(PATIENCE))
}

async fn take(sampler: &Sampler, wanted: &Wanted) -> Result<Profile, Error> {
    if !(1..=MAX_SECONDS).contains(&wanted.seconds) {
        let detail = format!("`seconds` must be 1 to {MAX_SECONDS}.");
        return Err(Error::bad_request("invalid_query", detail));
    }
    if !(1..=MAX_FREQUENCY).contains(&wanted.frequency) {
        let detail = format!("`frequency` must be 1 to {MAX_FREQUENCY} samples a second.");
        return Err(Error::bad_request("invalid_query", detail));
    }
    let time = Duration::from_secs(wanted.seconds);
    sampler.take(time, wanted.frequency).await
}

fn header(name: HeaderName, value: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}

fn answer(headers: [(HeaderName, HeaderValue); 2], bytes: Vec<u8>) -> impl IntoResponse {
    let mut response = http::Response::new(Body::from(bytes));
    response.headers_mut().extend(headers);
    response
}
