//! `cargo xtask bench router`: what it takes to find a route, beside matchit.
//!
//! Both find a value by a path, with the raw parts of the path that parameters took; Plumego picks
//! the route of the method too. What `dispatch` adds is told for itself: nothing of matchit's is
//! like it. It checks host and framing, decodes the parameters, makes the request's context, and
//! runs a handler that answers at once.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use plumego::Error;
use plumego::contract::{AppContext, Body, Connection, Request};
use plumego::http::{Method, StatusCode};
use plumego::router::{Frozen, Router};

/// Rounds, in turn, of which the middle and the best are told.
const ROUNDS: usize = 15;
/// Lookups in a round, about.
const LOOKUPS: usize = 200_000;

fn main() -> Result<(), Error> {
    let github: Vec<String> = task::patterns().map(str::to_owned).collect();
    let hits: Vec<String> = github.iter().map(|pattern| fill(pattern)).collect();
    let misses: Vec<String> = hits
        .iter()
        .map(|path| format!("{path}/not/there"))
        .collect();
    let both = Both::new(&github)?;
    both.compare("130 routes, found", &hits)?;
    both.compare("130 routes, missed", &misses)?;
    both.dispatch("130 routes, dispatched", &hits)?;
    let many = many();
    let asked: Vec<String> = many
        .iter()
        .step_by(97)
        .map(|pattern| fill(pattern))
        .collect();
    Both::new(&many)?.compare("10,000 routes, found", &asked)
}

/// Ten thousand patterns, as a large program has them.
fn many() -> Vec<String> {
    let pattern = |at: usize| match at % 4 {
        0 => format!("/service-{}/things-{at}", at % 100),
        1 => format!("/service-{}/things-{at}/{{id}}", at % 100),
        2 => format!("/service-{}/things-{at}/{{id}}/parts/{{part}}", at % 100),
        _ => format!("/v{}/area-{}/list-{at}/{{id}}", at % 3, at % 50),
    };
    (0..10_000).map(pattern).collect()
}

/// `/users/{user}` becomes `/users/user-1`.
fn fill(pattern: &str) -> String {
    pattern.replace('{', "").replace('}', "-1")
}

/// The same patterns in both routers.
struct Both {
    ours: Frozen,
    theirs: matchit::Router<usize>,
}

impl Both {
    fn new(patterns: &[String]) -> Result<Self, Error> {
        let mut ours = Router::new();
        let mut theirs = matchit::Router::new();
        for (at, pattern) in patterns.iter().enumerate() {
            ours = ours.get(pattern, async || "ok");
            theirs.insert(pattern, at).map_err(Error::internal)?;
        }
        let ours = ours.freeze(AppContext::default())?;
        Ok(Self { ours, theirs })
    }

    fn ours(&self, path: &str) -> Option<usize> {
        self.ours.find(&Method::GET, path).map(|route| route.index)
    }

    fn theirs(&self, path: &str) -> Option<usize> {
        self.theirs.at(path).ok().map(|found| *found.value)
    }

    fn compare(&self, what: &str, paths: &[String]) -> Result<(), Error> {
        for path in paths {
            let (ours, theirs) = (self.ours(path), self.theirs(path));
            if ours != theirs {
                let why = format!("{path}: {ours:?}, matchit {theirs:?}");
                return Err(Error::bad_request("differ", why));
            }
        }
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..ROUNDS {
            ours.push(nanos(paths, |path| self.ours(path)));
            theirs.push(nanos(paths, |path| self.theirs(path)));
        }
        let (ours, theirs) = (Middle::of(ours), Middle::of(theirs));
        println!("{what:<24} Plumego {ours}   matchit {theirs}");
        Ok(())
    }

    /// The whole way from requests to responses.
    fn dispatch(&self, what: &str, paths: &[String]) -> Result<(), Error> {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let mut taken = Duration::ZERO;
            let turns = LOOKUPS.div_ceil(paths.len() * 4);
            for _ in 0..turns {
                let requests: Vec<_> = paths
                    .iter()
                    .map(|path| get(path))
                    .collect::<Result<_, _>>()?;
                let begin = Instant::now();
                for request in requests {
                    self.answer(request)?;
                }
                taken += begin.elapsed();
            }
            rounds.push(each(taken, turns * paths.len()));
        }
        println!("{what:<24} Plumego {}", Middle::of(rounds));
        Ok(())
    }

    fn answer(&self, request: Request) -> Result<(), Error> {
        let dispatch = self.ours.dispatch(Connection::default(), request);
        let response = pin!(dispatch.response);
        match response.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) if response.status() == StatusCode::OK => {
                black_box(response);
                Ok(())
            }
            _ => Err(Error::bad_request(
                "differ",
                "a handler did not answer at once",
            )),
        }
    }
}

/// Nanoseconds for a lookup.
fn nanos(paths: &[String], look_up: impl Fn(&str) -> Option<usize>) -> f64 {
    let turns = LOOKUPS.div_ceil(paths.len());
    let begin = Instant::now();
    for _ in 0..turns {
        for path in paths {
            black_box(look_up(black_box(path)));
        }
    }
    each(begin.elapsed(), turns * paths.len())
}

/// Nanoseconds for one of so many.
fn each(taken: Duration, count: usize) -> f64 {
    taken.as_secs_f64() * 1e9 / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn get(path: &str) -> Result<Request, Error> {
    let request = plumego::http::Request::get(path).header("host", "example.com");
    request.body(Body::empty()).map_err(Error::internal)
}

/// The middle of the rounds, and the best.
struct Middle(f64, f64);

impl Middle {
    fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |place: usize| rounds.get(place).copied().unwrap_or(f64::NAN);
        Self(at(rounds.len() / 2), at(0))
    }
}

impl std::fmt::Display for Middle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>7.1} ns (best {:.1})", self.0, self.1)
    }
}
