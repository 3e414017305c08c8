//! What can be wrong with what routes ask of those who call them.

use plumego_contract::auth::AuthRequirement;
use plumego_contract::{Methods, Problem, Problems, RouteInfo};

use super::flatten::Flat;

pub(super) fn check(flat: &Flat, problems: &mut Problems) {
    for route in &flat.routes {
        let info = &route.info;
        if let Some(why) = closed(info.auth.as_ref(), route.identified) {
            problems.push(Problem::at(format!("{info}: {why}"), info.location));
        }
        if flat.needs_policy && info.auth.is_none() && may_change_something(info) {
            let message = format!(
                "{info}: says nothing of who may call it: add `.authenticated()`, \
                 `.require_role(…)`, `.require_permission(…)` or `.require_scope(…)` after the \
                 route or its group, or `.public()` when anybody may"
            );
            problems.push(Problem::at(message, info.location));
        }
    }
    for fallback in &flat.fallbacks {
        if let Some(why) = closed(fallback.auth.as_ref(), fallback.identified) {
            problems.push(Problem::at(format!("fallback: {why}"), fallback.location));
        }
    }
}

/// Why nobody would ever reach it.
fn closed(requirement: Option<&AuthRequirement>, identified: bool) -> Option<String> {
    let requirement = requirement.filter(|it| !it.is_public())?;
    (!identified).then(|| {
        format!(
            "asks for `{requirement}`, and no layer around it says that it finds out who asks, so \
             every request would be 401: put an `AuthenticateLayer` around it, or an \
             `IdentifyingLayer` around the layer that does"
        )
    })
}

/// Any method but the safe ones (RFC 9110, section 9.2.1).
fn may_change_something(info: &RouteInfo) -> bool {
    match &info.methods {
        Methods::One(method) => !method.is_safe(),
        Methods::Any => true,
    }
}
