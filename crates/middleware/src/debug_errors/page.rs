//! The page of an error.

use std::fmt::{self, Write as _};

use http::StatusCode;
use plumego_security::input::escape_html;

use super::report::Told;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;\
padding:0 1rem}code,li{font-family:ui-monospace,monospace;overflow-wrap:anywhere}dt{color:#777;\
margin-top:.8rem}dd{margin:0}";

pub(super) fn page(status: StatusCode, told: &Told) -> String {
    let mut out = String::with_capacity(4096);
    // Writing to a string cannot fail.
    let _ = write(&mut out, status, told);
    out
}

fn write(out: &mut String, status: StatusCode, told: &Told) -> fmt::Result {
    let reason = status.canonical_reason().unwrap_or("Error");
    let number = status.as_u16();
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <title>{number} {reason}</title><style>{STYLE}</style><h1>{number} {reason}</h1>"
    )?;
    if let Some(detail) = &told.detail {
        write!(out, "<p>{}</p>", escape_html(detail))?;
    }
    let target = match &told.query {
        Some(query) => format!("{} {}?{query}", told.method, told.path),
        None => format!("{} {}", told.method, told.path),
    };
    out.push_str("<dl>");
    entry(out, "Code", told.code)?;
    entry(out, "Request", &target)?;
    entry(out, "Route", told.route.as_deref().unwrap_or("none"))?;
    entry(out, "Made at", &told.location)?;
    entry(out, "Trace id", &told.trace_id)?;
    out.push_str("</dl>");
    list(out, "Causes", &told.causes)?;
    list(out, "Nearest routes", &told.nearest)?;
    out.push_str("<p>This page is shown in debug mode alone.</p></html>\n");
    Ok(())
}

fn entry(out: &mut String, name: &str, value: &str) -> fmt::Result {
    write!(
        out,
        "<dt>{name}</dt><dd><code>{}</code></dd>",
        escape_html(value)
    )
}

fn list(out: &mut String, name: &str, values: &[String]) -> fmt::Result {
    if values.is_empty() {
        return Ok(());
    }
    write!(out, "<h2>{name}</h2><ol>")?;
    for value in values {
        write!(out, "<li>{}</li>", escape_html(value))?;
    }
    out.push_str("</ol>");
    Ok(())
}
