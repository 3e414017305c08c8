use std::sync::Arc;

use http::Method;
use plumego_contract::{Problem, Problems};

use super::CsrfLayer;
use crate::origin;

/// The choices of a [`CsrfLayer`]. See the [module](super).
#[derive(Debug, Clone, Default)]
pub struct CsrfConfig {
    trusted: Vec<String>,
    bypass: Vec<String>,
}

impl CsrfConfig {
    /// Lets pages of this origin in, such as `https://checkout.example.com`.
    #[must_use]
    pub fn trust(mut self, origin: impl Into<String>) -> Self {
        self.trusted.push(origin.into());
        self
    }

    /// Lets a route out: `/webhooks/{provider}` for every method, `POST /webhooks/{*rest}` for all
    /// there is below. The segments are held against the raw path; a path with `.` or `..` in it
    /// never fits. `{provider}` stands for a parameter of the route that was found: a route
    /// `/webhooks/settings` beside it is not let out.
    #[must_use]
    pub fn bypass(mut self, pattern: impl Into<String>) -> Self {
        self.bypass.push(pattern.into());
        self
    }

    /// The layer.
    ///
    /// # Errors
    /// All origins and patterns that cannot be read.
    pub fn build(self) -> Result<CsrfLayer, Problems> {
        let mut problems = Problems::new();
        let mut trusted = Vec::new();
        for text in &self.trusted {
            match origin::normalize(text) {
                Ok(origin) => trusted.push(origin),
                Err(why) => problems.push(Problem::new(format!("CSRF: origin `{text}` {why}"))),
            }
        }
        let mut bypass = Vec::new();
        for text in &self.bypass {
            match Pattern::parse(text) {
                Ok(pattern) => bypass.push(pattern),
                Err(why) => problems.push(Problem::new(format!("CSRF: pattern `{text}` {why}"))),
            }
        }
        problems.into_result(CsrfLayer {
            rules: Arc::new(Rules { trusted, bypass }),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    trusted: Vec<String>,
    bypass: Vec<Pattern>,
}

impl Rules {
    pub(super) fn trusts(&self, origin: &str) -> bool {
        self.trusted.iter().any(|there| there == origin)
    }

    pub(super) fn lets_out(&self, method: &Method, path: &str, route: Option<&str>) -> bool {
        let fits = |pattern: &Pattern| {
            pattern.fits(method, path) && route.is_none_or(|route| pattern.covers(route))
        };
        !self.bypass.is_empty() && !has_dot_segment(path) && self.bypass.iter().any(fits)
    }
}

/// Somebody below may resolve dots, also escaped ones, and so serve another route.
fn has_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".." || plain.contains("%2f") || plain.contains("%5c")
    })
}

/// A method, or none for all, and the segments of a path.
#[derive(Debug)]
struct Pattern {
    method: Option<Method>,
    segments: Vec<Segment>,
    rest: bool,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    Any,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => {
                let method = Method::from_bytes(method.as_bytes());
                let method = method.map_err(|_| "has no valid method")?;
                if method.as_str().bytes().any(|b| b.is_ascii_lowercase()) {
                    return Err("has a method in lower case, which no request has: `POST`");
                }
                (Some(method), path)
            }
            None => (None, text),
        };
        let path = path
            .strip_prefix('/')
            .ok_or("must be a path that begins with `/`, after a method or alone")?;
        let mut segments = Vec::new();
        let mut rest = false;
        for segment in path.split('/') {
            if rest {
                return Err("has something after `{*…}`");
            }
            let inner = segment
                .strip_prefix('{')
                .and_then(|inner| inner.strip_suffix('}'));
            match inner {
                Some(name) if name.starts_with('*') => rest = true,
                Some(_) => segments.push(Segment::Any),
                None if segment.contains(['{', '}', '*']) => {
                    return Err("has `{`, `}` or `*` inside a segment");
                }
                None => segments.push(Segment::Literal(segment.to_owned())),
            }
        }
        Ok(Self {
            method,
            segments,
            rest,
        })
    }

    /// Whether no parameter of it stands where the pattern of the route has a literal.
    fn covers(&self, route: &str) -> bool {
        let mut theirs = route.trim_start_matches('/').split('/');
        self.segments.iter().all(|segment| match segment {
            Segment::Literal(_) => theirs.next().is_some(),
            Segment::Any => theirs.next().is_some_and(|there| there.starts_with('{')),
        })
    }

    fn fits(&self, method: &Method, path: &str) -> bool {
        if self.method.as_ref().is_some_and(|only| only != method) {
            return false;
        }
        let Some(path) = path.strip_prefix('/') else {
            return false;
        };
        let mut parts = path.split('/');
        let fits = self.segments.iter().all(|segment| {
            parts.next().is_some_and(|part| match segment {
                Segment::Literal(text) => text == part,
                Segment::Any => !part.is_empty(),
            })
        });
        fits && (parts.next().is_none() != self.rest)
    }
}
