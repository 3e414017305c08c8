//! From a [`Router`] to a [`Frozen`] table, all mistakes collected on the way.

mod auth;
mod check;
mod flatten;

use std::sync::Arc;

use http::Method;
use plumego_contract::{AppContext, Methods, Problem, Problems, RouteInfo};

use self::flatten::{Flat, FlatRoute, flatten};
use crate::endpoint::{Endpoint, LayerEntry, compose};
use crate::frozen::{Entry, Frozen, Inner};
use crate::guard::Guard;
use crate::identify;
use crate::outcome;
use crate::pattern::Pattern;
use crate::table::{HostRule, Slot, TableDraft};
use crate::{Router, Slashes};

pub(crate) fn freeze(mut router: Router, mut app: AppContext) -> Result<Frozen, Problems> {
    let slashes = router
        .slashes
        .take()
        .map_or(Slashes::default(), |(slashes, _)| slashes);
    let mut flat = flatten(router);
    let mut problems = std::mem::take(&mut flat.problems);
    provide_states(&mut flat, &mut app, &mut problems);
    wrap(&mut flat);
    auth::check(&flat, &mut problems);
    check::all(&flat, &app, slashes, &mut problems);
    problems.into_result(())?;
    Ok(build(flat, app, slashes))
}

fn provide_states(flat: &mut Flat, app: &mut AppContext, problems: &mut Problems) {
    let states = std::mem::take(&mut flat.states);
    let mut seen: Vec<(std::any::TypeId, &'static std::panic::Location<'static>)> = Vec::new();
    for state in states {
        let message = || format!("state `{}` is given twice: give it once", state.name);
        if let Some((_, first)) = seen.iter().find(|(id, _)| *id == state.id) {
            problems.push(Problem::at(message(), first).and_at(state.location));
        } else if app.state.contains(state.id) {
            problems.push(Problem::at(message(), state.location));
        } else {
            seen.push((state.id, state.location));
            (state.insert)(&mut app.state);
        }
    }
}

/// Puts the guard and the layers around each end, and listens to what the layers say of themselves.
fn wrap(flat: &mut Flat) {
    for route in &mut flat.routes {
        let end = Guard::around(route.info.auth.as_ref(), route.endpoint.clone());
        let layers = layers(&flat.scopes, route.scope).chain(&route.layers);
        (route.endpoint, route.identified) = identify::listen(|| compose(layers, end));
    }
    for fallback in &mut flat.fallbacks {
        let end = Guard::around(fallback.auth.as_ref(), fallback.endpoint.clone());
        let layers = layers(&flat.scopes, fallback.scope);
        (fallback.endpoint, fallback.identified) = identify::listen(|| compose(layers, end));
    }
}

fn build(flat: Flat, app: AppContext, slashes: Slashes) -> Frozen {
    let mut table = TableDraft::default();
    let mut entries = Vec::with_capacity(flat.routes.len());
    let mut infos = Vec::with_capacity(flat.routes.len());
    for (index, route) in flat.routes.into_iter().enumerate() {
        insert_route(&mut table, &route, index, slashes);
        let mut info = route.info;
        info.index = index;
        entries.push(Entry {
            endpoint: route.endpoint,
            pattern: route.pattern,
            host: route.host,
            scope: route.scope,
            mount: route.mount.map(|prefix| depth(&prefix)),
            is_site: route.is_site,
        });
        infos.push(Arc::new(info));
    }
    let mut fallbacks = Vec::new();
    for fallback in flat.fallbacks {
        insert_fallback(&mut table, &fallback, fallbacks.len(), slashes);
        fallbacks.push(fallback.endpoint);
    }
    let outcomes = (0..flat.scopes.len()).map(|scope| {
        compose(
            layers(&flat.scopes, scope),
            Endpoint::handler(outcome::answer),
        )
    });
    Frozen::new(Inner {
        outcomes: outcomes.collect(),
        names: names(&infos),
        app: Arc::new(app),
        table: table.build(),
        slashes,
        entries,
        infos: infos.into(),
        fallbacks,
    })
}

fn layers(scopes: &[Vec<LayerEntry>], scope: usize) -> std::slice::Iter<'_, LayerEntry> {
    scopes
        .get(scope)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn names(infos: &[Arc<RouteInfo>]) -> std::collections::HashMap<String, usize> {
    infos
        .iter()
        .filter_map(|info| Some((info.name.clone()?, info.index)))
        .collect()
}

/// How many segments of a path a prefix takes.
fn depth(prefix: &Pattern) -> usize {
    if prefix.is_root() {
        0
    } else {
        prefix.segments().len()
    }
}

fn insert_route(table: &mut TableDraft, route: &FlatRoute, index: usize, slashes: Slashes) {
    let Some(prefix) = &route.mount else {
        let slot = match &route.info.methods {
            Methods::One(method) => Slot::Method(method.clone(), index),
            Methods::Any => Slot::Any(index),
        };
        table.insert(&route.host, &as_matched(&route.pattern, slashes), slot);
        return;
    };
    let (below, itself) = if route.is_site {
        (Slot::Site(index), Slot::Site(index))
    } else {
        (Slot::Any(index), Slot::Mount(index))
    };
    table.insert(&route.host, &route.pattern, below);
    for implied in [prefix.clone(), prefix.with_trailing_slash()] {
        table.insert(&route.host, &implied, itself.clone());
    }
}

fn insert_fallback(
    table: &mut TableDraft,
    fallback: &flatten::FlatFallback,
    place: usize,
    slashes: Slashes,
) {
    let prefix = as_matched(&fallback.prefix, slashes);
    for pattern in [prefix.clone(), prefix.with_trailing_slash()] {
        table.insert(&fallback.host, &pattern, Slot::Fallback(place));
    }
    if let Ok(below) = prefix.with_wildcard("rest_of_path") {
        table.insert(&fallback.host, &below, Slot::Fallback(place));
    }
}

/// A pattern as paths are held against it.
fn as_matched(pattern: &Pattern, slashes: Slashes) -> Pattern {
    match slashes {
        Slashes::Lenient => pattern.without_trailing_slash(),
        Slashes::Strict | Slashes::Redirect => pattern.clone(),
    }
}

/// Whether a route can be asked for with a path at all (RFC 9110, section 9.3.6: the target of
/// CONNECT is an authority).
fn has_no_path(methods: &Methods) -> bool {
    matches!(methods, Methods::One(method) if method == Method::CONNECT)
}

/// The host of a route as it is shown.
fn shown_host(host: &HostRule) -> Option<String> {
    match host {
        HostRule::Every => None,
        HostRule::Exact(name) => Some(name.clone()),
        HostRule::Suffix(suffix) => Some(format!("*{suffix}")),
    }
}
