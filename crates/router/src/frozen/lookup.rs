//! What a request leads to.

use std::borrow::Cow;

use http::Method;
use http::header::TRANSFER_ENCODING;
use plumego_contract::{ConnectionContext, Params, Request};

use super::{Inner, host, params};
use crate::Slashes;
use crate::outcome::Outcome;
use crate::slashes;
use crate::table::{Captures, Found, normal_host, split_port};

/// What a request leads to: places in the frozen router.
pub(super) enum Target {
    Route {
        route: usize,
        params: Params,
    },
    Fallback(usize),
    /// An answer of the router itself, within the layers of a group. The route is known when its
    /// parameters cannot be decoded.
    Outcome {
        outcome: Outcome,
        scope: usize,
        route: Option<usize>,
    },
}

const BAD_ESCAPE: &str =
    "A parameter in the path holds a broken percent escape, or bytes that are not UTF-8.";
const NO_PATH: &str = "The target of the request is not a path.";

impl Inner {
    /// Looks a request up. Changes nothing, but that the connection remembers its first valid host.
    pub(super) fn look_up(&self, home: &ConnectionContext, request: &Request) -> Target {
        let has_hosts = self.table.has_hosts();
        let named = if !has_hosts && host::is_usual(home, request) {
            None
        } else {
            match host::of(home, request) {
                Ok(host) => host,
                Err(why) => return at_root(Outcome::BadHost(why)),
            }
        };
        if !is_framed_plainly(request) {
            return at_root(Outcome::BadFraming);
        }
        let path = request.uri().path();
        if !has_hosts {
            return self.find(None, path, request);
        }
        let client = self
            .app
            .trusted_proxies
            .resolve(home.connection(), request.headers());
        let host = client
            .host
            .as_deref()
            .map(without_port)
            .or(named)
            .map(normal_host);
        self.find(host.as_deref(), path, request)
    }

    fn find(&self, host: Option<&str>, path: &str, request: &Request) -> Target {
        let method = request.method();
        if path == "*" && method == Method::OPTIONS {
            return at_root(Outcome::options(self.table.allow_anywhere(host)));
        }
        if !path.starts_with('/') {
            return at_root(Outcome::MalformedPath(NO_PATH));
        }
        let path = match self.slashes {
            Slashes::Lenient => slashes::lenient(path),
            Slashes::Strict | Slashes::Redirect => Cow::Borrowed(path),
        };
        let mut captures = Captures::new();
        let found = self.table.find(host, &path, method, &mut captures);
        if self.slashes == Slashes::Redirect
            && !self.is_written(found)
            && let Some(outcome) = self.redirect(host, &path, request)
        {
            return at_root(outcome);
        }
        self.target(found, &captures, host, &path, method)
    }

    fn target(
        &self,
        found: Found,
        captures: &Captures,
        host: Option<&str>,
        path: &str,
        method: &Method,
    ) -> Target {
        match found {
            Found::Route(route) => self.route(route, captures, path),
            Found::Fallback(place) => Target::Fallback(place),
            Found::NotAllowed(route) if self.is_site(route) && method != Method::OPTIONS => {
                // Only the site knows whether it has anything there.
                let mut captures = Captures::new();
                match self.table.find(host, path, &Method::HEAD, &mut captures) {
                    Found::Route(site) => self.route(site, &captures, path),
                    _ => at_root(Outcome::NotFound),
                }
            }
            Found::NotAllowed(route) => {
                let allow = self.table.allow(host, path);
                Target::Outcome {
                    outcome: if method == Method::OPTIONS {
                        Outcome::options(allow)
                    } else {
                        Outcome::method_not_allowed(allow)
                    },
                    scope: self.scope(route),
                    route: None,
                }
            }
            Found::Nothing => at_root(Outcome::NotFound),
        }
    }

    fn route(&self, route: usize, captures: &Captures, path: &str) -> Target {
        let entry = self.entries.get(route);
        match entry.and_then(|entry| params::decode(entry, path, captures)) {
            Some(params) => Target::Route { route, params },
            None => Target::Outcome {
                outcome: Outcome::MalformedPath(BAD_ESCAPE),
                scope: self.scope(route),
                route: Some(route),
            },
        }
    }

    fn redirect(&self, host: Option<&str>, path: &str, request: &Request) -> Option<Outcome> {
        let leads_somewhere = |path: &String| {
            let mut captures = Captures::new();
            let method = request.method();
            self.is_written(self.table.find(host, path, method, &mut captures))
        };
        let path = slashes::instead(path).find(leads_somewhere)?;
        slashes::location(&path, request.uri().query()).map(Outcome::Redirect)
    }

    /// Whether a route has the path that was made for it: not a fallback, and not a site, whose
    /// files nobody knows here.
    fn is_written(&self, found: Found) -> bool {
        let (Found::Route(route) | Found::NotAllowed(route)) = found else {
            return false;
        };
        !self.is_site(route)
    }

    fn is_site(&self, route: usize) -> bool {
        self.entries.get(route).is_some_and(|entry| entry.is_site)
    }

    fn scope(&self, route: usize) -> usize {
        self.entries.get(route).map_or(0, |entry| entry.scope)
    }
}

fn at_root(outcome: Outcome) -> Target {
    Target::Outcome {
        outcome,
        scope: 0,
        route: None,
    }
}

fn without_port(host: &str) -> &str {
    split_port(host).map_or(host, |(host, _)| host)
}

/// Whether nothing but one `chunked` frames the body (RFC 9112, section 6.1). The engine takes any
/// list that ends with it, which a proxy in front may read otherwise, and decodes nothing else.
fn is_framed_plainly(request: &Request) -> bool {
    // What the engine read as having no body names no coding.
    if !request.body().is_stream() {
        return true;
    }
    let (coding, more) = host::lines(request.headers(), &TRANSFER_ENCODING);
    let Some(coding) = coding else {
        return true;
    };
    !more
        && coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked")
}
