//! What routes and groups ask of those who call them.

use std::panic::Location;

use plumego_contract::Problem;
use plumego_contract::auth::{AuthNeed, AuthRequirement};

use super::{Item, Router};

/// These speak of the route or the group added last, and are shown in the record of each route
/// ([`RouteInfo::auth`](plumego_contract::RouteInfo::auth)).
///
/// What a group asks for holds for every route and fallback in it, beside what those ask for
/// themselves; a route or an inner group that is [public](Router::public) is public all the same.
///
/// The router itself checks the principal of the request, inside of all layers and before the
/// handler: nobody known is 401, a right that is missing 403. Who asks is found out by a layer
/// around the route, such as `AuthenticateLayer`. A route that asks for something and has no layer
/// around it that says it [does so](crate::identifies) is a problem at freeze.
///
/// ```
/// use plumego_router::Router;
///
/// let router = Router::new()
///     .post("/login", async || "token")
///     .public()
///     .group("/admin", |r| {
///         r.get("/stats", async || "stats")
///             .delete("/users/{id}", async || "gone")
///             .require_permission("users:delete")
///     })
///     .require_role("admin");
/// ```
impl Router {
    /// Anybody may call: it is meant to be open.
    #[track_caller]
    #[must_use]
    pub fn public(self) -> Self {
        self.auth(AuthRequirement::public())
    }

    /// Somebody known must call.
    #[track_caller]
    #[must_use]
    pub fn authenticated(self) -> Self {
        self.auth(AuthRequirement::authenticated())
    }

    /// Somebody with this role must call.
    #[track_caller]
    #[must_use]
    pub fn require_role(self, role: impl Into<String>) -> Self {
        self.auth(AuthRequirement::authenticated().role(role))
    }

    /// Somebody with one of these roles must call. An empty list is a problem at freeze.
    #[track_caller]
    #[must_use]
    pub fn require_any_role(self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.auth(AuthRequirement::authenticated().any_role(roles))
    }

    /// Somebody with this permission must call.
    #[track_caller]
    #[must_use]
    pub fn require_permission(self, permission: impl Into<String>) -> Self {
        self.auth(AuthRequirement::authenticated().permission(permission))
    }

    /// Somebody whose token has this scope must call.
    #[track_caller]
    #[must_use]
    pub fn require_scope(self, scope: impl Into<String>) -> Self {
        self.auth(AuthRequirement::authenticated().scope(scope))
    }

    /// Any requirement. Several of one route or group add up; one that is public and others
    /// together are a problem at freeze.
    #[track_caller]
    #[must_use]
    pub fn auth(mut self, requirement: AuthRequirement) -> Self {
        let location = Location::caller();
        if let Some(why) = flaw(&requirement) {
            self.problems.push(Problem::at(why, location));
        }
        let stated = match self.items.last_mut() {
            Some(Item::Route(route)) if self.open => &mut route.info.auth,
            Some(Item::Group(group)) if self.open => &mut group.auth,
            _ => {
                self.problems.push(Problem::at(
                    "a requirement speaks of the route or group before it, and there is none: \
                     write it right after one",
                    location,
                ));
                return self;
            }
        };
        match stated {
            Some(first) if first.is_public() != requirement.is_public() => {
                let message = format!(
                    "`{first}` and `{requirement}` are said of the same route or group: keep one"
                );
                self.problems.push(Problem::at(message, location));
            }
            _ => *stated = Some(requirement.inside(stated.as_ref())),
        }
        self
    }

    /// Every route that may change something (any method but GET, HEAD, OPTIONS and TRACE) must say
    /// what it asks for, [public](Router::public) included; each one that does not is a problem at
    /// freeze. Wherever it is said, it holds for the whole application: groups, mounts and the
    /// routes of components. A fallback is no route.
    #[must_use]
    pub fn require_auth_policy(mut self) -> Self {
        self.needs_policy = true;
        self
    }
}

/// What can be met by nobody, or says nothing.
fn flaw(requirement: &AuthRequirement) -> Option<&'static str> {
    let empty = |word: &String| word.trim().is_empty();
    let broken = requirement.needs().iter().any(|need| match need {
        AuthNeed::Role(word) | AuthNeed::Permission(word) | AuthNeed::Scope(word) => empty(word),
        AuthNeed::AnyRole(words) => words.is_empty() || words.iter().any(empty),
        _ => false,
    });
    broken.then_some(
        "a role, permission or scope is empty, so that nobody could have it: name one, or use \
         `authenticated`",
    )
}
