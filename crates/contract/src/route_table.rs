//! The list of routes, for people and for programs.

use std::fmt;
use std::sync::Arc;

use plumego_stdx::Limit;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::{OnDisconnect, RouteInfo, RouteTimeout};

/// The list of routes: as text one line a route, in columns; serialised a list of records.
///
/// It tells where the program has its routes and what they ask for, which is for developers and
/// operators and not for strangers.
///
/// ```
/// use std::sync::Arc;
/// use plumego_contract::auth::AuthRequirement;
/// use plumego_contract::{Methods, RouteInfo, RouteTable};
///
/// let mut route = RouteInfo::new(Methods::One(http::Method::POST), "/orders");
/// route.auth = Some(AuthRequirement::authenticated().scope("orders:write"));
/// let routes = [Arc::new(route)];
///
/// let text = RouteTable(&routes).to_string();
/// assert!(text.starts_with("POST  /orders  scope:orders:write"));
/// let json = serde_json::to_value(RouteTable(&routes))?;
/// assert_eq!(json[0]["auth"], "scope:orders:write");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RouteTable<'a>(pub &'a [Arc<RouteInfo>]);

/// What stands in a column that has nothing to say.
const NOTHING: &str = "-";

impl fmt::Display for RouteTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 5]> = self.0.iter().map(|route| row(route)).collect();
        let mut widths = [0; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(cell);
                let gap = width.saturating_sub(cell.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn row(route: &RouteInfo) -> [String; 5] {
    let host = route.host.as_deref().unwrap_or_default();
    let auth = route.auth.as_ref();
    [
        route.methods.to_string(),
        format!("{host}{}", route.pattern),
        auth.map_or(NOTHING.to_owned(), ToString::to_string),
        route.name.clone().unwrap_or(NOTHING.to_owned()),
        route.location.to_string(),
    ]
}

impl Serialize for RouteTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|route| &**route))
    }
}

/// Times are in milliseconds; `timeout_ms` and `max_body_bytes` are absent when the application's
/// hold, and `null` when there is none.
impl Serialize for RouteInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("RouteInfo", 15)?;
        record.serialize_field("method", &self.methods.to_string())?;
        record.serialize_field("pattern", &self.pattern)?;
        record.serialize_field("parameters", &self.parameters)?;
        record.serialize_field("host", &self.host)?;
        record.serialize_field("name", &self.name)?;
        record.serialize_field("tags", &self.tags)?;
        record.serialize_field("description", &self.description)?;
        record.serialize_field("deprecated", &self.deprecated)?;
        record.serialize_field("operational", &self.operational)?;
        record.serialize_field("auth", &self.auth)?;
        record.serialize_field("layers", &self.layers)?;
        record.serialize_field("on_disconnect", on_disconnect(self.on_disconnect))?;
        match self.max_body_bytes {
            None => record.skip_field("max_body_bytes")?,
            Some(Limit::At(bytes)) => record.serialize_field("max_body_bytes", &bytes)?,
            Some(Limit::Unlimited) => record.serialize_field("max_body_bytes", &None::<u64>)?,
        }
        match self.timeout {
            None => record.skip_field("timeout_ms")?,
            Some(RouteTimeout::After(time)) => {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                record.serialize_field("timeout_ms", &ms)?;
            }
            Some(RouteTimeout::Never) => record.serialize_field("timeout_ms", &None::<u64>)?,
        }
        record.serialize_field("location", &self.location.to_string())?;
        record.end()
    }
}

const fn on_disconnect(policy: OnDisconnect) -> &'static str {
    match policy {
        OnDisconnect::ByMethod => "by_method",
        OnDisconnect::Cancel => "cancel",
        OnDisconnect::Finish => "finish",
    }
}
