//! Fuzz targets: one for every parser of bytes that come from outside.
//!
//! A target is `run(data)`: it must not panic, hang, or take memory without bound, and what it
//! asserts must hold for any bytes. libFuzzer drives them (`cargo fuzz run --features libfuzzer
//! TARGET`), and so does a plain test with a fixed seed (`cargo xtask fuzz-smoke`).

// A new target: a module with `SEEDS` and `run`, a row in `TARGETS`, a file in `fuzz_targets` and
// its `[[bin]]` in Cargo.toml.
pub mod accept_encoding;
pub mod authorization;
pub mod cookie;
pub mod cors_origin;
pub mod csp;
pub mod dotenv;
mod drive;
pub mod etag;
pub mod forwarded;
pub mod http1_head;
pub mod if_none_match;
pub mod jwt;
pub mod multipart;
pub mod path_params;
pub mod query;
pub mod range;
pub mod route_match;
pub mod route_pattern;
pub mod static_path;
pub mod trace_header;
pub mod url_guard;

/// A target and bytes that reach deep into it, from which others are made.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name, as the file in `fuzz_targets`.
    pub name: &'static str,
    /// Runs it once.
    pub run: fn(&[u8]),
    /// Well-formed or nearly well-formed inputs.
    pub seeds: &'static [&'static [u8]],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "accept_encoding",
        run: accept_encoding::run,
        seeds: accept_encoding::SEEDS,
    },
    Target {
        name: "authorization",
        run: authorization::run,
        seeds: authorization::SEEDS,
    },
    Target {
        name: "cookie",
        run: cookie::run,
        seeds: cookie::SEEDS,
    },
    Target {
        name: "cors_origin",
        run: cors_origin::run,
        seeds: cors_origin::SEEDS,
    },
    Target {
        name: "csp",
        run: csp::run,
        seeds: csp::SEEDS,
    },
    Target {
        name: "dotenv",
        run: dotenv::run,
        seeds: dotenv::SEEDS,
    },
    Target {
        name: "etag",
        run: etag::run,
        seeds: etag::SEEDS,
    },
    Target {
        name: "forwarded",
        run: forwarded::run,
        seeds: forwarded::SEEDS,
    },
    Target {
        name: "http1_head",
        run: http1_head::run,
        seeds: http1_head::SEEDS,
    },
    Target {
        name: "if_none_match",
        run: if_none_match::run,
        seeds: if_none_match::SEEDS,
    },
    Target {
        name: "jwt",
        run: jwt::run,
        seeds: jwt::SEEDS,
    },
    Target {
        name: "multipart",
        run: multipart::run,
        seeds: multipart::SEEDS,
    },
    Target {
        name: "path_params",
        run: path_params::run,
        seeds: path_params::SEEDS,
    },
    Target {
        name: "query",
        run: query::run,
        seeds: query::SEEDS,
    },
    Target {
        name: "range",
        run: range::run,
        seeds: range::SEEDS,
    },
    Target {
        name: "route_match",
        run: route_match::run,
        seeds: route_match::SEEDS,
    },
    Target {
        name: "route_pattern",
        run: route_pattern::run,
        seeds: route_pattern::SEEDS,
    },
    Target {
        name: "static_path",
        run: static_path::run,
        seeds: static_path::SEEDS,
    },
    Target {
        name: "trace_header",
        run: trace_header::run,
        seeds: trace_header::SEEDS,
    },
    Target {
        name: "url_guard",
        run: url_guard::run,
        seeds: url_guard::SEEDS,
    },
];
