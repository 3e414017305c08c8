//! Which media types shrink.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Beside `text/…`, `…+json`, `…+xml`, `…+text` and `…+yaml`.
const SHRINK: &[&str] = &[
    "application/dart",
    "application/ecmascript",
    "application/geo+json-seq",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/json5",
    "application/jsonlines",
    "application/jsonl",
    "application/msgpack",
    "application/n-triples",
    "application/ndjson",
    "application/openmetrics-text",
    "application/protobuf",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/typescript",
    "application/vnd.api+json",
    "application/vnd.ms-fontobject",
    "application/vnd.ms-opentype",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-protobuf",
    "application/x-sh",
    "application/x-www-form-urlencoded",
    "application/x-yaml",
    "application/xml",
    "application/xml-dtd",
    "application/yaml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "model/gltf+json",
    "model/obj",
];

/// Whether a body of the media type in these headers shrinks; without one it is not known.
pub fn shrinks(headers: &HeaderMap) -> bool {
    let Some(media) = media(headers) else {
        return false;
    };
    let media = media.to_ascii_lowercase();
    media.starts_with("text/")
        || ["+json", "+xml", "+text", "+yaml"]
            .iter()
            .any(|suffix| media.ends_with(suffix))
        || SHRINK.contains(&media.as_str())
}

/// Whether the body is a stream of server-sent events.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    media(headers).is_some_and(|media| media.eq_ignore_ascii_case("text/event-stream"))
}

fn media(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}
