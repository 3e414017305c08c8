//! The work that everybody does in `cargo xtask bench`: the same body, the same routes, the same
//! settings, the same allocator.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /ping` | `pong` |
//! | `POST /echo` | the [`Order`], read and written again |
//! | `GET` one of [`patterns`] | `ok` |
//! | `GET /slow` | nothing for ten seconds |
//! | `GET /panic` | the handler panics |

mod echo;
mod settings;

pub use self::echo::{Address, Line, Order};
pub use self::settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The one origin whose pages may read the answers.
pub const ORIGIN: &str = "https://app.example.com";

/// Paths of the GitHub API, as routers are usually compared with: 130 of them, as `/users/{user}`.
pub fn patterns() -> impl Iterator<Item = &'static str> {
    include_str!("github.txt").lines()
}

/// What `GET /panic` does.
#[expect(clippy::panic, reason = "the answer to a panic is checked")]
pub fn panics() -> &'static str {
    panic!("asked for")
}

/// What every answer of a production stack tells browsers, in the words of Plumego's own policy.
pub const SECURITY_HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    (
        "content-security-policy",
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
];
