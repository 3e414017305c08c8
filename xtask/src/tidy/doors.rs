//! One door per outside thing: the crates of ours that may name a foreign crate.

use super::House;
use crate::manifest::Kind;
use crate::report::Problem;

/// A foreign crate, the folders under `crates/` that may depend on it, and why nobody else may.
type Door = (&'static str, &'static [&'static str], &'static str);

const DOORS: &[Door] = &[
    ("argon2", &["security"], "passwords are hashed in one place"),
    (
        "axum",
        &["axum"],
        "axum is 0.x and stays out of every other public API",
    ),
    ("bcrypt", &["security"], "passwords are hashed in one place"),
    ("clap", &[], "a library does not read the command line"),
    (
        "cookie",
        &["contract"],
        "handlers see the extractor, not the parser",
    ),
    (
        "garde",
        &["contract"],
        "validation is reached through `Valid<T>`",
    ),
    ("getrandom", &["stdx"], "randomness comes from one place"),
    (
        "httparse",
        &["app"],
        "only the server reads heads, and hyper for everybody else",
    ),
    (
        "hyper",
        &["app", "client"],
        "only the server and the client hold sockets",
    ),
    (
        "hyper-util",
        &["app", "client"],
        "only the server and the client hold sockets",
    ),
    ("jiff", &["stdx"], "wall-clock time comes from one place"),
    (
        "jsonwebtoken",
        &["security"],
        "it changes often and stays out of every public API",
    ),
    (
        "multer",
        &["contract"],
        "handlers see the extractor, not the parser",
    ),
    (
        "opentelemetry-proto",
        &["otel"],
        "it is 0.x and stays out of every public API",
    ),
    ("prost", &["otel"], "only the exporter speaks protobuf"),
    (
        "prometheus-client",
        &["observe"],
        "one metrics type for the whole house",
    ),
    (
        "rustls",
        &["app", "client"],
        "only the server and the client speak TLS",
    ),
    (
        "rustls-platform-verifier",
        &["client"],
        "only the client trusts authorities",
    ),
    ("rustls-webpki", &["app"], "only the server speaks TLS"),
    ("socket2", &["app"], "only the server holds sockets"),
    ("sqlx", &["sql"], "a room never names a database"),
    (
        "subtle",
        &["stdx"],
        "constant-time comparison comes from one place",
    ),
    (
        "tokio-rustls",
        &["app", "client"],
        "only the server and the client speak TLS",
    ),
    ("toml", &["config"], "settings are read in one place"),
    ("tower", &[], "only the two frozen trait crates may appear"),
    (
        "tower-http",
        &[],
        "only the two frozen trait crates may appear",
    ),
    (
        "tracing-subscriber",
        &["observe"],
        "a room records, it does not choose a subscriber",
    ),
];

/// Foreign crates of the libraries stand behind their doors. Tests may use any.
pub(super) fn foreign_crates(house: &House) -> Vec<Problem> {
    let mut problems = Vec::new();
    for manifest in &house.manifests {
        let Some(folder) = manifest.dir.strip_prefix("crates/") else {
            continue;
        };
        for edge in manifest
            .dependencies()
            .iter()
            .filter(|edge| edge.kind != Kind::Dev)
        {
            let door = DOORS.iter().find(|(name, _, _)| *name == edge.package);
            if let Some((name, rooms, why)) = door
                && !rooms.contains(&folder)
            {
                let message = format!("`{name}` may not be used here: {why}; {}", way(rooms));
                problems.push(Problem::new(&manifest.path, edge.line, message));
            }
        }
    }
    problems
}

fn way(rooms: &[&str]) -> String {
    if rooms.is_empty() {
        "it may only be a dev-dependency".to_owned()
    } else {
        format!("its door is crates/{}", rooms.join(", crates/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check;

    #[track_caller]
    fn check_use(path: &str, rest: &str, expected: &[&str]) {
        let text = format!("[package]\nname = \"x\"\n{rest}");
        check(foreign_crates, &[(path, &text)], expected);
    }

    #[test]
    fn a_crate_behind_its_door_passes() {
        check_use(
            "crates/app/Cargo.toml",
            "[dependencies]\nhyper.workspace = true\n",
            &[],
        );
    }

    #[test]
    fn a_crate_outside_its_door_fails() {
        let rest = "[dependencies]\nhyper.workspace = true\n";
        check_use(
            "crates/router/Cargo.toml",
            rest,
            &["Cargo.toml:4: `hyper` may not be used"],
        );
        let rest = "[dependencies.clap]\nworkspace = true\n";
        check_use(
            "crates/app/Cargo.toml",
            rest,
            &["it may only be a dev-dependency"],
        );
    }

    #[test]
    fn tests_may_use_any() {
        let rest = "[dev-dependencies]\nhyper.workspace = true\naxum.workspace = true\n";
        check_use("crates/router/Cargo.toml", rest, &[]);
    }
}
