//! From nested groups to one list of routes.

use std::panic::Location;

use plumego_contract::auth::AuthRequirement;
use plumego_contract::extract::Needs;
use plumego_contract::{Problem, Problems, RouteInfo};

use super::shown_host;
use crate::Endpoint;
use crate::endpoint::LayerEntry;
use crate::pattern::{Pattern, PatternError};
use crate::router::{Group, Item, Reach, Route, Router, StateEntry};
use crate::table::{HostRule, bind};

/// The name of the wildcard that a mount is listed with.
const MOUNT_WILDCARD: &str = "path";

/// All of a router, groups dissolved.
#[derive(Default)]
pub(super) struct Flat {
    pub(super) routes: Vec<FlatRoute>,
    pub(super) fallbacks: Vec<FlatFallback>,
    pub(super) states: Vec<StateEntry>,
    /// The layers of every router and group, those around it included, outermost first. The root
    /// is the first.
    pub(super) scopes: Vec<Vec<LayerEntry>>,
    pub(super) problems: Problems,
    /// Whether routes that may change something must say what they ask for.
    pub(super) needs_policy: bool,
}

pub(super) struct FlatRoute {
    pub(super) info: RouteInfo,
    pub(super) pattern: Pattern,
    pub(super) host: HostRule,
    pub(super) endpoint: Endpoint,
    pub(super) needs: Needs,
    pub(super) layers: Vec<LayerEntry>,
    pub(super) scope: usize,
    /// The prefix, when it is a mount or a site.
    pub(super) mount: Option<Pattern>,
    pub(super) is_site: bool,
    /// Whether a layer around it says that it finds out who asks. Known when it is wrapped.
    pub(super) identified: bool,
}

pub(super) struct FlatFallback {
    pub(super) prefix: Pattern,
    pub(super) host: HostRule,
    pub(super) endpoint: Endpoint,
    pub(super) needs: Needs,
    pub(super) scope: usize,
    pub(super) auth: Option<AuthRequirement>,
    pub(super) identified: bool,
    pub(super) location: &'static Location<'static>,
}

/// What a router or group hands on to what is in it.
#[derive(Clone)]
struct Around {
    prefix: Pattern,
    host: HostRule,
    scope: usize,
    /// What the groups ask of those who call.
    auth: Option<AuthRequirement>,
    is_group: bool,
    /// Whether the prefix itself is wrong: what is below is checked on its own then.
    broken: bool,
}

pub(super) fn flatten(router: Router) -> Flat {
    let mut flat = Flat {
        // A vector of hundreds that grows leaves holes that the process then keeps.
        routes: Vec::with_capacity(count(&router)),
        scopes: vec![Vec::new()],
        ..Flat::default()
    };
    let around = Around {
        prefix: Pattern::default(),
        host: HostRule::Every,
        scope: 0,
        auth: None,
        is_group: false,
        broken: false,
    };
    flat.router(router, around);
    flat
}

fn count(router: &Router) -> usize {
    let counts = router.items.iter().map(|item| match item {
        Item::Route(_) => 1,
        Item::Group(group) => count(&group.router),
    });
    counts.sum()
}

impl Flat {
    fn router(&mut self, router: Router, mut around: Around) {
        self.problems.extend(router.problems);
        self.needs_policy |= router.needs_policy;
        self.states.extend(router.states);
        if let Some(scope) = self.scopes.get_mut(around.scope) {
            scope.extend(router.layers);
        }
        if let Some((host, location)) = router.host {
            match bind(&host) {
                Ok(rule) => around.host = rule,
                Err(why) => self.problems.push(Problem::at(why, location)),
            }
        }
        if let Some((_, location)) = router.slashes {
            let message = "`slashes` is a choice of the root router: leave it out of groups";
            self.problems.push(Problem::at(message, location));
        }
        for item in router.items {
            match item {
                Item::Route(route) => self.route(*route, &around),
                Item::Group(group) => self.group(*group, &around),
            }
        }
        if let Some(end) = router.fallback {
            self.fallbacks.push(FlatFallback {
                prefix: around.prefix,
                host: around.host,
                endpoint: end.endpoint,
                needs: end.needs,
                scope: around.scope,
                auth: around.auth,
                identified: false,
                location: end.location,
            });
        }
    }

    fn group(&mut self, group: Group, around: &Around) {
        let Group {
            prefix,
            router,
            auth,
            location,
        } = group;
        let layers = self.scopes.get(around.scope).cloned().unwrap_or_default();
        let mut inner = Around {
            scope: self.scopes.len(),
            auth: within(auth, around.auth.as_ref()),
            is_group: true,
            ..around.clone()
        };
        self.scopes.push(layers);
        match below(&around.prefix, &prefix) {
            Ok(prefix) => inner.prefix = prefix,
            Err(why) => {
                let message = format!("group `{}`: {why}", prefix.escape_debug());
                self.problems.push(Problem::at(message, location));
                inner.broken = true;
            }
        }
        self.router(router, inner);
    }

    fn route(&mut self, route: Route, around: &Around) {
        let Route {
            pattern: written,
            end,
            layers,
            mut info,
            reach,
        } = route;
        let placed = if reach != Reach::Pattern {
            mounted(&around.prefix, &written)
        } else if written.is_empty() && around.is_group {
            Ok((around.prefix.clone(), None))
        } else {
            joined(&around.prefix, &written).map(|pattern| (pattern, None))
        };
        let (pattern, mount) = match placed {
            Ok(placed) => placed,
            Err(why) => {
                let message = format!("{} `{}`: {why}", info.methods, written.escape_debug());
                self.problems.push(Problem::at(message, info.location));
                return;
            }
        };
        if around.broken {
            return;
        }
        info.pattern = pattern.to_string();
        info.parameters = pattern.parameters();
        info.host = shown_host(&around.host);
        info.auth = within(info.auth, around.auth.as_ref());
        let outer = self.scopes.get(around.scope).into_iter().flatten();
        info.layers = outer
            .chain(&layers)
            .flat_map(|layer| layer.names.iter().copied())
            .collect();
        self.routes.push(FlatRoute {
            info,
            pattern,
            host: around.host.clone(),
            endpoint: end.endpoint,
            needs: end.needs,
            layers,
            scope: around.scope,
            mount,
            is_site: reach == Reach::Site,
            identified: false,
        });
    }
}

/// What is asked for inside of a group that asks for something.
fn within(
    inner: Option<AuthRequirement>,
    outer: Option<&AuthRequirement>,
) -> Option<AuthRequirement> {
    match inner {
        Some(inner) => Some(inner.inside(outer)),
        None => outer.cloned(),
    }
}

fn joined(prefix: &Pattern, written: &str) -> Result<Pattern, String> {
    written
        .parse::<Pattern>()
        .and_then(|pattern| prefix.join(&pattern))
        .map_err(|why| why.to_string())
}

/// A prefix below a prefix.
fn below(prefix: &Pattern, written: &str) -> Result<Pattern, String> {
    if written.is_empty() {
        return Ok(prefix.clone());
    }
    let pattern = joined(prefix, written)?;
    if pattern.has_trailing_slash() {
        return Err("a prefix must not end with a slash: leave it out".to_owned());
    }
    Ok(pattern)
}

/// The pattern of a mount, and its prefix.
fn mounted(prefix: &Pattern, written: &str) -> Result<(Pattern, Option<Pattern>), String> {
    let prefix = below(prefix, written)?;
    let pattern = prefix
        .with_wildcard(MOUNT_WILDCARD)
        .map_err(|why: PatternError| why.to_string())?;
    Ok((pattern, Some(prefix)))
}
