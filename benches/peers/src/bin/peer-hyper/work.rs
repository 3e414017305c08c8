//! The routes and what they do.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Method;
use hyper::body::Incoming;
use peers::{Failure, Order};

use crate::answer::{self, Answer};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Route {
    Ping,
    Echo,
    Fixed,
    Slow,
    Panic,
}

/// What a request leads to.
pub(crate) enum Found {
    /// The route, and its number.
    Route(Route, usize),
    Nothing,
    OtherMethod,
}

/// All routes.
pub(crate) struct Routes {
    router: matchit::Router<usize>,
    /// Pattern, method and work of each.
    known: Vec<(&'static str, Method, Route)>,
}

impl Routes {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut known = vec![
            ("/ping", Method::GET, Route::Ping),
            ("/echo", Method::POST, Route::Echo),
            ("/slow", Method::GET, Route::Slow),
            ("/panic", Method::GET, Route::Panic),
        ];
        known.extend(peers::patterns().map(|pattern| (pattern, Method::GET, Route::Fixed)));
        let mut router = matchit::Router::new();
        for (at, (pattern, _, _)) in known.iter().enumerate() {
            router.insert(*pattern, at)?;
        }
        Ok(Self { router, known })
    }

    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// The pattern of a route.
    pub(crate) fn pattern(&self, at: usize) -> Option<&'static str> {
        self.known.get(at).map(|(pattern, _, _)| *pattern)
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.router.at(path) else {
            return Found::Nothing;
        };
        match self.known.get(*found.value) {
            Some((_, wanted, route)) if wanted == method => Found::Route(*route, *found.value),
            Some(_) => Found::OtherMethod,
            None => Found::Nothing,
        }
    }
}

impl Route {
    pub(crate) async fn run(self, body: Incoming, limit: usize) -> Answer {
        match self {
            Self::Ping => answer::text("pong"),
            Self::Echo => echo(body, limit).await,
            Self::Fixed => answer::text("ok"),
            Self::Slow => {
                tokio::time::sleep(Duration::from_secs(10)).await;
                answer::text("late")
            }
            Self::Panic => answer::text(peers::panics()),
        }
    }
}

async fn echo(body: Incoming, limit: usize) -> Answer {
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return answer::refusal(413),
        Err(_) => return answer::refusal(400),
    };
    let Ok(order) = serde_json::from_slice::<Order>(&body) else {
        return answer::refusal(400);
    };
    match serde_json::to_vec(&order) {
        Ok(text) => answer::json(text),
        Err(_) => answer::refusal(500),
    }
}
