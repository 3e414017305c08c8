//! The settings in force as text, with where each came from.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use plumego_component::inspect::Setting;
use plumego_config::{Loaded, duration};
use plumego_stdx::Secret;

use super::{ClientAuth, ServerConfig, TlsSettings, TlsVersion};
use crate::reload::LiveConfig;

/// What stands for a secret.
const SECRET: &str = "[secret]";
/// The origin of what the program set.
const PROGRAM: &str = "program";
const DEFAULT: &str = "default";

type Texts = BTreeMap<&'static str, String>;

/// The settings of an application, to be shown.
pub(crate) struct Shown {
    live: Option<Arc<dyn LiveConfig>>,
    /// What the application was built with.
    built: Texts,
    /// Of these, what the program itself said.
    by_program: Vec<&'static str>,
}

impl Shown {
    /// Those of an application that is built with this.
    pub(crate) fn new(config: &ServerConfig, live: Option<Arc<dyn LiveConfig>>) -> Self {
        let loaded = live.as_ref().map(|live| server_of(&live.loaded()));
        let given = texts(&loaded.unwrap_or_default());
        let built = texts(config);
        let differs = |key: &&&'static str| given.get(**key) != built.get(**key);
        let by_program = built.keys().filter(differs).copied().collect();
        Self {
            live,
            built,
            by_program,
        }
    }

    /// Every setting with its value now and its origin. A secret that is set is `[secret]`.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let Some(live) = &self.live else {
            let all = self.built.iter().map(|(key, text)| setting(key, text));
            return all.map(|one| self.of_program(one, DEFAULT)).collect();
        };
        let loaded = live.loaded();
        let all = loaded.values().map(|(key, value, origin)| {
            let origin = origin.to_string();
            self.of_program(setting(key, &value), &origin)
        });
        all.collect()
    }

    /// The program has the last word on what it said.
    fn of_program(&self, mut setting: Setting, origin: &str) -> Setting {
        let said = self.by_program.iter().any(|key| *key == setting.key);
        let text = self.built.get(setting.key.as_str()).filter(|_| said);
        if said { PROGRAM } else { origin }.clone_into(&mut setting.origin);
        if let Some(text) = text {
            setting.value.clone_from(text);
        }
        setting
    }
}

fn setting(key: &str, value: &str) -> Setting {
    Setting {
        key: key.to_owned(),
        value: value.to_owned(),
        origin: String::new(),
    }
}

/// The server's part, as it was loaded.
fn server_of(loaded: &Loaded) -> ServerConfig {
    loaded.section("server").unwrap_or_default()
}

fn texts(config: &ServerConfig) -> Texts {
    let mut texts = Texts::new();
    addresses_and_limits(config, &mut texts);
    times(config, &mut texts);
    guards(config, &mut texts);
    tls(&config.tls, &mut texts);
    texts.insert("server.log_format", config.log_format.to_string());
    texts.insert("server.log_level", config.log_filter.to_string());
    texts.insert("server.log_file", paths(config.log_file.as_slice()));
    let max_bytes = config.log_file_max_bytes.to_string();
    texts.insert("server.log_file_max_bytes", max_bytes);
    let max_age = duration::format(config.log_file_max_age);
    texts.insert("server.log_file_max_age", max_age);
    texts.insert("server.log_file_keep", config.log_file_keep.to_string());
    let secrets = [
        ("server.auth_token", &config.auth_token),
        ("server.ops_token", &config.ops_token),
        ("server.ops_read_token", &config.ops_read_token),
    ];
    for (key, value) in secrets {
        texts.insert(key, secret(value.as_ref()));
    }
    texts
}

fn addresses_and_limits(config: &ServerConfig, texts: &mut Texts) {
    let all: [(&'static str, &dyn Display); 14] = [
        ("server.addr", &config.addrs.join(",")),
        (
            "server.unix_socket_mode",
            &format!("0{:o}", config.unix_socket_mode),
        ),
        ("server.debug", &config.debug),
        ("server.config_watch", &config.config_watch),
        ("server.max_header_bytes", &config.max_header_bytes),
        ("server.max_body_bytes", &config.max_body_bytes),
        ("server.max_connections", &config.max_connections),
        (
            "server.max_connections_per_ip",
            &config.max_connections_per_ip,
        ),
        ("server.http2", &config.http2),
        ("server.http2_max_streams", &config.http2_max_streams),
        (
            "server.http2_max_header_bytes",
            &config.http2_max_header_bytes,
        ),
        ("server.http2_max_resets", &config.http2_max_resets),
        ("server.trusted_proxies", &config.trusted_proxies),
        ("server.forwarded_header", &config.forwarded_header),
    ];
    texts.extend(all.map(|(key, value)| (key, value.to_string())));
}

fn times(config: &ServerConfig, texts: &mut Texts) {
    let all = [
        ("server.shutdown_timeout", config.shutdown_timeout),
        ("server.pre_drain", config.pre_drain),
        ("server.drain_interval", config.drain_interval),
        ("server.read_header_timeout", config.read_header_timeout),
        ("server.read_timeout", config.read_timeout),
        ("server.write_timeout", config.write_timeout),
        ("server.idle_timeout", config.idle_timeout),
        ("server.start_timeout", config.start_timeout),
        ("server.request_timeout", config.request_timeout),
        ("server.queue_timeout", config.queue_timeout),
    ];
    texts.extend(all.map(|(key, value)| (key, duration::format(value))));
}

fn guards(config: &ServerConfig, texts: &mut Texts) {
    let all: [(&'static str, &dyn Display); 8] = [
        ("server.max_concurrency", &config.max_concurrency),
        ("server.queue_depth", &config.queue_depth),
        (
            "server.max_waiting_bodies_per_client",
            &config.max_waiting_bodies_per_client,
        ),
        ("server.abuse_guard_enabled", &config.abuse_guard_enabled),
        ("server.abuse_guard_rate", &config.abuse_guard_rate),
        ("server.abuse_guard_burst", &config.abuse_guard_burst),
        ("server.abuse_guard_max_keys", &config.abuse_guard_max_keys),
        (
            "server.security_headers_enabled",
            &config.security_headers_enabled,
        ),
    ];
    texts.extend(all.map(|(key, value)| (key, value.to_string())));
}

fn tls(tls: &TlsSettings, texts: &mut Texts) {
    let version = match tls.min_version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    };
    let client_auth = match tls.client_auth {
        ClientAuth::None => "none",
        ClientAuth::Optional => "optional",
        ClientAuth::Required => "required",
    };
    texts.insert("server.tls.enabled", tls.enabled.to_string());
    texts.insert("server.tls.cert_file", paths(&tls.cert_files));
    texts.insert("server.tls.key_file", paths(&tls.key_files));
    texts.insert("server.tls.min_version", version.to_owned());
    texts.insert("server.tls.client_auth", client_auth.to_owned());
    let ca = paths(tls.client_ca_file.as_slice());
    texts.insert("server.tls.client_ca_file", ca);
    let addr = tls.redirect_addr.clone().unwrap_or_default();
    texts.insert("server.tls.redirect_addr", addr);
    texts.insert("server.tls.redirect_port", tls.redirect_port.to_string());
}

fn paths(paths: &[PathBuf]) -> String {
    let texts: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    texts.join(",")
}

fn secret(value: Option<&Secret<String>>) -> String {
    value.map_or(String::new(), |_| SECRET.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::SERVER_KEYS;

    #[test]
    fn every_key_of_the_table_is_shown() {
        let shown = texts(&ServerConfig::default());
        let keys: BTreeSet<_> = SERVER_KEYS.iter().map(|key| key.name).collect();
        assert!(shown.keys().copied().eq(keys), "{shown:?}");
    }

    #[test]
    fn no_secret_is_shown() {
        let mut config = ServerConfig::default();
        for secret in [
            &mut config.auth_token,
            &mut config.ops_token,
            &mut config.ops_read_token,
        ] {
            *secret = Some(Secret::new("hunter2".to_owned()));
        }
        let shown = Shown::new(&config, None).settings();
        assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
        let secrets = shown.iter().filter(|one| one.value == SECRET);
        assert_eq!(secrets.count(), 3);
    }
}
