//! Reverse URLs: from the name of a route to a path.

use std::fmt::Display;

use http::Method;
use plumego_contract::{Error, Methods};

use super::{Entry, Frozen};
use crate::Slashes;
use crate::pattern::{Segment, push_encoded};
use crate::slashes;
use crate::table::Found;

/// No parameters, for [`Frozen::url`] of a route without any.
pub const NO_PARAMS: [(&str, &str); 0] = [];

impl Frozen {
    /// The path of a named route, its parameters filled in and percent-encoded.
    ///
    /// Everything but the unreserved characters of RFC 3986 is encoded; in a wildcard the slashes
    /// stay. A path that comes out leads back to this very route: a value that another route takes
    /// for itself is refused, such as `me` for `/users/{id}` beside `/users/me`.
    ///
    /// # Errors
    /// `500 internal`, whose source names it: an unknown route; a missing, surplus or repeated
    /// parameter; an empty value or segment, `.` or `..`, which clients would change; a value that
    /// leads elsewhere.
    ///
    /// ```
    /// # use plumego_contract::AppContext;
    /// # use plumego_router::{NO_PARAMS, Router};
    /// let frozen = Router::new()
    ///     .get("/", async || "home").name("home")
    ///     .get("/files/{*path}", async || "file").name("file")
    ///     .freeze(AppContext::default())?;
    ///
    /// assert_eq!(frozen.url("home", NO_PARAMS)?, "/");
    /// assert_eq!(frozen.url("file", [("path", "a b/c?")])?, "/files/a%20b/c%3F");
    /// assert!(frozen.url("file", [("path", "../etc")]).is_err());
    /// # Ok::<(), plumego_contract::Error>(())
    /// ```
    #[track_caller]
    pub fn url<I, K, V>(&self, name: &str, params: I) -> Result<String, Error>
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<str>,
        V: Display,
    {
        let values: Vec<(String, String)> = params
            .into_iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.to_string()))
            .collect();
        match self.path_of(name, &values) {
            Ok(path) => Ok(path),
            Err(why) => Err(Error::internal(why)),
        }
    }

    fn path_of(&self, name: &str, values: &[(String, String)]) -> Result<String, String> {
        let index = *self
            .0
            .names
            .get(name)
            .ok_or_else(|| format!("no route has the name `{}`", name.escape_debug()))?;
        let (Some(entry), Some(info)) = (self.0.entries.get(index), self.0.infos.get(index)) else {
            return Err(format!("no route has the name `{name}`"));
        };
        let about = |why: String| format!("url of `{name}` ({info}): {why}");
        all_known(&info.parameters, values).map_err(about)?;
        let path = fill(entry, values).map_err(about)?;
        match self.route_at(entry, &info.methods, &path) {
            Some(other) if other == index => Ok(path),
            Some(other) => {
                let other = self.0.infos.get(other).map(ToString::to_string);
                let other = other.unwrap_or_default();
                Err(about(format!("`{path}` leads to {other} instead")))
            }
            None => Err(about(format!("`{path}` leads nowhere"))),
        }
    }

    /// The route that a path leads to, with the host rule and the method of an entry.
    fn route_at(&self, entry: &Entry, methods: &Methods, path: &str) -> Option<usize> {
        let path = match self.0.slashes {
            Slashes::Lenient => slashes::lenient(path),
            Slashes::Strict | Slashes::Redirect => path.into(),
        };
        let method = match methods {
            Methods::One(method) => method.clone(),
            // A method that no route has for itself finds the routes for all of them.
            Methods::Any => Method::from_bytes(b"ANY").ok()?,
        };
        match self.0.table.find_bound(&entry.host, &path, &method) {
            Found::Route(route) => Some(route),
            _ => None,
        }
    }
}

fn all_known(names: &[String], values: &[(String, String)]) -> Result<(), String> {
    for (i, (name, _)) in values.iter().enumerate() {
        if !names.contains(name) {
            return Err(format!("there is no parameter `{}`", name.escape_debug()));
        }
        if values.iter().take(i).any(|(other, _)| other == name) {
            return Err(format!("the parameter `{name}` is given twice"));
        }
    }
    Ok(())
}

fn fill(entry: &Entry, values: &[(String, String)]) -> Result<String, String> {
    let value = |name: &str| {
        values
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| format!("the parameter `{name}` is missing"))
    };
    let mut path = String::new();
    for segment in entry.pattern.segments() {
        match segment {
            Segment::Static(text) => {
                path.push('/');
                push_encoded(&mut path, text);
            }
            Segment::Param(name) => push_segment(&mut path, name, value(name)?)?,
            Segment::Wildcard(name) => {
                for part in value(name)?.split('/') {
                    push_segment(&mut path, name, part)?;
                }
            }
        }
    }
    Ok(path)
}

fn push_segment(path: &mut String, name: &str, text: &str) -> Result<(), String> {
    match text {
        "" => Err(format!(
            "the parameter `{name}` has an empty segment, which would not match"
        )),
        "." | ".." => Err(format!(
            "the parameter `{name}` has the segment `{text}`, which clients resolve away"
        )),
        _ => {
            path.push('/');
            push_encoded(path, text);
            Ok(())
        }
    }
}
