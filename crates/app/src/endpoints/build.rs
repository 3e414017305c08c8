//! What is running.

use serde::Serialize;

/// What is running: injected when the program is compiled.
///
/// ```
/// use plumego_app::BuildInfo;
///
/// let build = BuildInfo::new(
///     env!("CARGO_PKG_VERSION"),
///     option_env!("GIT_COMMIT"),
///     option_env!("BUILD_TIME"),
/// );
/// assert_eq!(BuildInfo::default(), BuildInfo::new("dev", None, None));
/// # let _ = build;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BuildInfo {
    /// The version. Default: `dev`.
    pub version: &'static str,
    /// The commit. Default: `none`.
    pub commit: &'static str,
    /// The time of the build. Default: `unknown`.
    #[serde(rename = "buildTime")]
    pub build_time: &'static str,
}

impl BuildInfo {
    /// What is running; what was not injected is at its default.
    pub const fn new(
        version: &'static str,
        commit: Option<&'static str>,
        build_time: Option<&'static str>,
    ) -> Self {
        let default = Self::unknown();
        Self {
            version,
            commit: match commit {
                Some(commit) => commit,
                None => default.commit,
            },
            build_time: match build_time {
                Some(time) => time,
                None => default.build_time,
            },
        }
    }

    const fn unknown() -> Self {
        Self {
            version: "dev",
            commit: "none",
            build_time: "unknown",
        }
    }
}

impl Default for BuildInfo {
    fn default() -> Self {
        Self::unknown()
    }
}
