use std::sync::Arc;

use http::request::Parts;
use plumego_contract::auth::{AuthError, Authorizer, ErasedAuthorizer, Principal};

use super::gate::{Gate, Manner, manners};

type Question = Arc<dyn Fn(&Parts) -> (String, String) + Send + Sync>;

/// Lets those through who may. See the [module](super).
#[derive(Clone)]
pub struct AuthorizeLayer {
    gate: AuthorizeGate,
    manner: Manner,
}

#[derive(Clone)]
struct AuthorizeGate {
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    Role(Arc<str>),
    Permission(Arc<str>),
    Scope(Arc<str>),
    Ask(Arc<dyn ErasedAuthorizer>, Question),
}

impl AuthorizeLayer {
    /// Lets those through who may do `action` to `resource`, both words of the application.
    pub fn new(
        authorizer: impl Authorizer,
        action: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        let (action, resource) = (action.into(), resource.into());
        let question = move |_: &Parts| (action.clone(), resource.clone());
        Self::asking(Arc::new(authorizer), question)
    }

    /// As [`AuthorizeLayer::new`], with action and resource made of the request.
    pub fn asking(
        authorizer: Arc<dyn ErasedAuthorizer>,
        question: impl Fn(&Parts) -> (String, String) + Send + Sync + 'static,
    ) -> Self {
        Self::of(Rule::Ask(authorizer, Arc::new(question)))
    }

    /// Lets those through who have the role.
    pub fn role(role: impl Into<Arc<str>>) -> Self {
        Self::of(Rule::Role(role.into()))
    }

    /// Lets those through who have the permission.
    pub fn permission(permission: impl Into<Arc<str>>) -> Self {
        Self::of(Rule::Permission(permission.into()))
    }

    /// Lets those through whose token has the scope.
    pub fn scope(scope: impl Into<Arc<str>>) -> Self {
        Self::of(Rule::Scope(scope.into()))
    }

    fn of(rule: Rule) -> Self {
        Self {
            gate: AuthorizeGate { rule },
            manner: Manner::default(),
        }
    }
}

manners!(AuthorizeLayer);

impl AuthorizeGate {
    async fn run(&self, parts: &Parts) -> Result<(), AuthError> {
        let principal = parts.extensions.get::<Principal>();
        let principal = principal.ok_or(AuthError::unauthenticated())?;
        let may = match &self.rule {
            Rule::Role(role) => principal.has_role(role),
            Rule::Permission(permission) => principal.has_permission(permission),
            Rule::Scope(scope) => principal.has_scope(scope),
            Rule::Ask(authorizer, question) => {
                let (action, resource) = question(parts);
                return (**authorizer)
                    .authorize_erased(principal, &action, &resource)
                    .await;
            }
        };
        if may {
            Ok(())
        } else {
            Err(AuthError::forbidden())
        }
    }
}

impl Gate for AuthorizeGate {
    async fn check(&self, parts: &mut Parts) -> Result<(), AuthError> {
        self.run(parts).await
    }

    fn yields_to_public(&self) -> bool {
        false
    }
}
