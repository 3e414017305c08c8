//! What a developer is told.

use plumego_contract::{ErrorReport, RequestContext};
use serde_json::{Map, Value, json};

use super::RouteList;
use super::nearest::nearest;

/// Path, query and each cause are cut here.
const MAX_TEXT_BYTES: usize = 1024;

pub(super) struct Told {
    pub(super) code: &'static str,
    pub(super) detail: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) route: Option<String>,
    pub(super) location: String,
    pub(super) causes: Vec<String>,
    pub(super) nearest: Vec<String>,
    pub(super) trace_id: String,
}

impl Told {
    pub(super) fn new(report: &ErrorReport, context: &RequestContext, routes: &RouteList) -> Self {
        let astray = matches!(report.code, "not_found" | "method_not_allowed");
        let nearest = if astray {
            nearest(context.method(), context.path(), routes.get())
        } else {
            Vec::new()
        };
        Self {
            code: report.code,
            detail: report.detail.as_ref().map(ToString::to_string),
            method: cut(context.method().as_str()),
            path: cut(context.path()),
            query: context.uri().query().map(cut),
            route: context.route().map(ToString::to_string),
            location: report.location.to_string(),
            causes: report.causes.iter().map(|cause| cut(cause)).collect(),
            nearest,
            trace_id: context.trace().trace_id().to_string(),
        }
    }

    /// As members of the JSON that is there; `None` when it is none.
    pub(super) fn into_json(self, there: &[u8]) -> Option<Vec<u8>> {
        let mut value: Value = serde_json::from_slice(there).ok()?;
        let members = self.members();
        if let Some(error) = value.get_mut("error").and_then(Value::as_object_mut) {
            let details = error.entry("details").or_insert_with(|| json!({}));
            details.as_object_mut()?.extend(members);
        } else {
            let debug = Value::Object(members);
            value.as_object_mut()?.insert("debug".to_owned(), debug);
        }
        serde_json::to_vec(&value).ok()
    }

    fn members(self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("method", self.method.into());
        add("path", self.path.into());
        if let Some(query) = self.query {
            add("query", query.into());
        }
        if let Some(route) = self.route {
            add("route", route.into());
        }
        add("location", self.location.into());
        if !self.causes.is_empty() {
            add("causes", self.causes.into());
        }
        if !self.nearest.is_empty() {
            add("nearest_routes", self.nearest.into());
        }
        members
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
